//! Whole lines of other programs, and the lines that they get to paste.

use std::ffi::OsString;

use super::find;
use crate::cli::args::TypedArgs;
use crate::cli::habits::own::OwnOptions;

fn found(line: &str) -> Option<String> {
    let own = OwnOptions::of(&TypedArgs::described());
    let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    find(&arguments, &own, std::iter::empty::<&str>())
}

#[test]
fn a_line_with_another_mistake_has_more_to_be_said() {
    let own = OwnOptions::of(&TypedArgs::described());
    let arguments = ["-n", "5", "-c", "2", "-X", "POST", "h"].map(OsString::from);
    let find = |mistaken: &[&str]| find(&arguments, &own, mistaken.iter());
    assert!(find(&["-n", "-c"]).is_some());
    assert_eq!(find(&["-n", "-X"]), None);
}

#[test]
fn lines_of_load_generators_and_of_hyperfine_have_a_line_to_paste() {
    for (line, start, end) in [
        (
            "-n 200 -c 10 h",
            "-n 200 -c 10: requests",
            ": pfetch -j 10 --repeat 200 h",
        ),
        ("-n1000 h", "-n1000: requests", ": pfetch --repeat 1000 h"),
        (
            "-k -n 9 -c 2 -S h",
            "-n 9 -c 2: ",
            "Here: pfetch -j 2 --repeat 9 h",
        ),
        (
            "-c 5 -q 50 -n 20 h",
            "-c 5 -q 50 -n 20: ",
            ": pfetch -j 5 --rate 50/s --repeat 20 h",
        ),
        (
            "-c 5 -q 50 h",
            "-c 5 -q 50: ",
            ": pfetch -j 5 --rate 50/s --repeat 200 h",
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
            ": pfetch -j 10 --repeat 50 h",
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
            ": pfetch --compare --runs 5 --warmup 3 URL",
        ),
        // A header may be a secret, so other options are not repeated.
        (
            "-n 5 -H A:hush h",
            "-n 5: ",
            "Here (add your other options at its end): pfetch --repeat 5 h",
        ),
    ] {
        let message = found(line).unwrap_or_default();
        assert!(
            message.starts_with(start) && message.ends_with(end),
            "{line}: {message}"
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
        "-r 0-99 h",
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
        ("http://h/a?b=c&d", "pfetch --repeat 5 'http://h/a?b=c&d'"),
        ("http://h/it's", "--repeat 5 'http://h/it'\\''s'"),
        ("http://h/$(x)", "--repeat 5 'http://h/$(x)'"),
        ("http://u:hush@h/", "pfetch --repeat 5 URL"),
        ("http://h/\u{1b}", "pfetch --repeat 5 URL"),
        ("http://a/ http://b/", "pfetch --repeat 5 URL"),
        ("-", "pfetch --repeat 5 URL"),
    ] {
        let message = found(&format!("-n 5 {url}")).unwrap_or_default();
        assert!(message.contains(expected), "{url}: {message}");
    }
}
