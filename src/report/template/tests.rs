//! Templates: their two syntaxes, their mistakes, and what they show.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::model::outcome::{Failure, FailureKind, Hop, Saved, Verdict};
use crate::model::target::Verb;
use crate::model::timing::Phase;

fn outcome() -> Outcome {
    let mut outcome = Outcome::new(7, Arc::from("http://h/a"), Verb::Get);
    outcome.bytes = 1234;
    outcome.last.status = Some(200);
    outcome.last.content_type = Some(Arc::new("text/html; charset=utf-8".to_owned()));
    outcome.last.remote = Some(SocketAddr::from(([127, 0, 0, 1], 80)));
    outcome.last.requests = 4;
    let hop = Hop {
        url: Arc::from("http://h/a"),
        status: 302,
    };
    outcome.details_mut().redirects = vec![hop.clone(), hop];
    outcome.details_mut().final_url = Some(Arc::from("http://h/b"));
    outcome.details_mut().saved = Some(Saved {
        path: PathBuf::from("d/a"),
        bytes: 1234,
        sha256: None,
        resumed_from: None,
    });
    outcome
}

fn rendered(template: &str, outcome: &Outcome) -> String {
    let template = match Template::parse(template) {
        Ok(template) => template,
        Err(error) => panic!("{template}: {error}"),
    };
    let mut line = String::new();
    template.render(outcome, &mut line);
    line
}

