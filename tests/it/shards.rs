//! Shards of a list (`--shard`), each in a process of its own, as an engine starts them; and inputs without
//! URLs (`--allow-empty`).

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use crate::pfetch::{Dir, LIMIT, Pfetch, Run, pfetch};
use crate::server::Server;

/// A server that answers each request with its target.
fn echo() -> Server {
    Server::with(|request, reply| {
        let target = request.target.clone();
        reply.send(200, "", target.as_bytes())
    })
}

/// The URL of a path at one of many hosts, all of which are the server.
fn at_host(server: &Server, host: usize, path: &str) -> String {
    format!("http://h{host}.example:{}/{path}", server.addr().port())
}

/// The option that leads all hosts to the server.
fn resolve(server: &Server) -> String {
    format!("--resolve=*:{}:127.0.0.1", server.addr().port())
}

/// Starts all shards at once, and waits for all of them.
fn run_shards(count: usize, shard: impl Fn(&str) -> Pfetch) -> Vec<Run> {
    let started: Vec<_> = (0..count)
        .map(|number| shard(&format!("--shard={number}/{count}")).start())
        .collect();
    started
        .into_iter()
        .map(crate::pfetch::Running::end)
        .map(|run| run.exits(0))
        .collect()
}

/// The files below a folder, with their content.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(dir).expect("it lies in it");
            let content = fs::read_to_string(&path).expect("it is text");
            found.insert(name.display().to_string(), content);
        }
    }
    found
}

