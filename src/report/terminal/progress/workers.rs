//! The lines of the workers: a table whose URLs line up, as wide as the terminal and no wider.

use std::sync::Arc;
use std::time::Duration;

use super::fit::{cut, cut_middle, right, width};
use super::rate::{fetch_time_left, whole};
use crate::report::format::bytes;

/// The columns that a URL has at least, where that leaves any for the figures.
const MIN_URL: usize = 24;

/// The space between two columns of the table.
const GAP: usize = 2;

/// The order in which columns of figures are given up where the URLs have too little room: time left, bytes,
/// percentage, worker, time.
const LEAST_NEEDED: [usize; FIGURES] = [4, 2, 3, 0, 1];

/// The columns of figures: worker, time, bytes, percentage, time left.
const FIGURES: usize = 5;

/// The usual widths of the columns, so that they do not move with each figure.
const USUAL_WIDTHS: [usize; FIGURES] = [1, 6, 8, 0, 0];

/// One worker.
#[derive(Debug, Clone)]
pub(super) struct WorkerRow {
    pub(super) worker: usize,
    /// Its fetch; `None` if it has been idle for a moment.
    pub(super) fetch: Option<RowFetch>,
}

/// The fetch of a worker.
#[derive(Debug, Clone)]
pub(super) struct RowFetch {
    pub(super) running: Duration,
    pub(super) bytes: u64,
    pub(super) length: Option<u64>,
    pub(super) url: Arc<str>,
}

/// Lays the lines of the workers out: at most `lines`, of at most `columns` columns each. Where there are more
/// workers, those that have been busy for longest are shown, and the number of the others.
pub(super) fn lay_out(mut rows: Vec<WorkerRow>, lines: usize, columns: usize) -> Vec<String> {
    if rows.len() <= lines {
        return table(&rows, columns);
    }
    rows.retain(|row| row.fetch.is_some());
    if rows.len() <= lines {
        return table(&rows, columns);
    }
    let busy = rows.len();
    rows.sort_by_key(|row| {
        row.fetch
            .as_ref()
            .map(|fetch| std::cmp::Reverse(fetch.running))
    });
    rows.truncate(lines.saturating_sub(1));
    let mut shown = table(&rows, columns);
    if lines > 0 {
        shown.push(cut(&format!("… and {} more", busy - rows.len()), columns));
    }
    shown
}

fn table(rows: &[WorkerRow], columns: usize) -> Vec<String> {
    let figures: Vec<[String; FIGURES]> = rows.iter().map(figures).collect();
    let mut widths = USUAL_WIDTHS;
    for row in &figures {
        for (column, text) in widths.iter_mut().zip(row) {
            *column = width(text).max(*column);
        }
    }
    let urls = rows.iter().filter_map(|row| row.fetch.as_ref());
    let longest = urls.map(|fetch| width(&fetch.url)).max().unwrap_or(0);
    let needed = longest.min(MIN_URL);
    let taken = |widths: &[usize; FIGURES]| -> usize {
        let shown = widths.iter().filter(|width| **width > 0);
        shown.map(|width| width + GAP).sum()
    };
    for column in LEAST_NEEDED {
        if taken(&widths) + needed > columns {
            widths[column] = 0;
        }
    }
    let room = columns.saturating_sub(taken(&widths));
    rows.iter()
        .zip(&figures)
        .map(|(row, figures)| {
            let mut line = String::new();
            for (text, width) in figures.iter().zip(widths).filter(|(_, width)| *width > 0) {
                line.push_str(&right(text, width));
                line.push_str(&" ".repeat(GAP));
            }
            if let Some(fetch) = &row.fetch {
                line.push_str(&cut_middle(&fetch.url, room));
            }
            line.truncate(line.trim_end().len());
            line
        })
        .collect()
}

