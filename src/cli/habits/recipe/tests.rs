//! Whole lines of other programs, and the lines that they get to paste.

use std::ffi::OsString;

use super::find;
use crate::cli::args::TypedArgs;
use crate::cli::habits::own::OwnOptions;

fn found(line: &str) -> Option<String> {
    let own = OwnOptions::of(&TypedArgs::described());
    let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    find(&arguments, &own)
}

#[test]
fn a_line_with_another_mistake_has_more_to_be_said() {
    assert!(found("-n 5 -c 2 h").is_some());
    for other in [
        "-X POST",
        "--data x",
        "--unheard-of",
        "-c jar",
        "-o csv",
        "-d body",
    ] {
        assert_eq!(found(&format!("-n 5 {other} h")), None, "{other}");
    }
}

#[test]
fn lines_of_load_generators_and_of_hyperfine_have_a_line_to_paste() {
    for (line, start, end) in [
        (
            "-n 200 -c 10 h",
            "-n 200 -c 10: requests",
            ": pfetch -j 10 --repeat 200 --summary-only h",
        ),
        (
            "-n1000 h",
            "-n1000: requests",
            ": pfetch --repeat 1000 --summary-only h",
        ),
        (
            "-k -n 9 -c 2 -S h",
            "-n 9 -c 2: ",
            "Here: pfetch -j 2 --repeat 9 --summary-only -k h",
        ),
        (
            "-c 5 -q 50 -n 20 h",
            "-c 5 -q 50 -n 20: ",
            ": pfetch -j 5 --rate 50/s --repeat 20 --summary-only h",
        ),
        (
            "-c 5 -q 50 h",
            "-c 5 -q 50: ",
            ": pfetch -j 5 --rate 50/s --repeat 200 --summary-only h",
        ),
        (
            "-t2 -c10 -d5s h",
            "-t2 -c10 -d5s: threads, connections and time of a load test (wrk)",
            ": pfetch -j 10 --repeat 5s --summary-only h",
        ),
        (
            "--threads 2 --connections=10 --duration 1m -R 9 h",
            "--threads 2 --connections=10 --duration 1m -R 9: threads",
            ": pfetch -j 10 --rate 9/s --repeat 1m --summary-only h",
        ),
        (
            "-t 2 -c 10 h",
            "-t 2 -c 10: threads",
            ": pfetch -j 10 --repeat 10s --summary-only h",
        ),
        (
            "-c 125 -d 10s h",
            "-c 125 -d 10s: a load test",
            ": pfetch -j 125 --repeat 10s --summary-only h",
        ),
        (
            "-z 10s -c 5 h",
            "-z 10s -c 5: a load test",
            ": pfetch -j 5 --repeat 10s --summary-only h",
        ),
        (
            "-z 10 h",
            "-z 10: a load test",
            ": pfetch --repeat 10s --summary-only h",
        ),
        (
            "-r 5 -c 10 h",
            "-r 5 -c 10: users and rounds",
            ": pfetch -j 10 --repeat 50 --summary-only h",
        ),
        (
            "-r 5 -w 1 -m 3 -M 10 h",
            "-r 5 -w 1 -m 3 -M 10: these are runs",
            "Here: pfetch --compare -j 8 --repeat 20 --runs 5 --warmup 1 h",
        ),
        (
            "-w 0 -M 10 h",
            "-w 0 -M 10: ",
            ": pfetch --compare -j 8 --repeat 20 --max-runs 10 --warmup 0 h",
        ),
        (
            "-M 1 h",
            "-M 1: ",
            ": pfetch --compare -j 8 --repeat 20 --max-runs 3 h",
        ),
        (
            "-r 5 h",
            "-r 5: ",
            ": pfetch --compare -j 8 --repeat 20 --runs 5 h",
        ),
        (
            "-w 2 -m 5 h",
            "-w 2 -m 5: ",
            ": pfetch --compare -j 8 --repeat 20 --warmup 2 h",
        ),
        (
            "-w 3 -r 5 a b",
            "-w 3 -r 5: ",
            ": pfetch --compare --runs 5 --warmup 3 a b",
        ),
        (
            "-n 1 -P 4 h",
            "-n 1 -P 4: URLs of a process, and processes at once (xargs)",
            ": pfetch -j 4 h",
        ),
        (
            "-r 100- h",
            "-r 100-: a part of the body (curl)",
            ": pfetch -H 'Range: bytes=100-' h",
        ),
        (
            "-C 5 -o f h",
            "-C 5: a part",
            ": pfetch -H 'Range: bytes=5-' -o f h",
        ),
        (
            "-r -500 -O http://h/",
            "-r -500: a part",
            ": pfetch -H 'Range: bytes=-500' --dir=. http://h/",
        ),
        // What else is there stays, in pfetch's words.
        (
            "-n 5 -i list -A me --timeout 3s -k -H Accept:a/b",
            "-n 5: requests of a load test (hey, oha, ab), and --repeat has the whole list so often",
            ": pfetch --repeat 5 --summary-only -i list -A me --timeout 3s -k -H Accept:a/b",
        ),
        (
            "-z 5s -m 3 -sSL --no-check-certificate h j?a&b",
            "-z 5s: a load",
            ": pfetch --repeat 5s --summary-only --timeout=3 --silent --insecure h 'j?a&b'",
        ),
        (
            "-n 5 -q -v h",
            "-n 5: ",
            ": pfetch --repeat 5 --summary-only -v h",
        ),
        // But for secrets, and what may be one.
        (
            "-n 5 -H X-A:hush -u hush:hush -x http://hush:hush@h -A a h",
            "-n 5: ",
            "Here (add your -H x-a, -u, -x at its end): pfetch --repeat 5 --summary-only -A a h",
        ),
        (
            "-r 0-9 -d password=hush h",
            "-r 0-9: ",
            "Here (add your -d at its end): pfetch -H 'Range: bytes=0-9' h",
        ),
    ] {
        let message = found(line).unwrap_or_default();
        assert!(
            message.starts_with(start) && message.ends_with(end),
            "{line}: {message:?}"
        );
        assert!(!message.contains("hush"), "{message}");
    }
}

