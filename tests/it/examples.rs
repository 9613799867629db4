//! Runs every example as a process of its own and checks what it prints.
//!
//! To add one: a function in `checks` that looks at its output, and its name in the list below. An
//! example whose output is always the same is held against the text block of its own opening
//! comment, so that the comment stays true.

use std::collections::BTreeSet;
use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// A test for each name: runs the example and hands its output to the check of the same name.
macro_rules! examples {
    ($($name:ident),* $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];

        $(
            #[test]
            fn $name() {
                checks::$name(&run(stringify!($name)));
            }
        )*
    };
}

examples![
    as_completed,
    compile_pages,
    crawl,
    demo,
    download_images,
    echo_server,
    library,
    local_state,
    map_in_order,
    producer_consumer,
    semaphore,
    stoppable,
    ten_sleeps,
    two_actions,
];

mod checks {
    use std::collections::BTreeSet;

    use super::{documented, number};

    pub(super) fn as_completed(printed: &str) {
        let (waits, mut done): (Vec<_>, Vec<_>) =
            printed.lines().partition(|line| *line == "… waiting");
        // Which ends first is up to the machine; that each ends once and is not early is not.
        done.sort_unstable();
        assert_eq!(done.len(), 3, "{} waits", waits.len());
        assert!(number::<u32>(done[0], "boil water took ", " ms") >= 100);
        assert!(number::<u32>(done[1], "cook pasta took ", " ms") >= 500);
        assert!(number::<u32>(done[2], "lay the table took ", " ms") >= 250);
    }

    pub(super) fn compile_pages(printed: &str) {
        let (document, times) = printed.split_once("\n\n").expect("a document, then times");
        assert_eq!(
            Some(document),
            documented("compile_pages").lines().next(),
            "every page, in order"
        );
        let times: Vec<_> = times.lines().collect();
        assert_eq!(times.len(), 2);
        assert!(times[0].starts_with("20 pages on 20 workers: "));
        assert!(times[1].starts_with("one after the other: "));
    }

    pub(super) fn crawl(printed: &str) {
        assert_eq!(printed, documented("crawl"));
    }

    pub(super) fn demo(printed: &str) {
        let parts: Vec<_> = printed.split("\n\n").collect();
        let [intro, outcomes, totals, advice] = &parts[..] else {
            panic!("not an introduction, the outcomes, the totals and some advice");
        };
        assert!(intro.starts_with("pfetch demo: 12 URLs on 8 workers, "));

        let outcomes: Vec<_> = outcomes.lines().collect();
        assert_eq!(outcomes.len(), 12, "a line per URL");
        let count = |status: &str, end: &str| {
            let is_it = |line: &&&str| line.trim_start().starts_with(status) && line.contains(end);
            outcomes.iter().filter(is_it).count()
        };
        assert_eq!(count("200 ", "/delay/"), 10);
        assert_eq!(count("200 ", "/moved -> http://127.0.0.1:"), 1);
        assert_eq!(count("404 ", "/missing  not found"), 1);
        assert_eq!(count("fail ", "/down  connect: "), 1);

        // Lines that were broken, made whole.
        let totals = totals.replace(&format!("\n{:13}", ""), " ");
        let totals: Vec<_> = totals.lines().map(str::trim_start).collect();
        let [counts, parallel, serial, speedup, latency, rate, statuses] = totals[..] else {
            panic!("not seven lines of totals");
        };
        assert_eq!(
            counts,
            "12 URLs: 10 ok, 2 failed · 2 retries · 227.4 kB · 8 workers"
        );
        assert!(parallel.starts_with("parallel "));
        assert!(serial.starts_with("serial "));
        assert!(serial.ends_with("  estimated: the sum of the requests' times"));
        // Twelve URLs do not show whether the server is the limit.
        assert!(speedup.starts_with("speed-up  1.00x to "), "{speedup}");
        assert!(speedup.contains(" of at most "));
        assert!(latency.starts_with("latency    p50 "));
        assert!(rate.ends_with(" URLs/s"));
        assert_eq!(statuses, "statuses   10 × 200  1 × 404  1 × connect");
        assert!(advice.contains("cargo run --release -- URL URL -j 8"));
    }

