//! On a real terminal: pfetch inside tmux. Run with `cargo test --features interop`.

mod display;
mod job_control;
mod shells;
mod tmux;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use crate::server::{Reply, Request, Server};
use tmux::Terminal;

/// A server that answers `/now/…` at once, and everything else when the gate opens.
fn gated() -> (Server, Arc<AtomicBool>) {
    let gate = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&gate);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        let now = request.target.starts_with("/now");
        while !now && !open.load(Ordering::Acquire) {
            if reply.wait(Duration::from_millis(5)) {
                break;
            }
        }
        reply.send(200, "", b"hello")
    });
    (server, gate)
}

/// A server that answers so many requests, in the order in which they come, as it has been given leave.
fn rationed() -> (Server, Arc<AtomicUsize>) {
    let leave = Arc::new(AtomicUsize::new(0));
    let (given, come) = (Arc::clone(&leave), AtomicUsize::new(0));
    let server = Server::with(move |_: &Request, reply: &mut Reply<'_>| {
        let number = come.fetch_add(1, Ordering::AcqRel);
        while number >= given.load(Ordering::Acquire) {
            if reply.wait(Duration::from_millis(5)) {
                break;
            }
        }
        reply.send(200, "", b"hello")
    });
    (server, leave)
}

fn pfetch(args: &str) -> String {
    format!(
        "TERM=xterm-256color {} {args}",
        env!("CARGO_BIN_EXE_pfetch")
    )
}

#[test]
fn progress_shows_the_run_and_its_workers_and_leaves_finished_lines_alone() {
    let (server, gate) = gated();
    let long = "x".repeat(200);
    let command = format!(
        "-j 3 {} {} {}",
        server.url("/now/1"),
        server.url("/later/2"),
        server.url(&format!("/later/{long}"))
    );
    let terminal = Terminal::run("progress", 80, 24, &pfetch(&command));
    let screen = terminal.wait_for("the bar and both busy workers", |screen| {
        screen.contains("1/3") && screen.contains("/later/2") && screen.contains("…x")
    });
    let finished = |screen: &str| {
        screen
            .lines()
            .filter(|line| line.starts_with("  200 ") && line.contains("/now/1"))
            .count()
    };
    assert_eq!(finished(&screen), 1, "{screen}");
    // The URL of 200 characters loses its middle instead of going on below.
    assert!(screen.contains("…x"), "{screen}");

    terminal.tmux(&["resize-window", "-x", "50", "-y", "24"]);
    terminal.wait_for("a bar that fits the narrow screen", |_| {
        // Not joined: a bar that is too wide would go on in a line of its own.
        let screen = terminal.tmux(&["capture-pane", "-p"]);
        let last = screen.trim_end().lines().last().map(str::to_owned);
        last.is_some_and(|bar| bar.starts_with("  ") && bar.contains('░') && bar.contains("1/3"))
    });

    gate.store(true, Ordering::Release);
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert_eq!(finished(&screen), 1, "{screen}");
    assert!(screen.contains("3 URLs: 3 ok, 0 failed"), "{screen}");
    assert!(!screen.contains('░'), "the bar is still there:\n{screen}");
}

/// A server whose answers take long enough for the display to come up (300 ms) on any but the busiest
/// machine.
fn slow() -> Server {
    Server::with(|request: &Request, reply: &mut Reply<'_>| {
        reply.wait(Duration::from_millis(800));
        reply.send(200, "", request.target.trim_start_matches('/').as_bytes())
    })
}

#[test]
fn what_the_reader_of_a_pipe_prints_is_not_drawn_over() {
    let server = slow();
    let urls: Vec<String> = (0..8).map(|n| server.url(&format!("/u{n}"))).collect();
    let urls = urls.join(" ");
    for (name, command) in [
        (
            "pipe",
            format!("{} | sed -u 's/^/read: /'", pfetch(&format!("-j 4 {urls}"))),
        ),
        // Bodies have readers, too.
        (
            "pipe-cat",
            format!(
                "{} | sed 's/u/\\nread: 200 u/g'",
                pfetch(&format!("-j 4 --cat {urls}"))
            ),
        ),
    ] {
        let terminal = Terminal::run(name, 100, 40, &command);
        let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
        let read = |line: &&str| line.starts_with("read: ") && line.contains("200 ");
        assert_eq!(screen.lines().filter(read).count(), 8, "{name}:\n{screen}");
        let stale = |line: &str| line.starts_with("  0  ") || line.contains("/s  ");
        assert!(!screen.lines().any(stale), "{name}: a stale bar:\n{screen}");
    }
}

#[test]
fn a_body_without_a_final_newline_stays_on_the_terminal() {
    let server = slow();
    let command = pfetch(&format!("--cat {}", server.url("/this-is-the-body")));
    let terminal = Terminal::run("unended", 100, 24, &command);
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    let body = |line: &str| line.starts_with("this-is-the-body");
    assert!(screen.lines().any(body), "{screen}");
}

