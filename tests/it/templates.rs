//! Lines by a template (`--format TEMPLATE`): what stands on which stream, and which templates are refused.

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

#[test]
fn only_the_lines_of_a_template_go_to_standard_output() {
    let server = Server::start();
    let (good, moved, bad) = (
        server.url("/bytes/1000"),
        server.url("/redirect/1"),
        server.url("/status/404"),
    );
    let args = [
        "--order=input",
        r"--format={index}\t{status}\t{bytes}\t{url}\t{final_url}\t{error}",
        &good,
        &moved,
        &bad,
        "ftp://h/",
    ];
    let run = pfetch(&args).run().exits(1);
    let end = server.url("/redirect/0");
    let expected = format!(
        "0\t200\t1000\t{good}\t{good}\t\n1\t200\t8\t{moved}\t{end}\t\n2\t404\t11\t{bad}\t{bad}\tnot found\n\
         3\t000\t0\tftp://h/\tftp://h/\targument 4: scheme \"ftp\" is not supported; use http or https\n"
    );
    run.check("these lines", run.stdout == expected);
    let run = run.says("  4 URLs: 2 ok, 2 failed");
    run.check("no line of a URL", !run.stderr.contains("not found"));
}

#[test]
fn failures_that_a_template_does_not_show_are_said_on_standard_error() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/404"));
    // As it stands in many a script.
    let template = r"--format=%{http_code} %{url}\n";
    let run = pfetch(&["-j1", template, &good, &bad]).run().exits(1);
    run.check(
        "both lines",
        run.stdout == format!("200 {good}\n404 {bad}\n"),
    );
    run.says(&format!("{bad}  not found\n\n  2 URLs: 1 ok, 1 failed"));
    let run = pfetch(&["-j1", "-qq", template, &good]).run().exits(0);
    run.says_nothing().prints(&format!("200 {good}\n"));
}

#[test]
fn a_template_shows_where_a_body_was_saved_and_how_long_it_took() {
    let (server, dir) = (Server::start(), Dir::new());
    let args = [
        r"--format={path}\0{time} {ttfb} {type}\n",
        "-d",
        "d",
        &server.url("/delay/20/5"),
    ];
    let run = pfetch(&args).current_dir(dir.path()).run().exits(0);
    let (path, rest) = run.stdout.split_once('\0').expect("the path has its end");
    let mut words = rest.split_whitespace();
    let mut seconds = || words.next().and_then(|word| word.parse::<f64>().ok());
    let (time, ttfb) = (seconds(), seconds());
    run.check("the path", path == "d/5");
    run.check(
        "as slow as the server",
        time.is_some_and(|time| time >= 0.02),
    );
    run.check("the first byte before the last", ttfb <= time);
}

#[test]
fn what_is_no_template_is_refused_with_what_to_write_instead() {
    for (format, advice) in [
        (
            "json",
            "write --export json=FILE, or json=- for standard output",
        ),
        ("csv", "write --export csv=FILE"),
        ("markdown", "write --export md=FILE"),
        ("ndjson", "write --format jsonl"),
        ("text", "there are {url} {final_url} {status}"),
        ("{stat}", "column 1: there is no {stat}; there are {url}"),
        ("%{size_header}", "pfetch has no %{size_header}"),
        ("{status} {url", "column 10: this brace is not closed"),
    ] {
        let run = pfetch(&["--format", format, "http://127.0.0.1:1/"]).run();
        run.exits(2).complains_in_a_line().says(advice);
    }
    let run = pfetch(&["--format={url}", "--summary-only", "http://127.0.0.1:1/"]).run();
    run.exits(2)
        .complains_in_a_line()
        .says("--summary-only leaves no line for a template");
}

#[test]
fn of_a_comparison_the_lines_of_one_run_are_printed() {
    let server = Server::start();
    let urls = [server.url("/bytes/1"), server.url("/bytes/2")];
    let args = [
        "--compare",
        "--runs=2",
        "--format={bytes}",
        &urls[0],
        &urls[1],
    ];
    let run = pfetch(&args).run().exits(0);
    let mut lines: Vec<_> = run.stdout.lines().collect();
    lines.sort_unstable();
    run.check("a line for each URL", lines == ["1", "2"]);
    run.says("  verdict ");
}

#[test]
fn json_lines_can_be_the_run_and_its_summary_alone() {
    let server = Server::start();
    let (good, bad) = (server.url("/bytes/1"), server.url("/status/404"));
    let kinds = |options: &[&str]| {
        let args = [&["--format=jsonl"], options, &[&good, &bad]].concat();
        let run = pfetch(&args).run().exits(1);
        let lines = run.json();
        let kinds = lines.iter().map(|line| line["type"].as_str());
        kinds
            .map(|kind| kind.unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    let all = ["run", "result", "result", "summary"];
    assert_eq!(kinds(&["--summary-only"]), ["run", "summary"]);
    assert_eq!(kinds(&["-q"]), all);
    assert_eq!(kinds(&["-qq"]), all);
}
