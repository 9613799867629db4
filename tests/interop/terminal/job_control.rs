//! The display and the shell: Ctrl-C, Ctrl-Z and `fg`, the background.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::tmux::Terminal;
use super::{gated, pfetch};
use crate::server::{Reply, Request, Server};

/// The rows of a display: a bar, or a worker that fetches.
fn display(rows: &[String]) -> Vec<&String> {
    let is_display = |row: &&String| {
        let is_worker = row.starts_with("  ") && row.contains(" s  ") && row.contains("/later/");
        is_worker || row.contains('░') || row.contains('█')
    };
    rows.iter().filter(is_display).collect()
}

#[test]
fn ctrl_c_leaves_no_stale_line() {
    let (server, _gate) = gated();
    let urls = ["/now/1", "/later/2", "/later/3"].map(|path| server.url(path));
    for (name, rows, keys) in [("once", 24, 1), ("twice", 24, 2), ("low", 6, 1)] {
        let terminal = Terminal::shell(&format!("ctrl-c-{name}"), 60, rows);
        terminal.enter(&pfetch(&format!(
            "-q -j 3 {}; echo code-$?",
            urls.join(" ")
        )));
        terminal.wait_for_rows("the display", |rows| display(rows).len() == 3);
        for _ in 0..keys {
            terminal.press("C-c");
        }
        terminal.wait_for("the end", |screen| screen.contains("code-130"));
        let rows = terminal.rows();
        assert_eq!(display(&rows), [""; 0], "{name}: {rows:#?}");
    }
}

#[test]
fn a_stop_leaves_the_screen_to_the_shell_and_the_display_comes_back_below() {
    let (server, gate) = gated();
    let urls = ["/now/1", "/later/2", "/later/3"].map(|path| server.url(path));
    let terminal = Terminal::shell("stop", 100, 30);
    terminal.enter(&pfetch(&format!("-j 3 {}; echo code-$?", urls.join(" "))));
    for _ in 0..2 {
        terminal.wait_for_rows("the display", |rows| display(rows).len() == 3);
        terminal.press("C-z");
        let stopped = "Stopped";
        terminal.wait_for("the stop", |screen| {
            screen.contains(stopped) && screen.trim_end().ends_with("prompt:")
        });
        let rows = terminal.rows();
        assert_eq!(display(&rows), [""; 0], "{rows:#?}");
        terminal.enter("clear; echo typed-$((20 + 3)) Stopped");
        terminal.wait_for("the shell at work", |screen| screen.contains("typed-23"));
        terminal.enter("fg");
    }
    let rows = terminal.wait_for_rows("the display", |rows| display(rows).len() == 3);
    assert!(rows.iter().any(|row| row.contains("typed-23")), "{rows:#?}");
    gate.store(true, Ordering::Release);
    let ended = |rows: &[String]| rows.iter().any(|row| row.contains("3 URLs: 3 ok"));
    let rows = terminal.wait_for_rows("the end", ended);
    assert!(rows.iter().any(|row| row.contains("typed-23")), "{rows:#?}");
    assert_eq!(display(&rows), [""; 0], "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("/later/2")), "{rows:#?}");
}

#[test]
fn nothing_is_drawn_in_the_background_and_the_display_comes_up_in_the_foreground() {
    let gate = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&gate);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        if request.target.starts_with("/slow") {
            // Longer than it takes the display to come up.
            reply.wait(Duration::from_millis(800));
        } else {
            while !open.load(Ordering::Acquire) && !reply.wait(Duration::from_millis(5)) {}
        }
        reply.send(200, "", b"hello")
    });
    let urls = ["/slow/1", "/slow/2", "/later/3"].map(|path| server.url(path));
    let terminal = Terminal::shell("background", 100, 24);
    terminal.enter(&pfetch(&format!("-j 1 {} &", urls.join(" "))));
    for answered in 1..=2 {
        terminal.wait_for_rows("a line of the report", |rows| {
            assert_eq!(display(rows), [""; 0], "{rows:#?}");
            rows.iter().filter(|row| row.contains("  200 ")).count() == answered
        });
    }
    terminal.enter("fg");
    terminal.wait_for_rows("the display", |rows| display(rows).len() == 2);
    gate.store(true, Ordering::Release);
    let ended = |rows: &[String]| rows.iter().any(|row| row.contains("3 URLs: 3 ok"));
    let rows = terminal.wait_for_rows("the end", ended);
    assert_eq!(display(&rows), [""; 0], "{rows:#?}");
}
