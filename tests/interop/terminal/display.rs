//! What the live display shows, at the widths of a terminal.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tempfile::TempDir;

use super::tmux::Terminal;
use super::{gated, pfetch, rationed};
use crate::server::{Reply, Request, Server};

/// A list of so many URLs in a file.
fn list(dir: &TempDir, count: usize, url: impl Fn(usize) -> String) -> String {
    let path = dir.path().join("urls.txt");
    let urls: Vec<String> = (0..count).map(url).collect();
    fs::write(&path, urls.join("\n")).expect("the folder is writable");
    path.display().to_string()
}

/// The lines of workers among the rows: those with the URLs' ends.
fn workers<'a>(rows: &'a [String], end: &str) -> Vec<&'a String> {
    rows.iter().filter(|row| row.contains(end)).collect()
}

/// Whether the line of the run, the last of a frame, is there: a terminal takes in what is written to it in
/// pieces, and may be looked at between two of them.
fn is_drawn_to_the_end(rows: &[String], count: &str) -> bool {
    let count = format!(" {count} ");
    rows.last().is_some_and(|row| row.contains(&count))
}

#[test]
fn lines_fit_at_four_widths_and_tell_the_urls_apart() {
    for columns in [120, 80, 40, 20] {
        let (server, _gate) = gated();
        let urls: Vec<String> = (1..=3)
            .map(|n| server.url(&format!("/later/{}/{n}?n={n}", "x".repeat(150))))
            .collect();
        let command = pfetch(&format!("-q -j 3 {}", urls.join(" ")));
        let terminal = Terminal::run(&format!("width-{columns}"), columns, 24, &command);
        let rows = terminal.wait_for_rows("three workers and the run", |rows| {
            workers(rows, "?n=").len() == 3 && rows.iter().any(|row| row.contains("0/3"))
        });
        // A line that was too long would be two rows.
        assert_eq!(rows.len(), 4, "{columns}: {rows:#?}");
        for n in 1..=3 {
            let ends = |row: &&String| row.ends_with(&format!("/{n}?n={n}")) && row.contains('…');
            assert_eq!(rows.iter().filter(ends).count(), 1, "{columns}: {rows:#?}");
        }
        for row in &rows {
            assert!(row.starts_with("  "), "{columns}: {rows:#?}");
            assert!(row.chars().count() < columns.into(), "{columns}: {rows:#?}");
        }
    }
}

#[test]
fn a_list_in_a_file_has_a_total_and_a_time_left_long_before_it_is_read() {
    let (server, leave) = rationed();
    let dir = TempDir::new().expect("the temporary folder can be written");
    // Far more than are read ahead.
    let list = list(&dir, 5000, |n| server.url(&format!("/{n}")));
    let command = pfetch(&format!("-q -j 2 -i {list}"));
    let terminal = Terminal::run("total", 100, 24, &command);
    leave.store(30, Ordering::Release);
    terminal.wait_for("the total and the time left", |screen| {
        screen.contains(" 30/5,000  ") && screen.contains(" left") && screen.contains('░')
    });
    // To the end of the test in no time.
    leave.store(usize::MAX, Ordering::Release);
    terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
}

#[test]
fn two_hundred_workers_are_twelve_lines_and_a_number() {
    let (server, gate) = gated();
    let dir = TempDir::new().expect("the temporary folder can be written");
    let list = list(&dir, 200, |n| server.url(&format!("/later/{n}")));
    let command = pfetch(&format!("-q -j 200 -i {list}"));
    let terminal = Terminal::run("many", 80, 24, &command);
    let rows = terminal.wait_for_rows("all workers", |rows| {
        rows.iter().any(|row| row.trim() == "… and 189 more") && is_drawn_to_the_end(rows, "0/200")
    });
    assert_eq!(workers(&rows, "/later/").len(), 11, "{rows:#?}");
    assert_eq!(rows.len(), 13, "{rows:#?}");
    gate.store(true, Ordering::Release);
    terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert_eq!(
        terminal
            .rows()
            .iter()
            .filter(|row| row.contains("/later/"))
            .count(),
        0
    );
}

