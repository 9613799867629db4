//! The library, as a program uses it that fetches URLs and has outcomes: `fetch_all` and `crawl`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pfetch::model::outcome::FailureKind;
use pfetch::pool::StopToken;
use pfetch::{Target, fetch_all};

use crate::server::{Reply, Request, Server};

/// A server that answers with the path that was asked for.
fn echo() -> Server {
    Server::with(|request: &Request, reply: &mut Reply<'_>| {
        let status = if request.target == "/missing" {
            404
        } else {
            200
        };
        reply.send(status, "", request.target.as_bytes())
    })
}

#[test]
fn every_url_has_an_outcome_and_successes_have_their_bodies() {
    let server = echo();
    let urls = ["/1", "/missing", "/2"].map(|path| server.url(path));
    let texts = [&urls[0], "no url at all:", &urls[1], &urls[2]].map(str::to_owned);
    let mut seen = Vec::new();
    let summary = fetch_all(texts)
        .workers(3)
        .collect_bodies(100)
        .in_order()
        .run(|outcome| {
            let body = outcome.body().map(<[u8]>::to_vec);
            let kind = outcome.error().map(|error| error.kind);
            seen.push((outcome.index, body, kind));
        })
        .expect("nothing here can fail");
    let expected = [
        (0, Some(b"/1".to_vec()), None),
        (1, None, Some(FailureKind::Input)),
        (2, None, Some(FailureKind::Status)),
        (3, Some(b"/2".to_vec()), None),
    ];
    assert_eq!(seen, expected);
    assert_eq!((summary.ok, summary.failed), (2, 2), "{summary:?}");
}

#[test]
fn an_endless_iterator_ends_with_its_run() {
    let server = echo();
    let base = server.url("/");
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let urls = (0..).map(move |number: u64| {
        count.fetch_add(1, Ordering::Relaxed);
        format!("{base}{number}")
    });
    let stop = StopToken::new();
    let mut done = 0;
    let summary = fetch_all(urls)
        .workers(4)
        .stop_token(&stop)
        .run(|outcome| {
            done += u64::from(outcome.error().is_none());
            if done == 100 {
                stop.stop();
            }
        })
        .expect("nothing here can fail");
    assert!(summary.stopped && summary.ok >= 100, "{summary:?}");
    // What is read ahead is bounded.
    let made = made.load(Ordering::Relaxed) as u64;
    assert!(made < summary.ok + 4_000, "{made} of {summary:?}");
}

#[test]
fn a_crawl_ends_when_nothing_is_left_and_takes_targets_of_all_kinds() {
    let server = echo();
    let mut paths = Vec::new();
    let summary = fetch_all([server.url("/a")])
        .workers(2)
        .crawl(|outcome, frontier| {
            paths.push(
                outcome
                    .url
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned(),
            );
            // Four generations, one of them by HEAD and one that is no URL.
            match paths.len() {
                1 => frontier.add_url(&server.url("/b")),
                2 => frontier.add(Target::head(&server.url("/c")).expect("it is a URL")),
                3 => frontier.add_url("ftp://h/d"),
                _ => {}
            }
        })
        .expect("nothing here can fail");
    assert_eq!(paths, ["a", "b", "c", "d"]);
    assert_eq!((summary.ok, summary.failed), (3, 1), "{summary:?}");
}

#[test]
fn a_crawl_without_urls_is_over_at_once() {
    let summary = fetch_all([""; 0]).crawl(|outcome, _| panic!("{outcome:?}"));
    let summary = summary.expect("nothing here can fail");
    assert_eq!(summary.targets(), 0);
}

#[test]
fn a_body_beyond_the_limit_fails_and_a_deadline_ends_a_run() {
    let server = Server::with(|request: &Request, reply: &mut Reply<'_>| {
        if request.target == "/never" {
            reply.wait(Duration::from_secs(600));
        }
        reply.send(200, "", b"12345")
    });
    let mut kinds = Vec::new();
    let urls = ["/large", "/never"].map(|path| server.url(path));
    let summary = fetch_all(urls)
        .workers(2)
        .collect_bodies(4)
        .retries(0)
        .in_order()
        .deadline(Duration::from_secs(1))
        .run(|outcome| kinds.push(outcome.error().map(|error| error.kind)))
        .expect("nothing here can fail");
    let counts = (summary.failed, summary.skipped, summary.not_done);
    assert_eq!(counts, (1, 1, 1), "{summary:?}");
    assert_eq!(kinds[1], Some(FailureKind::Deadline), "{kinds:?}");
    assert!(kinds[0].is_some(), "{kinds:?}");
}
