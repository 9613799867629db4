//! Dry runs (`--dry-run`): what is said, that nothing is contacted, and that nothing is made.

use std::fs;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// The names in a directory, in order.
fn names(dir: &Dir) -> Vec<String> {
    let entries = fs::read_dir(dir.path()).expect("it is there");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("it can be read").file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_dry_run_says_what_would_be_fetched_and_contacts_nobody() {
    let (server, dir) = (Server::start(), Dir::new());
    let list = dir.file(
        "list",
        format!(
            "{0}/a\n# comment\nftp://h/\n{0}/x/a\n{{\"url\": \"{0}/h\", \"action\": \"head\"}}\n\
             {{\"url\": \"{0}/named\", \"output\": \"own/name\"}}\n",
            server.url("")
        ),
    );
    let args = [
        "--dry-run",
        "-dfolder",
        "--log=run.log",
        "--export=folder.md",
        "--save-baseline=base.json",
        "-i",
        &list,
        &server.url("/argument"),
    ];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(1);
    let url = server.url("");
    let expected = format!(
        "    get  {url}/argument  => folder/argument
    get  {url}/a  => folder/a
refused  ftp://h/  {list}:3: scheme \"ftp\" is not supported; use http or https
    get  {url}/x/a  => folder/a-1  (its name is taken)
   head  {url}/h
    get  {url}/named  => folder/own/name

  6 URLs: 5 to fetch, 1 refused · nothing was contacted (--dry-run)
"
    );
    run.check("this", run.stdout == expected);
    run.says_nothing();
    assert_eq!(server.connections(), 0);
    assert_eq!(names(&dir), ["list"]);
}

#[test]
fn the_names_of_a_dry_run_are_those_of_the_run() {
    let (server, dir) = (Server::start(), Dir::new());
    let urls: Vec<_> = [
        "/bytes/1",
        "/delay/1/1",
        "/bytes/2?x",
        "/bytes/2?y",
        "/bytes/1#f",
    ]
    .map(|path| server.url(path))
    .to_vec();
    // The second time some of the names are taken by files of the first.
    for (options, present) in [
        (&["--names=flat"][..], false),
        (&["--names=flat"], true),
        (&["--names=flat", "--exists=rename"], true),
        (&["--names=tree"], false),
    ] {
        let template = r"--format={index} {path}";
        let saved = |extra: &[&str]| {
            let args = [&["-qq", "-dd", "--order=input", template], options, extra].concat();
            let args: Vec<_> = args
                .into_iter()
                .chain(urls.iter().map(String::as_str))
                .collect();
            let run = pfetch(&args).current_dir(dir.path()).run();
            run.exits(0).stdout
        };
        let planned = saved(&["--dry-run"]);
        let fetched = saved(&[]);
        assert_eq!(planned, fetched, "{options:?}, present: {present}");
    }
}

#[test]
fn what_the_run_log_has_is_left_out_and_the_log_is_not_touched() {
    let (server, dir) = (Server::start(), Dir::new());
    let (one, two) = (server.url("/bytes/1"), server.url("/bytes/2"));
    let log = ["--log=run.log", "-dd"];
    let run = pfetch(&[&log[..], &[&one]].concat()).current_dir(dir.path());
    run.run().exits(0);
    let before = fs::read(dir.path().join("run.log")).expect("it is there");
    let args = [&log[..], &["--resume", "--dry-run", &one, &two]].concat();
    let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
    let after = fs::read(dir.path().join("run.log")).expect("it is there");
    assert_eq!(after, before);
    run.check("the other one", !run.stdout.contains(&format!("{one} ")));
    let run = run.prints(&format!("    get  {two}  => d/2\n"));
    run.prints("  1 URL: 1 to fetch, 0 refused · 1 URL done before · nothing was contacted");
    let args = ["--log=missing.log", "--resume", "--dry-run", &one];
    pfetch(&args).current_dir(dir.path()).run().exits(0);
    assert_eq!(names(&dir), ["d", "run.log"]);
    dir.file("other", "text\n");
    let args = ["--log=other", "--resume", "--dry-run", &one];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(2);
    run.complains_in_a_line().says("is not a pfetch run log");
}

#[test]
fn the_exit_code_of_a_dry_run_is_that_of_the_input() {
    let dir = Dir::new();
    let empty = dir.file("empty", "# nothing\n");
    let binary = dir.file("binary", b"\0\0");
    for (args, code, said) in [
        (vec!["http://h/"], 0, ""),
        (vec!["http://h/", "ftp://h/"], 1, ""),
        (vec!["http://h/", "ftp://h/", "--max-failures=1"], 0, ""),
        (
            vec!["http://h/", "ftp://h/", "--strict"],
            2,
            "(stopped there: --strict)",
        ),
        (vec!["-i", &empty], 2, "the input has no URLs in it"),
        (vec!["-i", &binary, "http://h/"], 2, "this is a binary file"),
        (vec!["-i", "nowhere"], 2, "cannot read nowhere"),
        (vec!["http://h/", "--replay=x"], 2, "cannot be used with"),
    ] {
        let args = [&["--dry-run"][..], &args].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(code);
        run.says(said);
    }
}

#[test]
fn a_dry_run_has_json_lines_and_quiet_forms_too() {
    let args = ["--dry-run", "http://h/a", "ftp://h/"];
    let run = pfetch(&[&args[..], &["--format=jsonl", "-dd"]].concat())
        .run()
        .exits(1);
    let lines = run.json();
    let field = |key: &str| {
        lines
            .iter()
            .map(|line| line[key].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(field("type"), ["planned", "planned"]);
    assert_eq!(field("outcome"), ["planned", "failed"]);
    assert_eq!(lines[0]["path"], "d/a");
    assert!(
        lines[1]["path"].is_null() && lines[0]["error"].is_null(),
        "{lines:?}"
    );
    let lines = |option: &str| {
        let run = pfetch(&[&args[..], &[option]].concat()).run().exits(1);
        let kinds = run
            .stdout
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        kinds.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(lines("-q"), ["refused", "2"]);
    assert_eq!(lines("-qq"), ["refused"]);
    assert_eq!(lines("--summary-only"), ["2"]);
}

#[test]
fn what_a_dry_run_foresees_of_files_that_are_there_is_what_the_run_does() {
    let server = Server::start();
    let url = server.url("/bytes/3");
    let other = server.url("/bytes/2");
    let foreign = |dir: &Dir| dir.file("3", "x");
    for (options, keeps, line, counts, code) in [
        (
            &["-nc"][..],
            true,
            "keep  URL  => DIR/3\n",
            "2 URLs: 1 to fetch, 1 kept, 0 refused",
            0,
        ),
        (
            &["--exists=fail"],
            true,
            "refused  URL  file: DIR/3 exists (--exists fail)\n",
            "2 URLs: 1 to fetch, 1 refused",
            4,
        ),
        (
            &["--exists=overwrite"],
            false,
            "get  URL  => DIR/3  (is there)\n",
            "2 URLs: 2 to fetch, 0 refused",
            0,
        ),
        (
            &["--exists=rename"],
            true,
            "get  URL  => DIR/3-1  (its name is taken)\n",
            "2 URLs: 2 to fetch, 0 refused",
            0,
        ),
    ] {
        let dir = Dir::new();
        let file = foreign(&dir);
        let folder = dir.path().display().to_string();
        let args = [options, &["-d", &folder, &url, &other]].concat();
        let line = line.replace("URL", &url).replace("DIR", &folder);
        let run = pfetch(&[&["--dry-run"][..], &args].concat())
            .run()
            .exits(code);
        let run = run.prints(&line).prints(counts);
        run.check("nothing made", names(&dir) == ["3"]);
        let run = pfetch(&args).run().exits(code);
        let is_kept = fs::read(&file).expect("it is there") == b"x";
        run.check("kept", is_kept == keeps);
    }
}

#[test]
fn a_file_that_only_the_answer_decides_about_is_said_to_be_undecided() {
    let (server, dir) = (Server::start(), Dir::new());
    let url = server.url("/bytes/3");
    let file = dir.file("file", "other");
    let update = "--exists=update";
    let run = pfetch(&["--dry-run", update, "-o", &file, &url]);
    let run = run.run().exits(0);
    run.prints(&format!(
        "get  {url}  => {file}  (is there, not as saved from this URL: kept if the same, else refused)\n"
    ));
    pfetch(&[update, "-o", &file, &url]).run().exits(4);
    // What -o names is replaced, if nothing else is asked for.
    let run = pfetch(&["--dry-run", "-o", &file, &url]).run().exits(0);
    run.prints(&format!("get  {url}  => {file}  (is there)\n"));
    // One of pfetch's, or with nothing in it, is replaced.
    let [own, empty] = ["own", "empty"].map(|name| format!("{}/{name}", dir.path().display()));
    fs::write(&empty, "").expect("the folder is there");
    pfetch(&["-o", &own, &url]).run().exits(0);
    for file in [&own, &empty] {
        let run = pfetch(&["--dry-run", update, "-o", file, &url]);
        let run = run.run().exits(0);
        run.prints(&format!("get  {url}  => {file}  (is there)\n"));
    }
}

#[test]
fn the_sum_of_the_list_decides_about_a_file_in_a_dry_run_too() {
    // The SHA-256 of "abc" (FIPS 180-2, B.1).
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let dir = Dir::new();
    dir.file("right", "abc");
    dir.file("wrong", "abd");
    let line = |name| {
        format!("{{\"url\": \"http://h/\", \"output\": \"{name}\", \"sha256\": \"{ABC}\"}}\n")
    };
    let list = dir.file("list", line("right") + &line("wrong"));
    let args = ["--dry-run", "--format=jsonl", "-d.", "-i", &*list];
    for (exists, outcomes, code) in [
        ("update", ["unchanged", "planned"], 0),
        ("skip", ["unchanged", "failed"], 4),
    ] {
        let args = [&args[..], &["--exists", exists]].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(code);
        let found: Vec<_> = run
            .json()
            .iter()
            .map(|line| line["outcome"].clone())
            .collect();
        run.check(exists, found == outcomes);
    }
}
