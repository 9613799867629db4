//! The page.

use pfetch::model::outcome::Verdict;
use pfetch::model::text::escape;
use pfetch::report::export::Export;
use pfetch::stats::{Interval, Speedup};
use pulldown_cmark::{Event as Parsed, Options, Parser, Tag, TagEnd};

use crate::export::events::{
    HOSTILE, MS, against, comparison, exported, faster, hostile, incomparable, ok, outcomes, run,
    swept, with_assertions,
};

fn parse(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    Parser::new_ext(text, options)
}

/// The cells of all tables, a list a row.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for event in parse(text) {
        match event {
            Parsed::Start(Tag::TableHead | Tag::TableRow) => rows.push(Vec::new()),
            Parsed::Start(Tag::TableCell) => rows.last_mut().unwrap().push(String::new()),
            Parsed::Text(text) | Parsed::Code(text) => {
                if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                    cell.push_str(&text);
                }
            }
            Parsed::End(TagEnd::Table) => rows.push(Vec::new()),
            _ => {}
        }
    }
    rows
}

/// Only what the page itself has: no raw HTML, no link, no emphasis from outside.
#[track_caller]
fn is_tame(text: &str) {
    for event in parse(text) {
        let tame = match &event {
            Parsed::Start(tag) => matches!(
                tag,
                Tag::Heading { .. }
                    | Tag::Paragraph
                    | Tag::Table(_)
                    | Tag::TableHead
                    | Tag::TableRow
                    | Tag::TableCell
                    | Tag::Strong
                    | Tag::List(None)
                    | Tag::Item
            ),
            Parsed::End(_) | Parsed::Text(_) | Parsed::Code(_) | Parsed::SoftBreak => true,
            _ => false,
        };
        assert!(tame, "{event:?} in\n{text}");
    }
}

#[test]
fn a_run_is_a_page() {
    let text = exported(Export::Markdown, &run(outcomes(), Some(100 * MS)));
    is_tame(&text);
    assert_eq!(
        text,
        "## pfetch

**3 ok (1 unchanged), 3 failed**, 1 skipped of 7 · 3.8 kB · 4 workers · 1 retry

| | time |
| --- | ---: |
| parallel | 100.0 ms |
| rate | 25.1 kB/s (2.5 kB of 3 ok), 30.0 successful URLs/s |

| of those that succeeded | p50 | p90 | p95 | p99 | max |
| --- | ---: | ---: | ---: | ---: | ---: |
| time: all attempts of a URL, without the waits between them | 50.0 ms | 70.0 ms | 70.0 ms | 70.0 ms | 70.0 ms |
| to the first byte | 4.0 ms | 4.0 ms | 4.0 ms | 4.0 ms | 4.0 ms |

| status | URLs |
| --- | ---: |
| 200 | 2 |
| 304 | 1 |
| 404 | 1 |
| timeout | 1 |
| disk-full | 1 |

### Failures (3)

| URL | time | why |
| --- | ---: | --- |
| `http://a.example:8080/missing` | 30.0 ms | 404 not found |
| `http://[::1]/` | 11.20 s | connect: timed out (2 attempts) |
| `http://a.example/full` |  | disk-full: no space left |

### Slowest

| URL | time | size |
| --- | ---: | ---: |
| `http://[::1]/` | 11.20 s, 200.0 ms of it waiting for retries | 0 B |
| `http://a.example/b` | 70.0 ms | 1.3 kB |
| `http://a.example/` | 50.0 ms | 1.3 kB |
| `http://a.example:8080/missing` | 30.0 ms | 1.3 kB |
| `http://a.example/c` | 20.0 ms | 0 B |
"
    );
}

#[test]
fn a_whole_run_is_set_against_the_serial_estimate() {
    let urls = [
        ok(0, "http://a.example/", 50 * MS),
        ok(1, "http://b.example/", 70 * MS),
    ];
    let text = exported(Export::Markdown, &run(urls.to_vec(), Some(80 * MS)));
    let table = "| parallel | 80.0 ms |
| serial, estimated as the sum of the requests' times | 120.0 ms |
| speed-up, estimated: a full line would not be seen | 1.00x to 1.50x |
| best possible by these times | 1.72x |
";
    assert!(text.contains(table), "{text}");
}