    pub(super) fn download_images(printed: &str) {
        let lines: Vec<_> = printed.lines().collect();
        let [images @ .., total, directory] = &lines[..] else {
            panic!("too few lines");
        };
        let names: BTreeSet<_> = (1..)
            .zip(images)
            .map(|(count, line)| {
                let rest = line.strip_prefix(&format!("{count:>2}/15  mosaic-"));
                let (name, size) = rest.and_then(|rest| rest.split_once(".pgm  ")).expect(line);
                assert!(size.contains(" kB  at "), "{line}");
                number::<u32>(name, "", "")
            })
            .collect();
        assert_eq!(images.len(), 15);
        assert!(names.into_iter().eq(1..=15), "each once, in any order");
        assert!(total.starts_with("15 images, 410.6 kB, 5 workers: "));
        assert_eq!(
            *directory,
            "in the directory: 15 whole images, 0 other files"
        );
    }

    pub(super) fn echo_server(printed: &str) {
        assert_eq!(printed, documented("echo_server"));
    }

    pub(super) fn library(printed: &str) {
        assert_eq!(printed, documented("library"));
    }

    pub(super) fn local_state(printed: &str) {
        let lines: Vec<_> = printed.lines().collect();
        let [first, clerks @ .., last] = &lines[..] else {
            panic!("too few lines");
        };
        let desk: u32 = number(first, "the first letter: [desk ", "] dear reader 1");
        assert!(desk < 3);
        let stamped = clerks.iter().map(|line| {
            let (clerk, count) = line.split_once(" stamped ").expect("a clerk's line");
            assert!(number::<u32>(clerk, "clerk-", "") < 3, "{clerk}");
            (clerk, number::<u32>(count, "", " letters"))
        });
        let (names, counts): (BTreeSet<_>, Vec<_>) = stamped.unzip();
        assert_eq!(names.len(), counts.len(), "each clerk has one line");
        assert_eq!(counts.iter().sum::<u32>(), 12);
        assert_eq!(*last, "12 letters in all");
    }

    pub(super) fn map_in_order(printed: &str) {
        assert_eq!(printed, documented("map_in_order"));
    }

    pub(super) fn producer_consumer(printed: &str) {
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0], "baked 20 sacks into 2100 loaves");
        let peak: usize = number(
            lines[1],
            "between the stages at most ",
            " sacks: room for 3 in the queue, 1 with each worker",
        );
        assert!((1..=3 + 3).contains(&peak));
    }

    pub(super) fn semaphore(printed: &str) {
        let lines: Vec<_> = printed.lines().collect();
        let (last, visits) = lines.split_last().expect("it prints");
        let (names, inside): (BTreeSet<_>, Vec<_>) = visits
            .iter()
            .map(|line| {
                let (name, rest) = line.split_once(" is in, ").expect("a visitor's line");
                (name, number::<u32>(rest, "", " inside"))
            })
            .unzip();
        let visitors = ["Ada", "Barbara", "Edsger", "Frances", "Grace", "Tony"];
        assert_eq!(names, BTreeSet::from(visitors));
        assert_eq!(inside.len(), visitors.len());
        let most = inside.into_iter().max().expect("there are visitors");
        assert!((1..=2).contains(&most));
        let said: u32 = number(last, "6 visitors, never more than ", " inside");
        assert_eq!(said, most);
    }

    pub(super) fn stoppable(printed: &str) {
        assert_eq!(printed, documented("stoppable"));
    }

    pub(super) fn ten_sleeps(printed: &str) {
        let lines: Vec<_> = printed.lines().collect();
        assert_eq!(lines.len(), 3);
        let parallel: f64 = number(lines[0], "10 sleeps on 10 workers:", " s");
        let serial: f64 = number(lines[1], "one after the other:", " s");
        let speedup: f64 = number(lines[2], "speedup:", "");
        // A sleep is never short, and whatever slows ten sleeps down slows their sum down more.
        assert!(parallel >= 1.0 && serial >= 10.0);
        assert!(parallel < serial && speedup >= 1.0);
    }

    pub(super) fn two_actions(printed: &str) {
        assert_eq!(printed, documented("two_actions"));
    }
}

