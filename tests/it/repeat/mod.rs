//! `--repeat`: the whole input several times, or over and over for a time.

mod by_time;

use std::collections::BTreeSet;
use std::fs::{self, File};

use rustix::process::Signal;

use crate::fifo::make_fifo;
use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Server, routes};

/// The indexes of the results, in their order.
fn indexes(run: &Run) -> Vec<u64> {
    let results = run.results();
    let indexes = results.iter().map(|result| result["index"].as_u64());
    indexes.map(Option::unwrap_or_default).collect()
}

#[test]
fn one_url_is_fetched_so_often() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let run = pfetch(&["--repeat", "50", "-j4", &url]).run().exits(0);
    let run = run.says_nothing().prints("  50 URLs: 50 ok, 0 failed · ");
    run.check("50 requests", server.requests() == 50);
    // As often as without it.
    let run = pfetch(&["--repeat=1", &url]).run().exits(0);
    run.prints("  1 URL: 1 ok, 0 failed · ");
    assert_eq!(server.requests(), 51);
    // The last one counts.
    let run = pfetch(&["--repeat=50", "--repeat=2", &url]).run();
    run.exits(0).prints("  2 URLs: 2 ok, 0 failed · ");
}

#[test]
fn each_round_has_the_arguments_and_then_the_lists_in_their_order() {
    let server = Server::start();
    let dir = Dir::new();
    let path = |n: usize| format!("/bytes/{n}");
    let one = dir.file("one", format!("{}\n# comment\n", server.url(&path(2))));
    let two = dir.file("two", format!("{}\nftp://bad\n", server.url(&path(3))));
    let argument = server.url(&path(1));
    let args = [
        "-j1",
        "--format=jsonl",
        "--repeat=3",
        "-i",
        &one,
        "-i",
        &two,
    ];
    let run = pfetch(&[&args[..], &[&argument]].concat()).run().exits(1);
    let expected: Vec<String> = (0..9).map(|n| path(n % 3 + 1)).collect();
    run.check("in their order", server.targets() == expected);
    let results = run.results();
    let bad = results
        .iter()
        .filter(|result| result["outcome"] == "failed");
    let bad: Vec<_> = bad.map(|bad| bad["index"].as_u64()).collect();
    run.check("bad lines too", bad == [3, 7, 11].map(Some));
    run.check("12 in all", run.summary()["targets"] == 12);
}

#[test]
fn standard_input_that_is_a_file_is_repeated() {
    let server = Server::start();
    let dir = Dir::new();
    let list = dir.file("list", format!("{}\n", server.url("/bytes/1")));
    for args in [
        &["--repeat=3"][..],
        &["--repeat=3", "-"],
        &["--repeat=3", "-i", "/dev/stdin"],
    ] {
        let before = server.requests();
        let stdin = File::open(&list).expect("it was made");
        let run = pfetch(args).stdin_from(stdin).end();
        run.exits(0).prints("  3 URLs: 3 ok, 0 failed · ");
        assert_eq!(server.requests() - before, 3, "{args:?}");
    }
}