/// A server that sends 600 of 1000 bytes and waits for the gate with the others. `/chunked` does not say how
/// many there will be.
fn half() -> (Server, Arc<AtomicBool>) {
    let gate = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&gate);
    let server = Server::with(move |request: &Request, reply: &mut Reply<'_>| {
        let is_chunked = request.target.starts_with("/chunked");
        let half = "x".repeat(600);
        let begun = match is_chunked {
            true => format!("Transfer-Encoding: chunked\r\n\r\n258\r\n{half}\r\n"),
            false => format!("Content-Length: 1000\r\n\r\n{half}"),
        };
        write!(
            reply.raw(),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n{begun}"
        )?;
        while !open.load(Ordering::Acquire) {
            if reply.wait(Duration::from_millis(5)) {
                break;
            }
        }
        let rest = "y".repeat(400);
        match is_chunked {
            true => write!(reply.raw(), "190\r\n{rest}\r\n0\r\n\r\n"),
            false => write!(reply.raw(), "{rest}"),
        }
    });
    (server, gate)
}

#[test]
fn parts_of_files_are_in_the_bar_and_shares_only_where_lengths_are_known() {
    let (server, gate) = half();
    let dir = TempDir::new().expect("the temporary folder can be written");
    let urls = ["/known-1", "/known-2", "/chunked"].map(|path| server.url(path));
    let command = pfetch(&format!(
        "-j 3 -d {} {}",
        dir.path().display(),
        urls.join(" ")
    ));
    let terminal = Terminal::run("parts", 100, 24, &command);
    let rows = terminal.wait_for_rows("three halves", |rows| {
        let halves = rows.iter().filter(|row| row.contains(" 600 B ")).count();
        // The first moments tell no time left.
        let timed = rows.iter().filter(|row| row.contains(" left  ")).count();
        halves == 3 && timed >= 2 && is_drawn_to_the_end(rows, "0/3")
    });
    for row in workers(&rows, "/known-") {
        assert!(
            row.contains(" 60%  ") && row.contains(" left  "),
            "{rows:#?}"
        );
    }
    for row in workers(&rows, "/chunked") {
        assert!(!row.contains('%') && !row.contains(" left "), "{rows:#?}");
    }
    // URLs line up.
    let columns: Vec<_> = rows.iter().filter_map(|row| row.find("http://")).collect();
    assert!(
        columns.windows(2).all(|pair| pair[0] == pair[1]),
        "{rows:#?}"
    );
    let run = rows.last().expect("there are rows");
    // Two times 60 % of three files are 40 %.
    let full = run.matches('█').count() as f64 / (run.matches(['█', '░']).count() as f64);
    assert!(
        run.contains(" 0/3 ") && (0.3..=0.4).contains(&full),
        "{rows:#?}"
    );
    gate.store(true, Ordering::Release);
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert!(!screen.contains('░') && !screen.contains("60%"), "{screen}");
}

