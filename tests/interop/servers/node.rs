//! Node's `http` module.

use std::fs;

use super::{COUNT, KEPT, LONG, Page, closed_after, fetch_all};
use crate::daemon::Daemon;
use crate::peer::is_missing;

/// Starts it with a limit of the requests over a connection (0 is none), and the milliseconds for which it
/// keeps an idle one.
fn start(most: usize, keep_alive: usize) -> Option<Daemon> {
    if is_missing("node", "nodejs") {
        return None;
    }
    let start = Daemon::start("node", "nodejs", |folder, port| {
        let script = folder.join("server.js");
        fs::write(&script, include_str!("server.js")).expect("the folder can be written");
        let script = script.display().to_string();
        vec![
            script,
            port.to_string(),
            most.to_string(),
            keep_alive.to_string(),
        ]
    });
    Some(start)
}

fn kept_pages() -> Vec<Page> {
    let long = |path: &str| Page::new(path, 200, LONG);
    vec![
        long("/length"),
        long("/chunked"),
        long("/trailers"),
        long("/hints"),
        long("/processing"),
        long("/length").head(),
        long("/chunked").head(),
        Page::new("/none", 204, 0),
        Page::new("/unchanged", 304, 0),
        Page::new("/empty", 200, 0),
    ]
}

#[test]
fn node_answers_in_all_forms_over_kept_connections() {
    let Some(node) = start(0, 60_000) else { return };
    let prefix = format!("http://127.0.0.1:{}", node.port);
    fetch_all(&prefix, &[], &kept_pages(), KEPT);
}

#[test]
fn node_that_closes_after_every_third_request_is_asked_three_times_over_each_connection() {
    let Some(node) = start(3, 60_000) else { return };
    let prefix = format!("http://127.0.0.1:{}", node.port);
    fetch_all(&prefix, &[], &kept_pages(), closed_after(3));
}

#[test]
fn node_that_keeps_idle_connections_for_a_moment_only_loses_nothing() {
    for keep_alive in [1, 1_000] {
        let Some(node) = start(0, keep_alive) else {
            return;
        };
        let prefix = format!("http://127.0.0.1:{}", node.port);
        fetch_all(&prefix, &[], &kept_pages(), 1..=COUNT);
    }
}

#[test]
fn node_ends_bodies_with_their_connection() {
    let Some(node) = start(0, 60_000) else { return };
    let prefix = format!("http://127.0.0.1:{}", node.port);
    let closed = [Page::new("/closed", 200, LONG)];
    fetch_all(&prefix, &[], &closed, COUNT..=COUNT);
}