#[test]
fn single_options_that_are_several_programs_show_none() {
    for line in [
        "h",
        "-c 10 h",
        "-w 3 h",
        "-m 3 h",
        "-t 3 h",
        "-q 50 h",
        "-d 5s h",
        "-r h",
        "-n h",
        "-c -n",
        "-z date h",
        "-R 5 h",
        "-w %{http_code} -m 3 h",
        "-n 1.5 h",
        "-- -n 5",
        "-H -n h 5",
        "--header=-n5 h",
    ] {
        let is_load = line == "-d 5s h";
        assert_eq!(found(line).is_some(), is_load, "{line}: {:?}", found(line));
    }
}

#[test]
fn urls_are_words_of_a_shell_and_show_no_credentials() {
    for (url, expected) in [
        (
            "http://h/a?b=c&d",
            "pfetch --repeat 5 --summary-only 'http://h/a?b=c&d'",
        ),
        (
            "http://h/it's",
            "--repeat 5 --summary-only 'http://h/it'\\''s'",
        ),
        ("http://h/$(x)", "--repeat 5 --summary-only 'http://h/$(x)'"),
        ("http://u:hush@h/", "pfetch --repeat 5 --summary-only URL"),
        ("http://h/\u{1b}", "pfetch --repeat 5 --summary-only URL"),
        (
            "http://a/ http://b/",
            "pfetch --repeat 5 --summary-only http://a/ http://b/",
        ),
        (
            "http://a/ http://u:hush@h/",
            "pfetch --repeat 5 --summary-only URL",
        ),
        ("-", "pfetch --repeat 5 --summary-only URL"),
    ] {
        let message = found(&format!("-n 5 {url}")).unwrap_or_default();
        assert!(message.contains(expected), "{url}: {message}");
    }
}

#[test]
fn a_line_with_a_measurement_of_pfetchs_is_no_load_generators() {
    for own in [
        "--compare",
        "--compare --runs 3",
        "--sweep 1,2,4",
        "--runs 3",
        "--warmup 3",
        "--repeat 5",
        "--summary-only",
        "--assert p95<1s",
        "-j 4",
        "--save-baseline f",
    ] {
        for load in ["-c 8", "-n 5", "-z 5s", "-t 2 -c 8"] {
            assert_eq!(found(&format!("{load} {own} h")), None, "{load} {own}");
        }
    }
    assert_eq!(found("--sweep 1,2 -w 3 -r 5 h"), None);
    // This one is hyperfine's too.
    assert!(found("--compare -w 3 -r 5 h").is_some());
}

#[test]
fn values_are_found_behind_a_blank_and_without_one() {
    let options = ["-t 12", "-c 400", "-d 30s"];
    let joined = options.map(|option| option.replace(' ', ""));
    for places in [[0, 1, 2], [2, 0, 1], [1, 2, 0], [2, 1, 0]] {
        for mixture in 0..8_u8 {
            let typed = places.map(|place| match mixture >> place & 1 {
                0 => options[place],
                _ => &joined[place],
            });
            for line in [
                typed.join(" ") + " h",
                format!("h {}", typed.join(" ")),
                format!("{} h {} --latency {}", typed[0], typed[1], typed[2]),
            ] {
                let message = found(&line).unwrap_or_default();
                let shown = format!("{}: threads, connections", typed.join(" "));
                assert!(message.starts_with(&shown), "{line}: {message}");
                assert!(
                    message.ends_with(": pfetch -j 400 --repeat 30s --summary-only h"),
                    "{line}: {message}"
                );
            }
        }
    }
}
