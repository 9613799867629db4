//! The program as a process: runs that are resumed with a list that has one URL several times, and no names of files
//! to tell them apart.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::pfetch::{Dir, Run, pfetch};
use crate::server::{Request, Server};

/// Runs a list with its log.
fn run(dir: &Dir, options: &[&str], list: &[String]) -> Run {
    let mut args = vec!["-", "-j1", "--retry=0", "--log=run.log"];
    args.extend(options);
    let run = pfetch(&args).current_dir(dir.path());
    run.stdin(list.join("\n")).run()
}

/// The keys of the requests that a server was sent, in their order.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server that answers the first request of the key `late` with 404, and all others with 200.
fn server(key: fn(&Request) -> String) -> (Server, Asked) {
    let asked = Asked::default();
    let known = Arc::clone(&asked);
    let server = Server::with(move |request, reply| {
        let key = key(request);
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !known.contains(&key);
        known.push(key.clone());
        drop(known);
        match key == "late" && is_first {
            true => reply.send(404, "", b""),
            false => reply.send(200, "", key.as_bytes()),
        }
    });
    (server, asked)
}

/// Checks that a run has sent only the late request.
fn check_late(run: &Run, asked: &Asked, before: usize) {
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    run.check(
        &format!("only the late one: {asked:?}"),
        asked[before..] == ["late"],
    );
}

fn check_requests(run: &Run, server: &Server, expected: usize) {
    let found = server.requests();
    run.check(
        &format!("{expected} requests, not {found}"),
        found == expected,
    );
}

#[test]
fn requests_with_other_headers_are_done_one_by_one_in_any_order_of_the_list() {
    let (server, asked) = server(|request| request.header("x-part").unwrap_or_default().to_owned());
    let url = server.url("/part");
    let line = |part: &str| format!("{{\"url\":\"{url}\",\"headers\":{{\"X-Part\":\"{part}\"}}}}");
    let mut list = ["late", "2", "3"].map(line);
    let dir = Dir::new();
    run(&dir, &[], &list).exits(1).prints("2 ok, 1 failed");
    list.rotate_left(1);
    let dry = run(&dir, &["--resume", "--dry-run"], &list).exits(0);
    dry.prints("1 to fetch, 0 refused · 2 URLs done before");
    let again = run(&dir, &["--resume"], &list).exits(0);
    let again = again.prints("1 URL: 1 ok, 0 failed · 2 done before");
    check_requests(&again, &server, 4);
    check_late(&again, &asked, 3);
    list.rotate_left(1);
    let done = run(&dir, &["--resume"], &list).exits(0);
    let done = done.prints("3 done before");
    check_requests(&done, &server, 4);
}

#[test]
fn requests_with_other_credentials_are_done_one_by_one() {
    let (server, asked) = server(|request| match request.header("authorization") {
        // late:x
        Some("Basic bGF0ZTp4") => "late".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    });
    let url = server.url("/private");
    let list =
        ["late:x@", "other:x@", ""].map(|user| url.replacen("://", &format!("://{user}"), 1));
    let dir = Dir::new();
    run(&dir, &[], &list).exits(1).prints("2 ok, 1 failed");
    let again = run(&dir, &["--resume"], &list).exits(0);
    let again = again.prints("1 URL: 1 ok, 0 failed · 2 done before");
    check_late(&again, &asked, 3);
}

#[test]
fn of_identical_requests_those_are_made_that_are_missing() {
    let count = AtomicUsize::new(0);
    let server = Server::with(move |_, reply| match count.fetch_add(1, Ordering::SeqCst) {
        1 => reply.send(404, "", b""),
        _ => reply.send(200, "", b"x"),
    });
    let list = [0, 0, 0].map(|_| server.url("/same"));
    let dir = Dir::new();
    run(&dir, &[], &list).exits(1).prints("2 ok, 1 failed");
    let again = run(&dir, &["--resume"], &list).exits(0);
    let again = again.prints("1 URL: 1 ok, 0 failed · 2 done before");
    check_requests(&again, &server, 4);
    let done = run(&dir, &["--resume"], &list).exits(0);
    done.prints("3 done before");
    let grown = [&list[..], &list[..2]].concat();
    let more = run(&dir, &["--resume"], &grown).exits(0);
    let more = more.prints("2 URLs: 2 ok, 0 failed · 3 done before");
    check_requests(&more, &server, 6);
}

#[test]
fn shards_that_go_on_with_one_log_each_make_their_own_of_identical_requests() {
    let server = Server::start();
    let list = [0, 0, 0, 0].map(|_| server.url("/bytes/1"));
    for (by, each) in [("line", [2, 2]), ("host", [0, 4])] {
        let dir = Dir::new();
        let shard = |number: usize| {
            let number = format!("--shard={number}/2");
            let by = format!("--shard-by={by}");
            run(&dir, &["--resume", "--format=jsonl", &number, &by], &list).exits(0)
        };
        let fetched = |run: &Run| run.summary()["targets"].as_u64();
        let mut counts = [0, 1].map(|number| fetched(&shard(number)));
        counts.sort_unstable();
        assert_eq!(counts, each.map(Some), "by {by}");
        let counts = [0, 1].map(|number| fetched(&shard(number)));
        assert_eq!(counts, [Some(0); 2], "by {by}, again");
        run(&dir, &["--resume"], &list).prints("4 done before");
    }
}