#[test]
fn targets_that_were_done_before_are_none_of_those_that_are_counted() {
    let mut outcomes = outcomes();
    for (index, outcome) in outcomes.iter_mut().enumerate() {
        match index {
            0 => {}
            1 => outcome.verdict = Verdict::Failed,
            _ => outcome.verdict = Verdict::Done,
        }
    }
    let before = outcomes.len() - 2;
    let text = exported(Export::Markdown, &run(outcomes, Some(100 * MS)));
    let counts = format!("\n\n**1 ok, 1 failed** of 2 · {before} done before · ");
    assert!(text.contains(&counts), "{text}");
}

#[test]
fn nothing_is_a_short_page() {
    let text = exported(Export::Markdown, &run(Vec::new(), None));
    assert_eq!(
        text,
        "## pfetch\n\n**0 ok, 0 failed** of 0 · 0 B · 4 workers\n"
    );
}

#[test]
fn a_comparison_begins_with_its_verdict() {
    let text = exported(Export::Markdown, &comparison(faster()));
    is_tame(&text);
    assert_eq!(
        text,
        "## pfetch: serial and parallel

**parallel is faster: 2.50x**, 95 % interval 2.00x to 3.13x · 2 URLs · 2 pairs · 4 workers · efficiency 125 %

- why: a.example&#124;&#60;b>:8080 answers about 1 request at a time (2.1 at most)
- why: bounded by its slowest URL: http&#58;//a.example/&#124;&#60;b> (1.20 s of 1.21 s)
- why: the line is full: 93.0 MB/s in parallel, 94.0 MB/s with one body at a time
- why: this machine is the limit: pfetch uses 1.9 of 2 processors, which are 99 % busy
- why: connections are most of it: requests over kept ones take 300 µs, over new ones 41.0 ms
- why: a.example&#124;&#60;b>:8080 refuses parallel requests (17 × 429, 1 × 503, 2 refused): slowed down to 4 at once
- why: a.example&#124;&#60;b>:8080 takes about 10 requests a second, however many at once, estimated (40 × 429): --rate 8/s stays below

| | geometric mean | median | deviation | min | max | p50 of URLs | p95 of URLs | failed | retries |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| serial | 2.83 s | 3.00 s | 1.41 s | 2.00 s | 4.00 s | – | – | 0 | 1 |
| parallel | 1.00 s | 1.00 s | 0 µs | 1.00 s | 1.00 s | – | – | 0 | 1 |

The per-URL times alone would have said 1.50x.

| mean per URL | URLs | connections | blocked | connect | send | wait | receive |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| a.example&#124;&#60;b>:8080, serial | 4 | 2 | 1.0 ms | 500 µs | 0 µs | 20.0 ms | 2.0 ms |
| a.example&#124;&#60;b>:8080, parallel | 4 | 2 | 1.0 ms | 500 µs | 0 µs | 160.0 ms | 2.0 ms |

Not answered alike in all runs (3):

- http&#58;//a.example/&#124;&#60;b>
- and 2 more

- 1 run is an outlier
- &#45; &#42;x&#42;

### Slowest

| URL | run | time | size |
| --- | --- | ---: | ---: |
| `http://a.example/` | serial 1 | 50.0 ms | 1.3 kB |
| `http://a.example/` | parallel 1 | 50.0 ms | 1.3 kB |
| `http://a.example/` | parallel 2 | 50.0 ms | 1.3 kB |
| `http://a.example/` | serial 2 | 50.0 ms | 1.3 kB |
"
    );
}