#[test]
fn urls_that_wait_to_be_tried_again_are_said_to() {
    let server = Server::with(|_: &Request, reply: &mut Reply<'_>| reply.send(503, "", b""));
    let urls = ["/1", "/2"].map(|path| server.url(path)).join(" ");
    // The wait is a random part of an hour.
    let command = pfetch(&format!("--retry-delay 1h {urls}"));
    let terminal = Terminal::run("retries", 80, 24, &command);
    let rows = terminal.wait_for_rows("the retries", |rows| {
        let waiting = "  2 waiting to be tried again, next in ";
        rows.iter().any(|row| row.starts_with(waiting))
    });
    assert!(
        workers(&rows, "http://").is_empty(),
        "idle workers: {rows:#?}"
    );
    terminal.press("C-c");
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 130"));
    assert!(!screen.contains("waiting"), "{screen}");
}

#[test]
fn the_bar_counts_what_is_done_and_not_yet_reported() {
    let (server, gate) = gated();
    let urls = ["/later/1", "/now/2", "/now/3"]
        .map(|path| server.url(path))
        .join(" ");
    let command = pfetch(&format!("--order input -j 2 {urls}"));
    let terminal = Terminal::run("order", 100, 24, &command);
    terminal.wait_for("two of three", |screen| screen.contains(" 2/3 "));
    gate.store(true, Ordering::Release);
    terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
}

#[test]
fn a_terminal_made_narrower_and_wider_keeps_no_stale_lines() {
    let (server, gate) = gated();
    let urls = ["/now/1", "/later/2", "/later/3"]
        .map(|path| server.url(&format!("{path}?{}", "y".repeat(60))));
    let command = pfetch(&format!("-j 3 {}", urls.join(" ")));
    let terminal = Terminal::run("resize", 100, 24, &command);
    let is_whole = |rows: &[String], columns: usize| {
        let workers = rows
            .iter()
            .filter(|row| row.ends_with("yyy") && !row.contains("200"));
        let run = rows.last().map_or("", String::as_str);
        workers.count() == 2
            && run.contains("1/3")
            && rows
                .iter()
                .rev()
                .take(3)
                .all(|row| row.chars().count() < columns)
    };
    for columns in [100, 50, 120, 30, 80] {
        let width = columns.to_string();
        terminal.tmux(&["resize-window", "-x", &width, "-y", "24"]);
        terminal.wait_for_rows(&format!("a whole display at {columns}"), |rows| {
            let display = &rows[rows.len().saturating_sub(3)..];
            is_whole(display, columns)
        });
    }
    terminal.tmux(&["resize-window", "-x", "80", "-y", "8"]);
    gate.store(true, Ordering::Release);
    terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    let rows = terminal.rows();
    assert!(!rows.iter().any(|row| row.contains('░')), "{rows:#?}");
}

#[test]
fn readers_of_a_pipe_have_the_terminal_for_themselves() {
    let server = super::slow();
    let urls: Vec<String> = (0..6).map(|n| server.url(&format!("/u{n}"))).collect();
    let urls = urls.join(" ");
    let mut readers = vec![
        ("grep", "grep --line-buffered '\"status\"'", 6),
        ("head", "head -3", 3),
    ];
    if !crate::peer::is_missing("jq", "jq") {
        readers.push((
            "jq",
            "jq -c --unbuffered 'select(.status) | {status, \"status\"}'",
            6,
        ));
    }
    for (name, reader, lines) in readers {
        let command = pfetch(&format!("-j 3 --format jsonl {urls} | {reader}"));
        let terminal = Terminal::run(&format!("reader-{name}"), 200, 50, &command);
        let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
        let read = screen.lines().filter(|line| line.starts_with('{'));
        assert_eq!(read.count(), lines, "{name}:\n{screen}");
        assert!(!screen.contains('░'), "{name}: a stale bar:\n{screen}");
    }
}

#[test]
fn a_list_that_is_typed_is_not_drawn_over() {
    let server = super::slow();
    let terminal = Terminal::run("typed", 100, 24, &pfetch("-i -"));
    terminal.enter(&server.url("/first"));
    // Its answer takes longer than the display would to come up.
    terminal.wait_for("the first line", |screen| screen.contains("  200 "));
    terminal.tmux(&["send-keys", "-l", &server.url("/half")]);
    let typed = server.url("/half");
    let screen = terminal.wait_for("what is typed", |screen| screen.contains(&typed));
    assert!(!screen.contains(" done "), "{screen}");
    terminal.press("Enter");
    terminal.press("C-d");
    let screen = terminal.wait_for("the end", |screen| screen.contains("exit code 0"));
    assert!(screen.lines().any(|line| line == typed), "{screen}");
}