#[test]
fn shards_that_share_a_folder_save_what_one_run_saves_under_the_same_names() {
    let (server, dir) = (echo(), Dir::new());
    let mut list = String::new();
    for number in 0..60 {
        list += &at_host(&server, number % 7, &format!("{number}/same.html\n"));
    }
    let named = at_host(&server, 3, "named");
    list += &format!(r#"{{"url": "{named}", "output": "same-3.html"}}"#);
    let (list, all) = (dir.file("list", list), resolve(&server));
    let run = |into: &str, shard: &[&str]| {
        let args = [&["-j2", &all, "-d", into, "-i", &list], shard].concat();
        pfetch(&args).current_dir(dir.path())
    };
    run("one", &[]).run().exits(0);
    let expected = files(&dir.path().join("one"));
    assert_eq!(expected.len(), 61, "{expected:?}");
    for by in ["host", "line"] {
        let by = format!("--shard-by={by}");
        let before = server.requests();
        run_shards(4, |shard| run(&by[11..], &[shard, &by]));
        assert_eq!(server.requests() - before, 61, "{by}");
        assert_eq!(files(&dir.path().join(&by[11..])), expected, "{by}");
        // Another time, in another order, onto what is there.
        for number in [3, 1, 0, 2] {
            let shard = format!("--shard={number}/4");
            run(&by[11..], &[&shard, &by]).run().exits(0);
        }
        assert_eq!(files(&dir.path().join(&by[11..])), expected, "{by}, again");
    }
}

#[test]
fn results_of_all_shards_have_the_indexes_of_the_whole_list() {
    let (server, dir) = (echo(), Dir::new());
    let mut list = String::from("ftp://bad/\n");
    for number in 0..40 {
        list += &at_host(&server, number % 5, &format!("{number}\n# comment\n\n"));
    }
    let (list, all) = (dir.file("list", list), resolve(&server));
    let argument = at_host(&server, 2, "argument");
    let args = [
        "--format=jsonl",
        "--max-failures=1",
        &all,
        "-i",
        &list,
        &argument,
    ];
    let results = |run: &Run| {
        let of = |result: serde_json::Value| (result["index"].as_u64(), result["url"].to_string());
        run.results().into_iter().map(of).collect::<Vec<_>>()
    };
    let mut expected = results(&pfetch(&args).run().exits(0));
    expected.sort();
    for options in [
        &[][..],
        &["--shard-by=line"],
        &["--order=input"],
        &["--dry-run"],
    ] {
        let runs = run_shards(3, |shard| pfetch(&[&args[..], options, &[shard]].concat()));
        let of_shards: Vec<_> = match options {
            ["--dry-run"] => {
                let planned = runs.iter().flat_map(Run::json);
                let of =
                    |line: serde_json::Value| (line["index"].as_u64(), line["url"].to_string());
                planned.map(of).collect()
            }
            _ => runs.iter().flat_map(results).collect(),
        };
        if options == ["--order=input"] {
            for run in &runs {
                run.check("in order", results(run).is_sorted());
            }
        }
        let mut together = of_shards;
        together.sort();
        assert_eq!(together, expected, "{options:?}");
    }
}

#[test]
fn the_bodies_of_a_shard_come_in_the_order_of_the_list() {
    let server = echo();
    let list: Vec<String> = (0..300).map(|n| server.url(&format!("/{n},"))).collect();
    let run = |shard: &str| {
        let args = ["--cat", "-j8", "--shard-by=line", shard, "-"];
        pfetch(&args).stdin(list.join("\n")).run().exits(0)
    };
    for number in 0..7 {
        let run = run(&format!("--shard={number}/7"));
        let own = (number..300).step_by(7).map(|n| format!("/{n},"));
        run.check("its bodies alone", run.stdout == own.collect::<String>());
    }
}

#[test]
fn a_shard_goes_on_from_its_own_log() {
    let (server, dir) = (echo(), Dir::new());
    let list: Vec<String> = (0..40)
        .map(|n| at_host(&server, n % 6, &format!("{n}/x")))
        .collect();
    let (list, all) = (dir.file("list", list.join("\n")), resolve(&server));
    let args = ["-d=out", "--format=jsonl", &all, "-i", &list];
    let mut own = 0;
    for number in 0..2 {
        let shard = format!("--shard={number}/2");
        let log = format!("--log=log-{number}");
        let run = |more: &[&str]| {
            let args = [&args[..], &[&shard, &log], more].concat();
            pfetch(&args).current_dir(dir.path()).run().exits(0)
        };
        let first = run(&[]).summary();
        let before = server.requests();
        let second = run(&["--resume"]).summary();
        assert_eq!(second["done_before"], first["ok"], "{first} {second}");
        assert_eq!(server.requests(), before, "{second}");
        own += first["ok"].as_u64().unwrap_or_default();
    }
    assert_eq!(own, 40);
}

#[test]
fn a_stopped_shard_counts_its_own_part_of_the_list() {
    let server = Server::with(|_, reply| reply.send(404, "", b""));
    let list: Vec<String> = (0..6000).map(|n| server.url(&format!("/{n}"))).collect();
    let dir = Dir::new();
    let list = dir.file("list", list.join("\n"));
    let args = ["--shard=1/3", "--shard-by=line", "--fail-fast", "-j1"];
    let run = pfetch(&[&args[..], &["--format=jsonl", "-i", &list]].concat()).run();
    let summary = run.exits(1).summary();
    // The count is given up on a machine that is too busy.
    let listed = &summary["listed"];
    assert!(listed.is_null() || listed == 2000, "{summary}");
}

/// The requests at each host: those under way, the most of them at one time, and all.
#[derive(Default)]
struct AtHost {
    open: usize,
    most: usize,
    all: usize,
}

#[test]
fn the_limit_on_a_host_holds_over_all_shards() {
    // Dealt out by line, each would be in all shards.
    const HOSTS: usize = 5;
    let hosts: Arc<(Mutex<HashMap<String, AtHost>>, Condvar)> = Arc::default();
    let seen = Arc::clone(&hosts);
    let server = Server::with(move |request, reply| {
        let name = request.header("host").unwrap_or_default().to_owned();
        let (hosts, changed) = &*seen;
        let mut guard = hosts.lock().expect("nobody panics with it");
        let host = guard.entry(name.clone()).or_default();
        host.open += 1;
        host.all += 1;
        host.most = host.most.max(host.open);
        changed.notify_all();
        // Nobody is answered before as many are there as may be, and then a little later: more would show.
        let is_alone = |hosts: &mut HashMap<String, AtHost>| hosts[&name].all < 2;
        let waited = changed.wait_timeout_while(guard, LIMIT / 2, is_alone);
        let guard = waited.expect("nobody panics with it").0;
        let are_few = |hosts: &mut HashMap<String, AtHost>| hosts[&name].open <= 2;
        let waited = changed.wait_timeout_while(guard, Duration::from_millis(20), are_few);
        drop(waited.expect("nobody panics with it"));
        let sent = reply.send(200, "", b"x");
        let mut guard = hosts.lock().expect("nobody panics with it");
        guard.entry(name).or_default().open -= 1;
        sent
    });
    let mut list = String::new();
    for number in 0..HOSTS * 20 {
        list += &at_host(&server, number % HOSTS, &format!("{number}\n"));
    }
    let (dir, all) = (Dir::new(), resolve(&server));
    let list = dir.file("list", list);
    run_shards(4, |shard| {
        pfetch(&[
            "--per-host=2",
            "-j12",
            "--retry=0",
            &all,
            "-i",
            &list,
            shard,
        ])
    });
    let hosts = hosts.0.lock().expect("nobody panics with it");
    assert_eq!(hosts.len(), HOSTS);
    for (name, host) in &*hosts {
        assert_eq!((host.most, host.all), (2, 20), "{name}");
    }
}

#[test]
fn an_input_without_urls_succeeds_where_that_is_allowed() {
    for allowed in [
        &["--allow-empty"][..],
        &["--shard=0/2"],
        &["--shard=1/2", "--shard-by=line"],
    ] {
        let run = |more: &[&str]| {
            let run = pfetch(&[allowed, more, &["-"]].concat()).stdin("# nothing\n\n");
            run.run().exits(0)
        };
        run(&[]).prints("0 URLs\n").says_nothing();
        run(&["-qq"]).check("nothing", run(&["-qq"]).stdout.is_empty());
        run(&["--dry-run"]).prints("0 URLs: 0 to fetch, 0 refused");
        let json = run(&["--format=jsonl"]);
        let lines = json.json();
        let kinds: Vec<_> = lines.iter().map(|line| line["type"].clone()).collect();
        json.check("run and summary", kinds == ["run", "summary"]);
        json.check("no targets", json.summary()["targets"] == 0);
        run(&["--cat"]).check("no body", run(&["--cat"]).stdout.is_empty());
        run(&["--export=json=-"]).check("no result", {
            let text = run(&["--export=json=-"]).stdout;
            let document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
            document["results"] == serde_json::json!([])
        });
    }
    for options in [&[][..], &["--dry-run"], &["--format=jsonl"]] {
        let run = pfetch(&[options, &["-"]].concat())
            .stdin("# nothing\n")
            .run();
        run.exits(2)
            .says("the input has no URLs in it")
            .says("--allow-empty")
            .complains_in_a_line();
    }
}

#[test]
fn no_gate_is_judged_by_an_input_that_may_be_empty_and_is() {
    let gates = [
        "--assert=p95<1ms",
        "--assert=failed<=0",
        "--assert=rps>=1000",
    ];
    for allowed in [&["--allow-empty"][..], &["--shard=1/2", "--shard-by=line"]] {
        let run = |more: &[&str]| {
            let run = pfetch(&[allowed, &gates, more, &["-"]].concat()).stdin("# nothing\n");
            run.run().exits(0)
        };
        let human = run(&[]);
        human.check(
            "each",
            human.stdout.matches("not judged: no URL").count() == 3,
        );
        let junit = run(&["--export=junit=-"]);
        junit.check("skipped", junit.stdout.matches("<skipped ").count() == 3);
        run(&["--strict-assert"]);
    }
    // With a URL they are judged, and an input that must not be empty is a mistake still.
    let server = echo();
    let url = server.url("/x");
    pfetch(&["--allow-empty", "--assert=p95<0.0001ms", &url])
        .run()
        .exits(3);
    pfetch(&["--assert=failed<=0", "-"])
        .stdin("")
        .run()
        .exits(2);
}

#[test]
fn a_list_of_one_host_is_said_to_be_one_shards() {
    let server = echo();
    let list: Vec<String> = (0..4).map(|n| server.url(&format!("/{n}"))).collect();
    let list = list.join("\n");
    let run = |options: &[&str], list: &str| {
        pfetch(&[options, &["-"]].concat())
            .stdin(list)
            .run()
            .exits(0)
    };
    let note = "all 4 URLs are of one host, 127.0.0.1, and are in shard ";
    let mut requests = Vec::new();
    for shard in ["--shard=0/3", "--shard=1/3", "--shard=2/3"] {
        let before_all = server.requests();
        for more in ["--order=completion", "-q", "--dry-run"] {
            let before = server.requests();
            run(&[shard, more], &list)
                .says(note)
                .says("--shard-by line");
            requests.push(server.requests() - before);
        }
        // One that has nothing to do says so also where failures alone are told.
        let is_idle = server.requests() == before_all;
        let quiet = run(&[shard, "-qq"], &list);
        let warning = format!("warning: this shard is empty: {note}");
        match is_idle {
            true => drop(quiet.says(&warning).says("--shard-by line")),
            false => drop(quiet.never_shows(note)),
        }
        run(&[shard, "--shard-by=line"], &list).never_shows(note);
        run(&[shard], &server.url("/alone")).never_shows(note);
        let other = format!("{list}\nhttp://localhost:{}/x", server.addr().port());
        run(&[shard, "--max-failures=1"], &other).never_shows(note);
    }
    requests.sort_unstable();
    assert_eq!(requests, [0, 0, 0, 0, 0, 0, 0, 4, 4], "all or nothing");
    run(&["--shard=0/1"], &list).never_shows(note);
    // Arguments count as lines do.
    let url = server.url("/x");
    let run = pfetch(&["--shard=0/2", &url, "-i", "-"])
        .stdin(&*list)
        .run();
    run.exits(0).says(&note.replace('4', "5"));
}

#[test]
fn a_shard_without_a_host_is_warned_of_where_there_is_a_url_for_each() {
    let server = echo();
    let port = server.addr().port();
    let hosts = ["127.0.0.1", "127.0.0.2"];
    let list = |urls: usize| -> String {
        let urls = (0..urls).map(|n| format!("http://{}:{port}/{n}\n", hosts[n % 2]));
        urls.collect()
    };
    let warned = |urls, options: &[&str]| {
        let shards = (0..5).map(|number| format!("--shard={number}/5"));
        let runs = shards.map(|shard| {
            // Whether the second address answers is not what is tested.
            let args = [options, &[&shard, "-qq", "--dry-run", "-"]].concat();
            let run = pfetch(&args).stdin(list(urls)).run().exits(0);
            let says =
                format!("warning: this shard is empty: none of {urls} URLs is in it, as a host");
            run.stderr.contains(&says) && run.stderr.contains("--shard-by line")
        });
        runs.filter(|is_warned| *is_warned).count()
    };
    let of_ten = warned(10, &[]);
    assert!((3..=4).contains(&of_ten), "{of_ten} of 5 have neither host");
    assert_eq!(warned(10, &["--shard-by=line"]), 0);
    // Of four, some shard of five has none however they are dealt out.
    assert_eq!(warned(4, &[]), 0);
}

#[test]
fn a_stray_host_does_not_hide_that_a_shard_has_nearly_all() {
    let server = echo();
    let stray = format!("http://localhost:{}/x", server.addr().port());
    let list: Vec<String> = (0..30).map(|n| server.url(&format!("/{n}"))).collect();
    let list = format!("{}\n{stray}\n", list.join("\n"));
    let run = |shard: &str, more: &str| {
        // Whether localhost answers is not what is tested.
        pfetch(&[shard, "--max-failures=1", more, "-"])
            .stdin(&*list)
            .run()
            .exits(0)
    };
    let rest = " of 31 URLs are in this shard, as a host is never divided: --shard-by line deals them out\n";
    let mut crowded = 0;
    for shard in [
        "--shard=0/5",
        "--shard=1/5",
        "--shard=2/5",
        "--shard=3/5",
        "--shard=4/5",
    ] {
        let is_noted = run(shard, "--dry-run").stderr.contains(rest);
        crowded += usize::from(is_noted);
        for (more, has_notes) in [
            ("--order=input", true),
            ("-q", true),
            ("--format=jsonl", true),
            ("-qq", false),
            ("--shard-by=line", false),
        ] {
            let run = run(shard, more);
            let is_said = run.stderr.contains(rest);
            run.check("the note", is_said == (is_noted && has_notes));
        }
    }
    assert_eq!(crowded, 1, "one shard has the host");
    run("--shard=0/1", "--dry-run").never_shows(rest);
}

#[test]
fn an_empty_input_does_not_hide_a_list_that_cannot_be_read() {
    let run = pfetch(&["--shard=0/1", "-"]).stdin("\0\0").run().exits(2);
    run.says("binary file");
}

#[test]
fn the_environment_of_an_engine_says_which_shard_it_is() {
    let server = echo();
    let list: Vec<String> = (0..6).map(|n| server.url(&format!("/{n}"))).collect();
    let run = |shard: &str, variables: &[(&str, &str)]| {
        let pfetch = pfetch(&["--shard-by=line", shard, "--format={index}", "-qq", "-"]);
        let set = |pfetch: Pfetch, (name, value): &(&str, &str)| pfetch.env(name, value);
        variables
            .iter()
            .fold(pfetch, set)
            .stdin(list.join("\n"))
            .run()
    };
    let gitlab = [("CI_NODE_INDEX", "3"), ("CI_NODE_TOTAL", "3")];
    let own = |run: Run| {
        let mut lines: Vec<_> = run.stdout.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(own(run("--shard=env", &gitlab).exits(0)), ["2", "5"]);
    let kubernetes = [("JOB_COMPLETION_INDEX", "1")];
    assert_eq!(own(run("--shard=env/3", &kubernetes).exits(0)), ["1", "4"]);
    run("--shard=env", &kubernetes)
        .exits(2)
        .says("give --shard env/N")
        .complains_in_a_line();
    run("--shard=env", &[])
        .exits(2)
        .says("none of JOB_COMPLETION_INDEX")
        .complains_in_a_line();
    assert_eq!(server.requests(), 4);
}

#[test]
fn shards_that_there_are_not_are_refused() {
    for (options, says) in [
        (
            &["--shard=4/4"][..],
            "shards count from 0, so the last of 4 is 3/4",
        ),
        (&["--shard=1"], "give K/N"),
        (&["--shard=env/x"], "give K/N"),
        (&["--shard=env/0"], "at least one shard"),
        (&["--shard-by=line"], "--shard"),
        (&["--shard=0/2", "--compare"], "--compare"),
        (&["--allow-empty", "--sweep=1,2"], "--sweep"),
        (&["--shard=0/2", "--shard-by=url"], "host"),
    ] {
        let run = pfetch(&[options, &["http://127.0.0.1:9/"]].concat()).run();
        run.exits(2).says(says).complains_in_a_line();
    }
}