#[test]
fn fields_escapes_and_braces_stand_for_what_they_mean() {
    for (template, line) in [
        ("{url}", "http://h/a\n"),
        (r"{status}\t{bytes}\n", "200\t1234\n"),
        (r"{index} {final_url} {path}\n", "7 http://h/b d/a\n"),
        (r"{path}\0", "d/a\0"),
        (r"{type}\\", "text/html; charset=utf-8\\\n"),
        (r#"{{"u": "{url}"}}"#, "{\"u\": \"http://h/a\"}\n"),
        ("{{{status}}}", "{200}\n"),
        ("{redirects} {attempts}", "2 4\n"),
        ("{remote} {remote_ip}", "127.0.0.1:80 127.0.0.1\n"),
        ("100 % {status} %% é {url}x", "100 % 200 %% é http://h/ax\n"),
        ("[{error}|{time}|{ttfb}]", "[||]\n"),
    ] {
        assert_eq!(rendered(template, &outcome()), line, "{template}");
    }
}

#[test]
fn what_curl_writes_out_is_translated() {
    for (template, line) in [
        (r"%{http_code} %{url}\n", "200 http://h/a\n"),
        (
            "%{response_code}%%%{size_download} %{url_effective}",
            "200%1234 http://h/b\n",
        ),
        (
            r"%{urlnum}:%{content_type}:%{filename_effective}\r\n",
            "7:text/html; charset=utf-8:d/a\r\n",
        ),
        ("%{num_redirects} %{remote_ip}", "2 127.0.0.1\n"),
        (r"{%{errormsg}} \q { }", "{} \\q { }\n"),
        (r"{%{time_total}%{time_starttransfer}", "{\n"),
        (
            "%{scheme}[%{time_namelookup}%{time_connect}%{time_appconnect}]",
            "http[]\n",
        ),
    ] {
        assert_eq!(rendered(template, &outcome()), line, "{template}");
    }
}

#[test]
fn the_times_of_setting_up_a_connection_count_up_to_the_end_of_each_phase() {
    const MS: Duration = Duration::from_millis(1);
    let phases = [
        (Phase::Blocked, 64),
        (Phase::Dns, 1),
        (Phase::Connect, 2),
        (Phase::Ssl, 4),
        (Phase::Send, 8),
        (Phase::Wait, 16),
    ];
    let template = "%{time_namelookup} %{time_connect} %{time_appconnect}";
    let of = |is_there: fn(Phase) -> bool| {
        let mut timed = outcome();
        for (phase, time) in phases.into_iter().filter(|(phase, _)| is_there(*phase)) {
            timed.last.timing.set(phase, Some(time * MS));
        }
        rendered(template, &timed)
    };
    assert_eq!(of(|_| true), "0.001000 0.003000 0.007000\n");
    // An address needs no look-up, and http no handshake.
    assert_eq!(
        of(|phase| !matches!(phase, Phase::Dns | Phase::Ssl)),
        " 0.002000 \n"
    );
    // A connection that is used again needs nothing, and no zero is made up for it.
    assert_eq!(of(|phase| phase == Phase::Wait), "  \n");
}

#[test]
fn a_failure_has_no_status_and_a_reason_without_control_characters() {
    let failure = Failure {
        kind: FailureKind::Connect,
        phase: None,
        message: "refused\x1b[2J".to_owned(),
        is_transient: false,
        is_alone: false,
    };
    let failed = Outcome::untried(0, Arc::from("http://h/"), Verb::Get, failure);
    assert_eq!(failed.verdict, Verdict::Failed);
    assert_eq!(
        rendered("{status} {bytes} {error}", &failed),
        "000 0 connect: refused\\u{1b}[2J\n"
    );
    let mut hostile = outcome();
    hostile.last.content_type = Some(Arc::new("a\r\nb\u{202e}".to_owned()));
    assert_eq!(rendered("{type}", &hostile), "a\\u{d}\\u{a}b\\u{202e}\n");
}

#[test]
fn mistakes_are_told_with_their_column() {
    let column = |column: usize| format!("column {column}: ");
    for (template, beginning, advice) in [
        ("", "it is human, jsonl or a template".to_owned(), "{index}"),
        ("plain", "it is human".to_owned(), "{url}"),
        ("{{url}}", "it is human".to_owned(), "{url}"),
        (
            "é {staus}",
            column(3),
            "{staus}; there are {url} {final_url}",
        ),
        ("{url} {}", column(7), "there is no {}"),
        ("{url", column(1), "written {{"),
        ("{url} {", column(7), "not closed"),
        (r#"{"u": "{url}"}"#, column(1), "written {{"),
        ("{url}}", column(6), "written }}"),
        (r"{url}\x", column(6), r"\n, \t, \r, \0 and \\"),
        (r"{url}\", column(6), "no such escape"),
        ("%{url", column(1), "not closed"),
        (
            "é%{size_header}",
            column(2),
            "pfetch has no %{size_header}; there are %{http_code}",
        ),
        (
            "%{json}",
            column(1),
            "pfetch has no %{json}: --format jsonl",
        ),
        ("%{exitcode}", column(1), "pfetch has no %{exitcode}: %{errormsg} is the reason"),
        (
            "%{redirect_url}",
            column(1),
            ": --max-redirects 0 -v shows where it leads, %{url_effective} where",
        ),
        ("%{num_retries}", column(1), ": {attempts} is one more"),
        (
            "%{time_redirect}",
            column(1),
            ": --format jsonl has the phases",
        ),
        ("%{url} %header{etag}", column(8), "pfetch has no %header{etag}: "),
        (
            "%header{etag}",
            column(1),
            "--format jsonl -v has the headers",
        ),
        ("%{stderr}%{url}", column(1), "%{stderr}"),
        (
            "%{a}%{json} é%{url}%{b}%{stderr}",
            "column 5: pfetch has no %{json}: --format jsonl has everything; column 24: pfetch has no %{stderr}: "
                .to_owned(),
            "summary; column 1: pfetch has no %{a}; column 20: pfetch has no %{b}; there are %{http_code} ",
        ),
        (
            "%{url} {status}",
            column(8),
            "{status} and curl's %{…} do not go together; write %{http_code} for it, or {…} for all",
        ),
        (
            "%{url} {attempts}",
            column(8),
            "{attempts} and curl's %{…} do not go together; write {…} for all of them",
        ),
        (
            "%{final_url}",
            column(1),
            "write %{url_effective} for it, or {final_url}, and {…} for all others",
        ),
        (
            "%{attempts} %{url}",
            column(1),
            "curl has no %{attempts}; write {attempts}, and {…} for all others",
        ),
        (
            "@fmt",
            "files of templates are not read".to_owned(),
            "\"$(cat fmt)\"",
        ),
        ("@", "it is human".to_owned(), "{url}"),
    ] {
        let error = match Template::parse(template) {
            Ok(template) => panic!("{template:?}"),
            Err(error) => error.to_string(),
        };
        assert!(error.starts_with(&beginning), "{template}: {error}");
        assert!(error.contains(advice), "{template}: {error}");
        assert!(!error.contains('\n'), "{template}: {error}");
    }
}
