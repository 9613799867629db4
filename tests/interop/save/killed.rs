//! Killed with SIGKILL, at any moment.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::pfetch::{LIMIT, pfetch};
use crate::save::capped::Capped;
use crate::save::site::{Served, Site, arg, disk_to_itself, names, noise, scratch};

const KILLS: usize = 300;

const MIB: usize = 1024 * 1024;

/// What is served, by name.
type Sources = HashMap<String, Vec<u8>>;

fn sources() -> Sources {
    let size = |number: usize| match number % 40 {
        7 => (4 + number / 40 * 2) * MIB,
        0 | 10 | 20 | 30 => 0,
        n if n % 10 == 1 => 1,
        n if n % 5 == 2 => 100 * 1024,
        _ => 1024,
    };
    let source = |number| {
        let name = format!("{number:03}");
        (name, noise(number as u64, size(number)))
    };
    (0..120).map(source).collect()
}

fn serve(site: &Site, sources: &Sources) -> String {
    let urls = publish(site, sources)
        .into_iter()
        .map(|name| site.url(&name));
    urls.map(|url| url + "\n").collect()
}

/// Gives the sources to the server, and gives their names in order.
fn publish(site: &Site, sources: &Sources) -> Vec<String> {
    let mut names: Vec<String> = sources.keys().cloned().collect();
    names.sort();
    for name in &names {
        site.write(name, &sources[name]);
    }
    names
}

/// Redirects to an address with another signature each time.
const SIGNED: &str = "location /signed/ {\n\
     rewrite ^/signed/(.*)$ /store/$1?signature=$request_id? redirect;\n\
     }\n\
     location /store/ { rewrite ^/store/(.*)$ /$1 last; }";

/// The same, but a third behind signed redirects, and a third on the server whose ranges are short.
fn serve_mixed(site: &Site, capped: &Capped, sources: &Sources) -> String {
    let urls = publish(site, sources).into_iter().zip(0..);
    let urls = urls.map(|(name, number)| match number % 3 {
        0 => site.url(&name),
        1 => site.url(&format!("signed/{name}")),
        _ => capped.url(&name),
    });
    urls.map(|url| url + "\n").collect()
}

/// Looks at every file. Gives the names of those that are complete, which is all that have no
/// `.part` in their names.
fn complete(folder: &Path, sources: &Sources, context: &str) -> BTreeSet<String> {
    if !folder.exists() {
        return BTreeSet::new();
    }
    let mut complete = BTreeSet::new();
    for name in names(folder) {
        let source = sources.get(name.trim_end_matches(".part"));
        let source = source.unwrap_or_else(|| panic!("{name} is nothing of ours; {context}"));
        let found = fs::read(folder.join(&name)).expect("the file can be read");
        if name.ends_with(".part") {
            let is_begun = source.starts_with(&found);
            assert!(is_begun, "{name} is no beginning of it; {context}");
            continue;
        }
        assert!(found == *source, "{name} is not as served; {context}");
        complete.insert(name);
    }
    complete
}

/// The names of the files of which the log says that they are there. A torn line says nothing.
fn told(log: &Path) -> BTreeSet<String> {
    let text = fs::read(log).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n');
    let lines = lines.filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok());
    let told = lines.filter(|line| line["outcome"] == "ok" || line["outcome"] == "unchanged");
    // The folder comes before the name.
    told.map(|line| {
        let name = line["name"].as_str().expect("it was saved");
        name.rsplit('/').next().unwrap_or(name).to_owned()
    })
    .collect()
}

/// A folder and a log, taken up by run after run.
struct Set {
    folder: PathBuf,
    log: PathBuf,
}

impl Set {
    fn new(scratch: &Path, number: usize) -> Self {
        Set {
            folder: scratch.join(format!("set-{number}")),
            log: scratch.join(format!("log-{number}")),
        }
    }