#[test]
fn a_comparison_shows_which_run_is_under_way_and_how_long_it_will_all_take() {
    let (server, leave) = rationed();
    let urls = ["/1", "/2", "/3"].map(|path| server.url(path)).join(" ");
    let command = format!("--compare --runs 2 --warmup 1 -j 2 {urls}");
    let terminal = Terminal::run("compare", 120, 30, &pfetch(&command));
    // The arms take turns in going first, the warm-up included. Until each has been run once, nobody
    // knows how long they take.
    let runs = [
        ("serial run 1 of 6, 1 worker ", false),
        ("parallel run 2 of 6, 2 workers ", false),
        ("parallel run 3 of 6, 2 workers ", true),
        ("serial run 4 of 6, 1 worker ", true),
        ("serial run 5 of 6, 1 worker ", true),
        ("parallel run 6 of 6, 2 workers ", true),
    ];
    for (number, (run, has_time_left)) in runs.into_iter().enumerate() {
        // One of the three is answered; while the others are not, this is what goes on.
        leave.store(number * 3 + 1, Ordering::Release);
        let screen = terminal.wait_for(run, |screen| {
            let is_one_done = |line: &str| line.contains(" 1/3 ");
            screen
                .lines()
                .any(|line| line.contains(run) && is_one_done(line))
        });
        let line = screen.lines().find(|line| line.contains(run));
        let line = line.expect("it has just been there");
        assert_eq!(
            line.trim_end().ends_with(" left"),
            has_time_left,
            "{screen}"
        );
        leave.store(number * 3 + 3, Ordering::Release);
    }
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert!(screen.contains("verdict "), "{screen}");
    assert!(
        !screen.contains(" of 6,"),
        "the bar is still there:\n{screen}"
    );
}

#[test]
fn ctrl_c_stops_reports_what_was_done_and_clears_the_progress() {
    let (server, _gate) = gated();
    let command = format!("-j 2 {} {}", server.url("/now/1"), server.url("/later/2"));
    let terminal = Terminal::run("ctrl-c", 100, 24, &pfetch(&command));
    terminal.wait_for("the bar", |screen| screen.contains("1/2"));
    terminal.tmux(&["send-keys", "C-c"]);
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 130"));
    assert!(
        screen.contains("1 of 2 URLs done: 1 ok, 0 failed"),
        "{screen}"
    );
    assert!(!screen.contains('░'), "the bar is still there:\n{screen}");
}

#[test]
fn colour_is_used_on_a_terminal_unless_the_user_objects() {
    let (server, _gate) = gated();
    let url = server.url("/now");
    let raw = |terminal: &Terminal| terminal.tmux(&["capture-pane", "-p", "-e"]);
    let shown = Terminal::run("colour", 100, 24, &pfetch(&url));
    shown.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert!(raw(&shown).contains("\u{1b}[32m"), "{:?}", raw(&shown));
    let plain = Terminal::run("plain", 100, 24, &format!("NO_COLOR=1 {}", pfetch(&url)));
    plain.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert!(!raw(&plain).contains("\u{1b}[32m"), "{:?}", raw(&plain));
}

#[test]
fn a_body_without_a_last_line_end_stands_whole_above_the_report() {
    let server = Server::with(|_: &Request, reply: &mut Reply<'_>| reply.send(200, "", b"xxxxxxx"));
    let command = format!("--cat {} {}", server.url("/1"), server.url("/2"));
    let terminal = Terminal::run("cat-line", 80, 24, &pfetch(&command));
    let screen = terminal.wait_for("its end", |screen| screen.contains("exit code 0"));
    assert_eq!(screen.matches("xxxxxxx").count(), 2, "{screen}");
    let mut lines = screen.lines();
    assert!(
        lines.all(|line| !line.contains("xxxxxxx") || !line.contains("  200 ")),
        "{screen}"
    );
    assert!(screen.contains("\n  2 URLs: 2 ok"), "{screen}");
}

#[test]
fn a_body_that_is_no_text_is_warned_of_before_it_goes_to_the_terminal() {
    let server = Server::with(|_: &Request, reply: &mut Reply<'_>| reply.send(200, "", b"a\0b\n"));
    let command = format!("--cat {} {}", server.url("/1"), server.url("/2"));
    let terminal = Terminal::run("cat-binary", 100, 24, &pfetch(&command));
    let screen = terminal.wait_for("its end", |screen| screen.contains("exit code 0"));
    let warning = "pfetch: warning: a body is no text and may upset the terminal";
    assert_eq!(screen.matches(warning).count(), 1, "{screen}");
    assert!(screen.find(warning) < screen.find("ab"), "{screen}");
}

#[test]
fn where_bodies_went_is_said_on_a_terminal_alone() {
    let server = Server::start();
    let said = "bodies were not kept: -d DIR saves them, --cat prints them";
    for (name, options, is_said) in [
        ("kept-1", "", true),
        ("kept-2", "-q", false),
        ("kept-3", "-I", false),
        ("kept-4", "-o /dev/null", false),
        ("kept-5", "--format '{url}'", false),
    ] {
        let command = format!("{options} {}", server.url("/bytes/1"));
        let terminal = Terminal::run(name, 80, 24, &pfetch(&command));
        let screen = terminal.wait_for("its end", |screen| screen.contains("exit code 0"));
        assert_eq!(screen.contains(said), is_said, "{options}: {screen}");
    }
}
