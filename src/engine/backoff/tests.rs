//! The tests of `backoff`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use super::*;
use crate::http::{FetchConfig, Fetcher};
use crate::model::target::{DefaultScheme, Location, Verb};
use crate::pool::{Pool, StopToken};

#[test]
fn jobs_that_were_submitted_before_a_push_back_are_recalled_and_later_ones_run() {
    let backoff = Backoff::default();
    let (before, other) = (backoff.number(), backoff.number());
    backoff.recall("http://a", None);
    let after = backoff.number();
    assert!(backoff.is_recalled("http://a", before));
    assert!(!backoff.is_recalled("http://b", other));
    assert!(!backoff.is_recalled("http://a", after));
    let until = Instant::now() + Duration::from_secs(3600);
    backoff.recall("http://a", Some(until));
    let held = backoff.number();
    assert!(backoff.is_recalled("http://a", held));
}

#[test]
fn a_wait_recalls_what_is_submitted_until_the_engine_has_seen_all_that_ask_for_it() {
    let backoff = Backoff::default();
    let until = Instant::now() + Duration::from_secs(3600);
    for _ in 0..2 {
        backoff.number();
        backoff.recall("http://a", Some(until));
    }
    backoff.note_seen("http://a");
    let between = backoff.number();
    assert!(backoff.is_recalled("http://a", between), "one is unseen");
    backoff.note_seen("http://a");
    backoff.note_seen("http://unknown");
    // It may be with a worker only now.
    assert!(backoff.is_recalled("http://a", between), "all are seen");
    let later = backoff.number();
    assert!(!backoff.is_recalled("http://a", later));
    // The next begins anew.
    backoff.recall("http://a", Some(until));
    let held = backoff.number();
    assert!(backoff.is_recalled("http://a", held));
}

#[test]
fn the_time_is_over_from_its_end_on_and_never_without_one() {
    let now = Instant::now();
    let later = now + Duration::from_secs(3600);
    for (ends, is_over) in [(None, false), (Some(later), false), (Some(now), true)] {
        let backoff = Backoff::default().until(ends);
        assert_eq!(backoff.is_over(), is_over, "{ends:?}");
    }
}

#[test]
fn hosts_that_wait_cost_no_memory_once_the_engine_has_seen_it() {
    let backoff = Backoff::new(RetryPolicy::default(), 20, true);
    let until = Instant::now() + Duration::from_secs(3600);
    for n in 0..10_000 {
        backoff.number();
        let host = format!("http://h{n}");
        backoff.recall(&host, Some(until));
        backoff.note_seen(&host);
    }
    let remembered = backoff.lock().len();
    assert!(remembered <= MANY, "{remembered} are remembered");
}

#[test]
fn origins_without_a_job_in_the_queue_are_forgotten() {
    let backoff = Backoff::new(RetryPolicy::default(), 20, true);
    for n in 0..10_000 {
        backoff.number();
        backoff.recall(&format!("http://h{n}"), None);
    }
    let remembered = backoff.lock().len();
    assert!(remembered <= MANY, "{remembered} are remembered");
    let last = backoff.submitted.load(Ordering::Relaxed);
    assert!(backoff.is_recalled("http://h9999", last));
}

#[test]
fn origins_with_a_job_in_the_queue_or_a_moment_to_wait_for_are_remembered() {
    // More than there are before any is forgotten.
    let queue = 2 * MANY;
    let backoff = Backoff::new(RetryPolicy::default(), queue, true);
    let until = Instant::now() + Duration::from_secs(3600);
    backoff.number();
    backoff.recall("http://held", Some(until));
    for n in 0..10 * MANY {
        backoff.number();
        backoff.recall(&format!("http://h{n}"), None);
    }
    let queued = backoff.number();
    backoff.recall("http://queued", None);
    for n in 1..queue {
        backoff.number();
        backoff.recall(&format!("http://later{n}"), None);
        assert!(backoff.is_recalled("http://queued", queued), "{n} later");
    }
    let last = backoff.submitted.load(Ordering::Relaxed);
    assert!(backoff.is_recalled("http://held", last));
    assert!(!backoff.is_recalled("http://h0", 2), "with a worker by now");
}

/// Runs two jobs of one origin on one worker, both in the queue before the first is answered with this
/// status and header. Returns true if the second was deferred.
fn defers_the_second(status: u16, header: &str, adapts: bool) -> bool {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let head =
        format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lines = BufReader::new(&stream).lines();
            let _ = lines
                .map_while(Result::ok)
                .find(|line| line.is_empty())
                .map(|_| (&stream).write_all(head.as_bytes()));
        }
    });
    let text = format!("http://{address}/");
    let target = Arc::new(Target {
        index: 0,
        location: Location::parse(&text, DefaultScheme::Http).expect("a URL"),
        verb: Verb::Get,
        headers: None,
        output: None,
        sha256: None,
        meta: None,
    });
    let backoff = Arc::new(Backoff::new(RetryPolicy::default(), 2, adapts));
    let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
    let pool = fetcher.pool(Pool::builder().workers(1).queue(2));
    let actions = [backoff.number(), backoff.number()].map(|number| WithBackoff {
        action: FetchAction::Get,
        backoff: Arc::clone(&backoff),
        number,
        route: None,
        has_begun: false,
    });
    let jobs = actions.map(|action| pool.submit(action, Arc::clone(&target)));
    let [first, second] = jobs.map(|job| job.join().expect("no job panics"));
    assert!(matches!(first, JobOutput::Fetched(_)), "{first:?}");
    matches!(second, JobOutput::Deferred)
}

#[test]
fn a_push_back_defers_the_jobs_in_the_queue_and_any_other_answer_runs_them() {
    let wait = "Retry-After: 30\r\n";
    for (status, header, adapts, is_deferred) in [
        (503, "", true, true),
        (503, wait, true, true),
        (503, "", false, false),
        (503, wait, false, true),
        (429, "", true, true),
        (200, wait, true, false),
        (404, "", true, false),
        (500, "", true, false),
    ] {
        let found = defers_the_second(status, header, adapts);
        assert_eq!(found, is_deferred, "{status} {header:?}, adapts: {adapts}");
    }
}
