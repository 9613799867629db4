//! Files of the run log that are not there any more as it has them (`--resume`): their URLs are fetched again.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, bytes, routes};

/// A folder to work in, with a list of URLs of one server, and the files that a run saved from it.
struct Saved {
    dir: Dir,
    server: Server,
    args: Vec<String>,
}

const ONE: &str = "note: 1 file that the log has is gone or changed: fetched again";

impl Saved {
    /// The first run, of these paths.
    fn of(paths: &[&str], args: &[&str]) -> Self {
        let server = Server::with(|request, reply| match request.target.as_str() {
            "/called" => {
                let header = "Content-Disposition: attachment; filename=given.txt\r\n";
                reply.send(200, header, b"a body")
            }
            _ => routes(request, reply),
        });
        let urls = paths.iter().map(|path| server.url(path));
        let first = args.iter().map(|arg| (*arg).to_owned());
        let log = ["--log=q.log", "--format=jsonl"].map(str::to_owned);
        let saved = Saved {
            args: log.into_iter().chain(first).chain(urls).collect(),
            dir: Dir::on_disk(),
            server,
        };
        saved.run(&[]).exits(0);
        saved
    }

    fn run(&self, more: &[&str]) -> Run {
        let more = more.iter().map(|arg| (*arg).to_owned());
        let args: Vec<String> = more.chain(self.args.iter().cloned()).collect();
        pfetch(&args).current_dir(self.dir.path()).run()
    }

    /// A run that goes on with the log, and asks for these paths alone.
    fn resumes(&self, asked: &[&str]) -> Run {
        let before = self.server.requests();
        let run = self.run(&["--resume", "-A", "x"]).exits(0);
        let mut targets = self.server.targets().split_off(before);
        targets.sort_unstable();
        run.check(&format!("{targets:?} are {asked:?}"), targets == asked);
        let done = run.results().len() - asked.len();
        run.check("the rest is done", run.summary()["done_before"] == done);
        run
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn holds(&self, name: &str, length: usize) {
        assert_eq!(fs::read(self.path(name)).unwrap(), bytes(length), "{name}");
    }
}

#[test]
fn a_file_that_is_gone_or_of_another_length_is_fetched_again() {
    let saved = Saved::of(&["/bytes/1", "/bytes/2", "/bytes/30"], &["-d", "./q/"]);
    saved.resumes(&[]).says_nothing();
    fs::write(saved.path("q/2"), "").unwrap();
    saved.resumes(&["/bytes/2"]).says(ONE);
    fs::remove_dir_all(saved.path("q")).unwrap();
    let dry = saved.run(&["--resume", "--dry-run"]).exits(0);
    dry.says("note: 3 files that the log has are gone or changed: to be fetched again");
    let run = saved.resumes(&["/bytes/1", "/bytes/2", "/bytes/30"]);
    run.says("note: 3 files that the log has are gone or changed: fetched again");
    for length in [1, 2, 30] {
        saved.holds(&format!("q/{length}"), length);
    }
    // What another hand has written is no other file's to replace, and no success either.
    fs::write(saved.path("q/30"), "mine").unwrap();
    saved.run(&["--resume"]).exits(4).says(ONE);
    assert_eq!(fs::read(saved.path("q/30")).unwrap(), b"mine");
    // The later line, of the failure, counts; and so does a file that has come back.
    fs::write(saved.path("q/30"), bytes(30)).unwrap();
    saved.run(&["--resume"]).exits(0);
    saved.resumes(&[]).says_nothing();
}

#[test]
fn what_the_run_before_left_as_it_was_is_done_while_it_is_there() {
    for exists in ["--exists=update", "--exists=skip"] {
        let saved = Saved::of(&["/bytes/7"], &["-d=q", exists]);
        saved.run(&[]).exits(0);
        saved.resumes(&[]).says_nothing();
        fs::remove_file(saved.path("q/7")).unwrap();
        saved.resumes(&["/bytes/7"]).says(ONE);
        saved.holds("q/7", 7);
    }
}

#[test]
fn a_file_is_looked_for_under_the_name_that_it_got() {
    let tree: &[&str] = &["-d=q", "--names=tree"];
    let cases: [(&[&str], &[&str]); 3] = [
        (&["-d=q", "--content-disposition"], &["/called", "/bytes/4"]),
        (tree, &["/bytes/5", "/called"]),
        (&["-o", ".part/.out"], &["/called"]),
    ];
    for (args, paths) in cases {
        let saved = Saved::of(paths, args);
        let files = saved.run(&["--exists=skip"]).results();
        let files: Vec<PathBuf> = files
            .iter()
            .map(|result| saved.path(result["saved"]["path"].as_str().unwrap()))
            .collect();
        saved.resumes(&[]).says_nothing();
        for (file, path) in files.iter().zip(paths) {
            let content = fs::read(file).unwrap();
            fs::remove_file(file).unwrap();
            saved.resumes(&[path]).says(ONE);
            assert_eq!(fs::read(file).unwrap(), content, "{}", file.display());
        }
    }
}

#[test]
fn a_file_that_is_fetched_again_beside_others_gets_its_own_name_back() {
    let saved = Saved::of(&["/bytes/6"], &["-d=q", "--exists=rename"]);
    saved.resumes(&[]).says_nothing();
    fs::remove_file(saved.path("q/6")).unwrap();
    saved.resumes(&["/bytes/6"]).says(ONE);
    saved.holds("q/6", 6);
    assert!(!saved.path("q/6-1").exists());
}

#[test]
fn a_link_to_the_file_stands_for_it() {
    let saved = Saved::of(&["/bytes/8"], &["-d=q"]);
    fs::rename(saved.path("q/8"), saved.path("kept")).unwrap();
    symlink("../kept", saved.path("q/8")).unwrap();
    saved.resumes(&[]).says_nothing();
}

#[test]
fn a_run_that_saves_nothing_asks_for_no_file() {
    let saved = Saved::of(&["/bytes/9"], &[]);
    saved.resumes(&[]).says_nothing();
    let saved = Saved::of(&["/bytes/9"], &["-I"]);
    saved.resumes(&[]).says_nothing();
}