    fn args<'a>(&'a self, list: &'a str, run: &'a str) -> Vec<&'a str> {
        let folder = arg(&self.folder);
        let log = arg(&self.log);
        vec![
            "-d", folder, "--log", log, "--resume", "-i", list, "-A", run, "-j4",
        ]
    }

    fn start(&self, list: &str, run: &str, output: &Path) -> Child {
        let output = File::create(output).expect("the folder can be written");
        Command::new(env!("CARGO_BIN_EXE_pfetch"))
            .args(self.args(list, run))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file can be written by two"))
            .stderr(output)
            .spawn()
            .expect("pfetch starts")
    }
}

/// What there was before a run began: of that, nothing may be fetched again.
struct Before {
    complete: BTreeSet<String>,
    told: BTreeSet<String>,
}

/// The seed of the moments, printed so that a failure can be repeated, as far as that goes: with the
/// environment variable `SEED`.
#[expect(clippy::print_stderr, reason = "cargo shows it if the test fails")]
fn seed() -> u64 {
    let given = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("SEED={seed}");
    seed
}

fn is_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    status.signal() == Some(9)
}

#[test]
fn killed_at_any_moment_it_leaves_whole_files_and_fetches_none_of_them_again() {
    let _disk = disk_to_itself();
    let seed = seed();
    let mut random = fastrand::Rng::with_seed(seed);
    let sources = sources();
    let site = Site::start("", SIGNED);
    let capped = Capped::start(sources.clone());
    let scratch = scratch();
    let list = scratch.path().join("list");
    let urls = serve_mixed(&site, &capped, &sources);
    fs::write(&list, urls).expect("the folder can be written");
    let list = arg(&list);
    let output = scratch.path().join("output");

    // How long a run takes that nobody kills, when the machine is not busy with another thing.
    let run_whole = |number| {
        let set = Set::new(scratch.path(), number);
        let started = Instant::now();
        let status = set.start(list, "whole", &output).wait();
        let whole = started.elapsed();
        assert!(status.expect("it ends").success());
        let found = complete(&set.folder, &sources, "never killed");
        assert_eq!(found.len(), sources.len());
        fs::remove_dir_all(&set.folder).expect("it is this test's own");
        whole
    };
    let whole = (0..3).map(run_whole).min().expect("they are three");

    let mut sets = 3;
    let mut set = Set::new(scratch.path(), sets);
    let mut before = Vec::new();
    let mut kills = 0;
    loop {
        let context = format!(
            "SEED={seed}, set {sets}, run {}, kill {kills}",
            before.len()
        );
        let now = complete(&set.folder, &sources, &context);
        if now.len() == sources.len() {
            fs::remove_dir_all(&set.folder).expect("it is this test's own");
            sets += 1;
            set = Set::new(scratch.path(), sets);
            continue;
        }
        // What is told is there.
        let told = told(&set.log);
        assert!(told.is_subset(&now), "told and not there; {context}");
        // The end comes to a set that has been begun.
        let is_last = kills >= KILLS && !told.is_empty();
        before.push(Before {
            complete: now,
            told,
        });
        if is_last {
            break;
        }
        let run = format!("run-{}", before.len() - 1);
        let mut child = set.start(list, &run, &output);
        thread::sleep(whole.mul_f64(random.f64() * 1.2));
        child.kill().expect("it is this test's own");
        let status = child.wait().expect("it is this test's own");
        if is_killed(status) {
            kills += 1;
        } else {
            let said = || fs::read_to_string(&output).unwrap_or_default();
            assert!(status.success(), "{status}; {context}\n{}", said());
            let now = complete(&set.folder, &sources, &context);
            assert_eq!(now.len(), sources.len(), "{context}\n{}", said());
        }
    }

    let last = format!("run-{}", before.len() - 1);
    let run = pfetch(&[&set.args(list, &last)[..], &["--format=jsonl"]].concat());
    let run = run.run().exits(0).says_nothing();
    let context = format!("SEED={seed}, the last run");
    let found = complete(&set.folder, &sources, &context);
    assert_eq!(found.len(), sources.len(), "{context}");
    assert_eq!(names(&set.folder), found, "no parts are left; {context}");
    let there = before.last().expect("it was just put there").told.len();
    run.check("told before", run.summary()["done_before"] == there);
    let results = run.results();
    let is_rest = |result: &&serde_json::Value| result["outcome"] != "done";
    let rest = results.iter().filter(is_rest).count();
    run.check("the rest", rest == sources.len() - there);
    run.check("all", results.len() == sources.len());

    check_served(site.served(), &before, seed);
    check_served(capped.served(), &before, seed);
}