#[test]
fn every_verdict_has_its_words() {
    for (low, ratio, high, words) in [
        (
            0.5,
            0.8,
            0.9,
            "**parallel is slower: 0.80x**, 95 % interval 0.50x to 0.90x · 2",
        ),
        (0.91, 0.95, 0.99, "**parallel is hardly slower: 0.95x**"),
        (
            0.97,
            1.0,
            1.02,
            "**no difference beyond 10 %: 1.00x**, 95 % interval 0.97x to 1.02x · 2",
        ),
        (
            0.5,
            1.0,
            1.5,
            "**no difference shown: 1.00x**, 95 % interval 0.50x to 1.50x – more runs would tell (--runs 10) · 2",
        ),
        (
            0.01,
            1.2,
            144.0,
            "**no difference shown: 1.20x**, too few or too short runs for an interval – more runs",
        ),
        (1.01, 1.04, 1.08, "**parallel is hardly faster: 1.04x**"),
        (1.1, 1.3, 1.5, "**parallel is faster: 1.30x**"),
    ] {
        let speedup = Speedup {
            pairs: 2,
            ratio,
            interval: Some(Interval { low, high }),
        };
        let text = exported(Export::Markdown, &comparison(speedup));
        assert!(text.contains(words), "{text}");
    }
    let single = Speedup {
        pairs: 1,
        ratio: 2.0,
        interval: None,
    };
    let text = exported(Export::Markdown, &comparison(single));
    let words = "**undecided: one pair of runs: 2.00x** – more runs would tell (--runs ";
    assert!(text.contains(words), "{text}");
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let template = &outcomes()[3];
    let failed = |index| {
        let mut outcome = template.clone();
        outcome.index = index;
        let total = MS * (index as u32 + 1);
        outcome.last.timing.set_total(Some(total));
        outcome
    };
    let text = exported(
        Export::Markdown,
        &run((0..250).map(failed).collect(), Some(MS)),
    );
    assert!(text.contains("### Failures (250)"), "{text}");
    assert!(text.contains("\nand 150 more\n"), "{text}");
    let slowest = text.split("### Slowest").nth(1).unwrap();
    let times: Vec<&str> = slowest
        .lines()
        .skip(4)
        .map(|row| row.split(" | ").nth(1).unwrap())
        .collect();
    assert_eq!(times.len(), 10);
    assert_eq!((times[0], times[9]), ("250.0 ms", "241.0 ms"));
}

/// Rule: text from the network is escaped before a person or a CI log sees it, in Markdown too.
#[test]
fn text_cannot_be_more_than_text() {
    let text = exported(Export::Markdown, &hostile());
    is_tame(&text);
    assert!(!text.contains("<script"), "{text}");
    let rows = rows(&text);
    for hostile in HOSTILE {
        let shown = escape(hostile).trim().to_owned();
        let is_cell = |row: &Vec<String>| row.first().is_some_and(|cell| *cell == shown);
        assert!(rows.iter().any(is_cell), "{shown:?} in\n{rows:#?}");
    }
}

#[test]
fn what_became_of_assertions_stands_beside_the_totals() {
    let expected = "
| gate | figure | verdict |
| --- | ---: | --- |
| `failed<=1%` | 0.50 % | held |
| `speedup>=2` | 1.25x | **failed** |
| `total<2s` | 2.00 s (95 % interval 1.50 s … 2.50 s) | inconclusive |
| `p95<1s` | no URL &#60;succeeded> | **unknown** |

";
    for events in [
        run(outcomes(), Some(80 * MS)),
        comparison(faster()),
        swept(),
    ] {
        let text = exported(Export::Markdown, &with_assertions(events));
        let (before, after) = text.split_once(expected).expect(&text);
        assert_eq!(before.lines().count(), 3, "the verdict alone\n{text}");
        let is_next = ["| ", "- why: "].iter().any(|next| after.starts_with(next));
        assert!(is_next, "{text}");
    }
}

#[test]
fn a_sweep_is_its_verdict_and_a_table() {
    let text = exported(Export::Markdown, &swept());
    let expected = "## pfetch: numbers of workers

**4 workers are enough: 3.95 times as fast as 1**, 95 % interval 3.83x to 4.08x · 1 URL

| workers | geometric mean | median | deviation | min | max | p50 of URLs | p95 of URLs | failed | retries |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 1 | 8.10 s | 8.10 s | 100.0 ms | 8.00 s | 8.20 s | – | – | 0 | 1 |
| 2 | 4.10 s |";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains("\nThe knee is 4 workers: the fewest "),
        "{text}"
    );
    assert!(
        text.contains("\n- why: with 8 workers: a.example"),
        "{text}"
    );
    assert!(
        text.contains("Not answered alike in all runs (1):"),
        "{text}"
    );
}

#[test]
fn a_run_against_a_saved_one_has_its_verdict_in_the_page() {
    let text = exported(Export::Markdown, &against());
    is_tame(&text);
    for words in [
        "- serially: this took 2.83 s, 1.41 times as long · one run on a side: no error bars",
        "- with 4 workers: this took 2.00 s, 2.00 times as long as 3 runs of 1970-01-01 to 1970-01-02 · 95 % interval 2.00 … 2.00 · slower\n",
        "- with 4 workers: slower since run 2 of 4 (1970-01-01): about 1.30 times as long (estimate)\n",
        "- pfetch 0.1.0 now, &#60;b>&#42;x&#42;&#60;/b> then\n",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    let text = exported(Export::Markdown, &incomparable());
    assert!(
        text.contains("- not compared: the baseline is of another list of URLs (1 URL more than in its 20 runs); give that list, "),
        "{text}"
    );
}