#[test]
fn every_example_is_tested() {
    let tested: BTreeSet<String> = TESTED.iter().map(|&name| name.to_owned()).collect();
    let present: BTreeSet<String> = fs::read_dir(sources())
        .expect("there are examples")
        .map(|entry| entry.expect("the directory can be read").path())
        // The scripts have tests of their own.
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let name = path.file_stem().expect("an entry has a name");
            name.to_string_lossy().into_owned()
        })
        .collect();
    assert_eq!(present, tested, "left: in examples/, right: tested here");
}

/// The longest that an example may take. The slowest wants about a second.
const LIMIT: Duration = Duration::from_secs(60);

/// What the example printed; it must have succeeded and have complained about nothing.
#[expect(
    clippy::print_stdout,
    reason = "the test harness keeps it back unless the test fails"
)]
fn run(name: &str) -> String {
    let program = built(name);
    let mut child = Command::new(&program)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
    let stdout = read(child.stdout.take().expect("piped above"));
    let stderr = read(child.stderr.take().expect("piped above"));

    let in_time = ends_in_time(&mut child);
    if !in_time {
        child.kill().expect("it is this process's child");
    }
    let status = child.wait().expect("it is this process's child");
    let stdout = stdout.recv().expect("the reader sends what there is");
    let stderr = stderr.recv().expect("the reader sends what there is");

    println!("command: {}\nstatus: {status}", program.display());
    println!("--- stdout\n{stdout}--- stderr\n{stderr}---");
    assert!(in_time, "{name} was killed: still running after {LIMIT:?}");
    assert!(status.success(), "{name} failed: {status}");
    assert_eq!(stderr, "", "{name} complained");
    stdout
}

/// Reads to the end on a thread of its own, so that a full pipe never holds the child up.
fn read(mut pipe: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Whether the child ends within [`LIMIT`]. The standard library cannot wait for a child for a
/// limited time, only look whether it has ended.
fn ends_in_time(child: &mut Child) -> bool {
    let started = Instant::now();
    while child
        .try_wait()
        .expect("it is this process's child")
        .is_none()
    {
        if started.elapsed() >= LIMIT {
            return false;
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    true
}

/// The program that cargo made of an example: this test is at `…/deps/examples-<hash>`, and the
/// example beside that directory, at `…/examples/<name>`.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let program = test
        .parent()
        .and_then(Path::parent)
        .expect("cargo puts tests into a directory `deps`")
        .join("examples")
        .join(format!("{name}{EXE_SUFFIX}"));
    assert!(
        program.is_file(),
        "{} is not there: a plain `cargo test` builds it, for one test do `cargo build --examples`",
        program.display()
    );
    program
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// The text block of an example's opening comment: what it says that it prints.
fn documented(name: &str) -> String {
    let path = sources().join(format!("{name}.rs"));
    let source = fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    source
        .lines()
        .skip_while(|line| *line != "//! ```text")
        .skip(1)
        .take_while(|line| *line != "//! ```")
        .map(|line| format!("{}\n", line.strip_prefix("//! ").unwrap_or_default()))
        .collect()
}

/// The number between `before` and `after` in a line that is nothing else.
fn number<T: std::str::FromStr>(line: &str, before: &str, after: &str) -> T {
    line.strip_prefix(before)
        .and_then(|rest| rest.strip_suffix(after))
        .and_then(|number| number.trim().parse().ok())
        .unwrap_or_else(|| panic!("not `{before}<number>{after}`: {line:?}"))
}