/// A server served nothing again to any run that was there before it.
fn check_served(served: Vec<Served>, before: &[Before], seed: u64) {
    let (mut parts, mut signed_parts) = (0, 0);
    let is_signing = served.iter().any(|served| served.status == 302);
    for served in served {
        let Some(number) = served.run.strip_prefix("run-") else {
            continue;
        };
        let number: usize = number.parse().expect("runs are numbered");
        let path = served.path.split('?').next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let Before { complete, told } = &before[number];
        let context = format!("{served:?}; SEED={seed}");
        assert!(!told.contains(name), "asked for though told: {context}");
        let is_again = served.has_body() && complete.contains(name);
        assert!(!is_again, "fetched again: {context}");
        parts += usize::from(served.status == 206);
        signed_parts += usize::from(served.status == 206 && path.starts_with("/store/"));
    }
    assert!(parts > 0, "no kill fell into a transfer: SEED={seed}");
    let is_continued = signed_parts > 0 || !is_signing;
    assert!(
        is_continued,
        "no signed transfer was continued: SEED={seed}"
    );
}

/// Waits until the file is so long.
fn await_length(path: &Path, length: u64) {
    let started = Instant::now();
    while fs::metadata(path).map_or(0, |metadata| metadata.len()) < length {
        assert!(
            started.elapsed() < LIMIT,
            "{} does not grow",
            path.display()
        );
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn the_next_run_goes_on_where_a_killed_one_was() {
    let site = Site::start(
        "map $http_user_agent $rate { default 0; held 1k; }\n\
         limit_rate_after 3m; limit_rate $rate;",
        "",
    );
    let sources: Sources = ["one", "two", "three"]
        .into_iter()
        .zip(1..)
        .map(|(name, number)| (name.to_owned(), noise(number, 8 * MIB)))
        .collect();
    let scratch = scratch();
    let list = scratch.path().join("list");
    fs::write(&list, serve(&site, &sources)).expect("the folder can be written");
    let list = arg(&list);
    let set = Set::new(scratch.path(), 0);

    let mut held = set.start(list, "held", &scratch.path().join("output"));
    for name in sources.keys() {
        await_length(&set.folder.join(format!("{name}.part")), MIB as u64);
    }
    held.kill().expect("it is this test's own");
    assert!(is_killed(held.wait().expect("it is this test's own")));
    assert!(complete(&set.folder, &sources, "held").is_empty());
    let there: HashMap<&str, u64> = sources
        .keys()
        .map(|name| {
            let part = fs::metadata(set.folder.join(format!("{name}.part")));
            (&**name, part.expect("it was there").len())
        })
        .collect();

    let run = pfetch(&[&set.args(list, "free")[..], &["--format=jsonl"]].concat());
    let run = run.run().exits(0).says_nothing();
    assert_eq!(complete(&set.folder, &sources, "free").len(), 3);
    assert_eq!(names(&set.folder).len(), 3, "no parts are left");
    for result in run.results() {
        let name = result["url"]
            .as_str()
            .and_then(|url| url.rsplit('/').next());
        let there = there[name.expect("a result has its URL")];
        run.check("status", result["status"] == 206);
        run.check("whole", result["saved"]["bytes"] == 8 * MIB);
        run.check("resumed", result["saved"]["resumed_from"] == there);
    }
    let served = site.served_to("free");
    assert_eq!(served.len(), 3, "{served:?}");
    for served in served {
        let there = there[&served.path[1..]];
        // The last of it is asked for again, to see that it is the same.
        assert_eq!(served.status, 206, "{served:?}");
        let (_, from) = served.range.split_once('=').expect("a range was asked for");
        let from: u64 = from.trim_end_matches('-').parse().expect("it is open");
        assert!(from <= there && there - from <= 64 * 1024, "{served:?}");
        assert_eq!(served.bytes, 8 * MIB as u64 - from, "{served:?}");
    }
}
