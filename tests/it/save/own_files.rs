//! Files that the run itself writes in the folder that it saves in: none of them takes the place of a body, and
//! no body theirs.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::pfetch::{Dir, pfetch};
use crate::save::support::{names, save};
use crate::server::Server;

const BODY: &[u8] = b"the body";

fn serve() -> Server {
    Server::with(|request, reply| {
        let header = match &*request.target {
            "/late" => "Content-Disposition: attachment; filename=own.json\r\n",
            _ => "",
        };
        reply.send(200, header, BODY)
    })
}

#[test]
fn a_body_leaves_its_name_to_a_file_of_the_runs_own() {
    let server = serve();
    // The option, the file of the run, the path of the URL, and the file that this gets.
    for (options, own, url, file) in [
        (&["--export=json=DIR/own"][..], "own", "/own", "own-1"),
        (
            &["--export=DIR/own.csv"],
            "own.csv",
            "/own.csv",
            "own-1.csv",
        ),
        (&["--save-baseline=DIR/own"], "own", "/own", "own-1"),
        (&["--log=DIR/own"], "own", "/own", "own-1"),
        (&["--log=DIR/own", "--resume"], "own", "/own", "own-1"),
        // Names that some file systems take for one, and folders that are one.
        (&["--export=json=DIR/OWN"], "OWN", "/own", "own-1"),
        (&["--export=json=DIR/./sub/../own"], "own", "/own", "own-1"),
        (&["--export=json=DIR/sub/link/own"], "own", "/own", "own-1"),
        (&["--log=DIR/sub/to-own"], "own", "/own", "own-1"),
        (
            &["--export=DIR/own.json", "--content-disposition"],
            "own.json",
            "/late",
            "own-1.json",
        ),
        (
            &["--export=json=DIR/own", "--exists=rename"],
            "own",
            "/own",
            "own-1",
        ),
        (
            &["--export=json=DIR/own", "--exists=overwrite"],
            "own",
            "/own",
            "own-1",
        ),
    ] {
        let dir = Dir::on_disk();
        let folder = dir.path().to_str().unwrap();
        fs::create_dir(dir.path().join("sub")).unwrap();
        symlink(dir.path(), dir.path().join("sub/link")).unwrap();
        symlink("../own", dir.path().join("sub/to-own")).unwrap();
        let options: Vec<String> = options.iter().map(|o| o.replace("DIR", folder)).collect();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let run = save(&dir, &options, &[&server.url(url)]).exits(0);
        let found = names(dir.path());
        let told = |path: &str| format!("{options:?}: {path} among {found:?}");
        let saved = fs::read(dir.path().join(file)).unwrap_or_default();
        run.check(&told(file), saved == BODY);
        let written = fs::read(dir.path().join(own)).unwrap_or_default();
        run.check(&told(own), !written.is_empty() && written != BODY);
    }
}

#[test]
fn a_name_of_the_list_is_left_to_a_file_of_the_runs_own_below_the_folder_too() {
    let server = serve();
    let (dir, own) = (Dir::on_disk(), Dir::new());
    fs::create_dir(dir.path().join("sub")).unwrap();
    let line = json!({"url": server.url("/"), "output": "sub/own"});
    let list = own.file("list.jsonl", line.to_string());
    let export = format!("--export=json={}/sub/own", dir.path().display());
    let run = save(&dir, &["-i", &list, &export], &[]).exits(0);
    assert_eq!(names(dir.path()), ["sub/", "sub/own", "sub/own-1"]);
    let saved = fs::read(dir.path().join("sub/own-1")).unwrap();
    run.check("the body", saved == BODY);
}

#[test]
fn a_body_leaves_its_name_to_the_file_that_a_standard_stream_goes_to() {
    let server = serve();
    let dir = Dir::on_disk();
    let folder = dir.path().to_str().unwrap();
    let out = File::create(dir.path().join("own")).unwrap();
    let run = pfetch(&["-d", folder, "--exists=overwrite", &server.url("/own")]);
    let run = run.stdout(out.into()).run().exits(0);
    let [own, saved] = ["own", "own-1"].map(|name| fs::read(dir.path().join(name)).unwrap());
    run.check("the body", saved == BODY);
    run.check("the report", !own.is_empty() && own != BODY);
}

#[test]
fn a_fragment_makes_no_other_file_and_a_displaced_one_is_told_once() {
    let server = serve();
    let dir = Dir::on_disk();
    let told = "got another name than";
    save(&dir, &[], &[&server.url("/a/1.bin#a")])
        .exits(0)
        .says_nothing();
    let run = save(&dir, &[], &[&server.url("/a/1.bin")]).exits(0);
    run.never_shows(told);
    assert_eq!(names(dir.path()), ["1.bin"]);

    let newcomers = ["/b/1.bin", "/c/1.bin", "/d/2.bin"].map(|path| server.url(path));
    let newcomers = newcomers.each_ref().map(String::as_str);
    let run = save(&dir, &["-q"], &newcomers).exits(0);
    run.says(
        "pfetch: warning: 2 files got another name than their URL's, since other URLs' files hold them: 1.bin -> \
         1-1.bin\n",
    )
    .complains_in_a_line();
    assert_eq!(names(dir.path()), ["1-1.bin", "1-2.bin", "1.bin", "2.bin"]);
    // They have names of their own now.
    save(&dir, &[], &newcomers).exits(0).never_shows(told);
    let run = save(&dir, &["-qq"], &[&server.url("/e/1.bin")]).exits(0);
    run.says_nothing();
    // One URL of the list in another's way is no file of another run.
    let dir = Dir::on_disk();
    let both = ["/a/1.bin", "/b/1.bin"].map(|path| server.url(path));
    let both = both.each_ref().map(String::as_str);
    save(&dir, &[], &both).exits(0).never_shows(told);
}

#[test]
fn a_file_of_the_runs_own_elsewhere_takes_no_name() {
    let server = serve();
    let (dir, elsewhere) = (Dir::on_disk(), Dir::on_disk());
    let export = format!("--export=json={}/own", elsewhere.path().display());
    save(&dir, &[&export], &[&server.url("/own")]).exits(0);
    assert_eq!(names(dir.path()), ["own"]);
    // As the folder above is.
    let inner = format!("{}/inner", elsewhere.path().display());
    let run = pfetch(&["-d", &inner, &export, &server.url("/own")]);
    run.run().exits(0);
    assert_eq!(names(elsewhere.path()), ["inner/", "inner/own", "own"]);
}