fn figures(row: &WorkerRow) -> [String; FIGURES] {
    let worker = row.worker.to_string();
    let Some(fetch) = &row.fetch else {
        return [
            worker,
            "-".to_owned(),
            String::new(),
            String::new(),
            String::new(),
        ];
    };
    // A server may send more than it announced. The request fails by that; here it is just full.
    let percent = fetch
        .length
        .map(|length| (fetch.bytes as f64 * 100.0 / length as f64).min(100.0));
    let left = fetch_time_left(fetch.bytes, fetch.length, fetch.running);
    [
        worker,
        tenths(fetch.running),
        bytes(fetch.bytes),
        percent
            .map(|percent| format!("{percent:.0}%"))
            .unwrap_or_default(),
        left.map(|left| format!("{} left", whole(left)))
            .unwrap_or_default(),
    ]
}

/// Formats a time as precisely as the display is redrawn.
fn tenths(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_millis() as f64 / 1000.0),
        _ => whole(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(worker: usize, ms: u64, bytes: u64, length: Option<u64>, url: &str) -> WorkerRow {
        WorkerRow {
            worker,
            fetch: Some(RowFetch {
                running: Duration::from_millis(ms),
                bytes,
                length,
                url: Arc::from(url),
            }),
        }
    }

    fn idle(worker: usize) -> WorkerRow {
        WorkerRow {
            worker,
            fetch: None,
        }
    }

    fn sample() -> Vec<WorkerRow> {
        vec![
            busy(
                0,
                1570,
                2_300_000,
                Some(10_000_000),
                "http://127.0.0.1:8401/big/a.iso",
            ),
            busy(
                9,
                12_000,
                600,
                Some(10_000),
                "http://127.0.0.1:8401/delay/800/68584?n=10",
            ),
            busy(
                10,
                230,
                0,
                None,
                "http://127.0.0.1:8401/delay/800/68584?n=11",
            ),
            idle(11),
        ]
    }

    #[test]
    fn urls_line_up_whatever_the_figures() {
        assert_eq!(
            lay_out(sample(), 10, 117),
            [
                " 0   1.6 s    2.3 MB  23%         6 s left  http://127.0.0.1:8401/big/a.iso",
                " 9  12.0 s     600 B   6%  3 min 08 s left  http://127.0.0.1:8401/delay/800/68584?n=10",
                "10   0.2 s       0 B                        http://127.0.0.1:8401/delay/800/68584?n=11",
                "11       -",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_keeps_what_tells_the_urls_apart() {
        for (columns, [first, second]) in [
            (77, ["n=10", "n=11"]),
            (37, ["n=10", "n=11"]),
            (17, ["n=10", "n=11"]),
            (6, ["=10", "=11"]),
        ] {
            let lines = lay_out(sample(), 10, columns);
            assert!(
                lines[1].ends_with(first) && lines[2].ends_with(second),
                "{columns}: {lines:#?}"
            );
            assert!(lines[1].contains('…'), "{columns}: {lines:#?}");
        }
        assert_eq!(
            lay_out(sample(), 10, 37)[1],
            " 9  12.0 s  http://1…y/800/68584?n=10"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_room_for_it() {
        let mut rows = sample();
        rows.push(busy(
            7,
            4_000_000,
            u64::MAX,
            Some(u64::MAX),
            &"http://例え.テスト/".repeat(20),
        ));
        for columns in 0..130 {
            for lines in [1, 2, 3, 10] {
                for line in lay_out(rows.clone(), lines, columns) {
                    assert!(width(&line) <= columns, "{columns}: {line}");
                }
            }
        }
    }

    #[test]
    fn more_workers_than_lines_are_those_busy_for_longest_and_a_number() {
        let rows: Vec<_> = (0..200)
            .map(|n| busy(n, 1000 + (n as u64 * 37) % 200, 0, None, "http://h/"))
            .chain([idle(200)])
            .collect();
        let lines = lay_out(rows, 12, 80);
        assert_eq!(lines.len(), 12);
        assert_eq!(lines[11], "… and 189 more");
        assert!(lines[0].contains("1.2 s"), "{lines:#?}");
    }

    #[test]
    fn no_room_for_lines_and_no_workers_are_no_lines() {
        assert_eq!(lay_out(sample(), 0, 80), [""; 0]);
        assert_eq!(lay_out(Vec::new(), 5, 80), [""; 0]);
        // Idle workers give way first.
        let lines = lay_out(sample(), 3, 80);
        assert!(lines.iter().all(|line| line.contains("http")), "{lines:#?}");
    }
}