#[test]
fn what_can_be_read_only_once_is_refused_before_anything_is_fetched() {
    let server = Server::start();
    let url = server.url("/bytes/1");
    let dir = Dir::new();
    let fifo = dir.path().join("fifo");
    make_fifo(&fifo);
    let fifo = fifo.display().to_string();
    let list = dir.file("list", format!("{url}\n"));
    for repeat in ["--repeat=3", "--repeat=10s"] {
        for (args, name) in [
            (&[][..], "standard input"),
            (&["-"], "standard input"),
            (&["-i", "-", &*url], "standard input"),
            (&["-i", "/dev/stdin", &url], "/dev/stdin"),
            (&["-i", "/dev/stdin", "--dry-run"], "/dev/stdin"),
            // Nobody writes to it: to open it would not end.
            (&["-i", &list, "-i", &fifo], &*fifo),
            (&["-i", &fifo, "--compare"], &fifo),
        ] {
            // Another reason, which is told first.
            if repeat.ends_with('s') && (args.contains(&"--compare") || args.contains(&"--dry-run"))
            {
                continue;
            }
            let args = [&[repeat], args].concat();
            let run = pfetch(&args).stdin(format!("{url}\n")).run().exits(2);
            let run = run.complains_in_a_line();
            run.says(&format!("pfetch: {name} can be read only once, "))
                .says(
                    "save it in one, and give that with -i FILE, or name the URLs as arguments\n",
                );
        }
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn numbers_that_say_nothing_are_refused_with_what_to_write() {
    let server = Server::start();
    let url = server.url("/");
    for (value, words) in [
        ("0", "give 1 at least"),
        (
            "-1",
            "as 1000, or for how long, with the unit, as 10s or 5m",
        ),
        ("1.5", "as 1000, or for how long"),
        ("often", "as 1000, or for how long"),
        ("0s", "give a longer one"),
        ("-5s", "as 1000, or for how long"),
        ("5x", "a number alone is how often"),
    ] {
        let run = pfetch(&["--repeat", value, &url]).run().exits(2);
        let run = run.complains_in_a_line().says(words);
        run.says(&format!(
            "invalid value '{value}' for '--repeat <N|TIME>': "
        ));
    }
    assert_eq!(server.requests(), 0);
}

#[test]
fn files_are_named_and_kept_as_those_of_a_list_with_the_lines_so_often() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let (repeated, listed) = (Dir::new(), Dir::new());
    let list = listed.file("urls", format!("{url}\n").repeat(3));
    let names = |dir: &Dir| -> BTreeSet<String> {
        let entries = fs::read_dir(dir.path().join("out")).expect("it was made");
        let names = entries.map(|entry| entry.expect("it can be read").file_name());
        names
            .map(|name| name.into_string().expect("it is UTF-8"))
            .collect()
    };
    let once = ["-d", "out", "--repeat=3", &url];
    let as_list = ["-d", "out", "-i", &list];
    pfetch(&once).current_dir(repeated.path()).run().exits(0);
    pfetch(&as_list).current_dir(listed.path()).run().exits(0);
    assert_eq!(names(&repeated), names(&listed));
    assert_eq!(names(&repeated).len(), 3, "{:?}", names(&repeated));
    let planned = |args: &[&str], dir: &Dir| {
        let args = [args, &["--dry-run"]].concat();
        let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
        run.stdout
    };
    assert_eq!(planned(&once, &repeated), planned(&as_list, &listed));
}

#[test]
fn a_dry_run_shows_each_round() {
    let server = Server::start();
    let [a, b] = ["/a", "/b"].map(|path| server.url(path));
    let run = pfetch(&["--dry-run", "--repeat=3", &a, &b]).run().exits(0);
    run.check("a", run.stdout.matches(&a).count() == 3);
    run.check("b", run.stdout.matches(&b).count() == 3);
    let args = ["--dry-run", "--format=jsonl", "--repeat=2", &a, &b];
    let run = pfetch(&args).run().exits(0);
    let indexes: Vec<_> = run
        .json()
        .iter()
        .map(|line| line["index"].clone())
        .collect();
    run.check("indexes go on", indexes == [0, 1, 2, 3]);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_repeated_list_is_resumed_where_it_failed() {
    let dir = Dir::new();
    let late = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::with(move |request, reply| {
        let is_late = request.target == "/late";
        // Two of four fail in the first run.
        let has_failed = is_late && late.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < 2;
        match (has_failed, is_late) {
            (true, _) => reply.send(404, "", b""),
            (false, true) => reply.send(200, "", b"late"),
            (false, false) => routes(request, reply),
        }
    });
    let list = ["/bytes/1", "/late", "/bytes/2"].map(|path| server.url(path) + "\n");
    let list = dir.file("list", list.concat());
    let args = [
        "-i",
        &list,
        "--repeat=4",
        "-j1",
        "--log=run.log",
        "--resume",
    ];
    let resumed = || pfetch(&args).current_dir(dir.path()).run();
    let first = resumed().exits(1);
    first.check("2 of 12", first.stdout.contains("12 URLs: 10 ok, 2 failed"));
    let before = server.requests();
    let second = resumed().exits(0).prints("10 done before");
    let sent = server.targets().split_off(before);
    second.check(&format!("{sent:?}"), sent == ["/late", "/late"]);
    resumed()
        .exits(0)
        .prints("nothing left to do: 12 done before");
    assert_eq!(server.requests(), before + 2);
}

#[test]
fn shards_of_a_repeated_list_have_it_all_together() {
    let server = Server::start();
    let dir = Dir::new();
    let lines: String = (1..=3)
        .map(|n| server.url(&format!("/bytes/{n}")) + "\n")
        .collect();
    let list = dir.file("list", lines);
    let mut all = Vec::new();
    for shard in ["0/2", "1/2"] {
        let args = [
            "--shard",
            shard,
            "--shard-by=line",
            "--repeat=5",
            "--format=jsonl",
        ];
        let run = pfetch(&[&args[..], &["-i", &list]].concat()).run().exits(0);
        let taken = indexes(&run);
        run.check(&format!("{taken:?}"), taken.len() >= 7);
        all.extend(taken);
    }
    all.sort_unstable();
    assert_eq!(all, (0..15).collect::<Vec<u64>>());
}

#[test]
fn bodies_and_results_in_the_order_of_the_input_have_all_rounds() {
    let server = Server::with(|request, reply| {
        let text = format!("{} ", request.target);
        reply.send(200, "", text.as_bytes())
    });
    let [a, b] = ["/a", "/b"].map(|path| server.url(path));
    let run = pfetch(&["--cat", "--repeat=3", "-j4", &a, &b])
        .run()
        .exits(0);
    run.check("in order", run.stdout == "/a /b /a /b /a /b ");
    let args = [
        "--order=input",
        "--format=jsonl",
        "--repeat=20",
        "-j4",
        &a,
        &b,
    ];
    let run = pfetch(&args).run().exits(0);
    run.check("in order", indexes(&run).is_sorted());
    run.check("all", run.summary()["targets"] == 40);
}

#[test]
fn one_file_is_for_one_url_fetched_once() {
    let server = Server::start();
    let dir = Dir::new();
    let file = format!("{}/file", dir.path().display());
    let run = pfetch(&["--repeat=2", "-o", &file, &server.url("/bytes/1")]).run();
    run.exits(2).says("-o is for one URL on the command line");
    let run = pfetch(&["--repeat=2", "-o/dev/null", &server.url("/bytes/1")]).run();
    run.exits(0).prints("2 URLs: 2 ok");
}

#[test]
fn each_arm_of_a_comparison_fetches_all_rounds() {
    let server = Server::start();
    let url = server.url("/bytes/5");
    let args = [
        "--compare",
        "--repeat=20",
        "-j4",
        "--runs=1",
        "--warmup=0",
        &url,
    ];
    let run = pfetch(&args).run().exits(0);
    run.check("20 in both", server.requests() == 40);
    let run = run.never_shows("nothing to compare");
    run.prints("20 URLs");
    let args = ["--sweep=1,2", "--repeat=10", "--runs=1", "--warmup=0", &url];
    pfetch(&args).run().exits(0);
    assert_eq!(server.requests(), 60);
}

#[test]
fn as_many_workers_as_urls_are_fetched() {
    let server = Server::start();
    let args = ["--repeat=3", "--format=jsonl", &server.url("/bytes/1")];
    let run = pfetch(&args).run().exits(0);
    let lines = run.json();
    run.check("three", lines[0]["workers"] == 3);
    let args = ["--repeat=1000000", "--dry-run", "--strict", "ftp://bad"];
    pfetch(&args).run().exits(2).says("stopped there: --strict");
}

#[test]
fn no_more_than_a_round_is_read_ahead_for_hosts_that_there_are_not() {
    let server = Server::start();
    // All workers but one are idle, and would be so with any number of rounds.
    let args = ["--per-host=1", "-j8", "--repeat=1000000", "--format=jsonl"];
    let mut running = pfetch(&[&args[..], &[&server.url("/bytes/1")]].concat()).start();
    for _ in 0..500 {
        running.line();
    }
    running.signal(Signal::INT);
    let run = running.end().exits(130);
    let summary = run.summary();
    run.check("all are counted", summary["listed"] == 1_000_000);
    // What was read and not begun is told of.
    let skipped = summary["skipped"].as_u64().unwrap_or(u64::MAX);
    run.check(&format!("{skipped} read ahead"), skipped < 3_000);
}

#[cfg(target_os = "linux")]
#[test]
fn memory_does_not_grow_with_the_rounds() {
    const FEW: usize = 2_000;
    const MANY: usize = 30_000;
    let server = Server::start();
    let url = format!("{}?{}", server.url("/bytes/1"), "x".repeat(200));
    let mut running = pfetch(&["-j4", "--format=jsonl", "--repeat=100000", &url]).start();
    for _ in 0..FEW {
        running.line();
    }
    let after_few = crate::cli_input::peak_memory(&running);
    for _ in FEW..MANY {
        running.line();
    }
    let after_many = crate::cli_input::peak_memory(&running);
    running.signal(Signal::INT);
    running.end().exits(130);
    // 200 bytes kept of each would be more than 5,000 kB.
    assert!(
        after_many < after_few + 3_000,
        "{after_few} kB, then {after_many} kB"
    );
}
