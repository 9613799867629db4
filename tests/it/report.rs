//! The reports as exact bytes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use pfetch::model::event::{Event, Listener, RunInfo};
use pfetch::model::origin::{GivenUp, OriginLimit, OriginLimits};
use pfetch::model::outcome::{
    Attempt, Details, Failure, FailureKind, Hop, HttpVersion, Outcome, Verdict,
};
use pfetch::model::retry_idle::RetryIdle;
use pfetch::model::run_id::RunId;
use pfetch::model::summary::Summary;
use pfetch::model::target::Verb;
use pfetch::model::timing::{Phase, Timing};
use pfetch::report::{
    Advice, Baseline, Detail, Human, HumanStyle, JsonLines, Template, TemplateLines, Warnings,
    WayOn,
};
use pfetch::stats::Latency;

const MS: Duration = Duration::from_millis(1);

fn failure(kind: FailureKind, phase: Option<Phase>, message: &str) -> Failure {
    Failure {
        kind,
        phase,
        message: message.to_owned(),
        is_transient: false,
        is_alone: false,
    }
}

/// An outcome with every field set.
fn ok() -> Outcome {
    let mut timing = Timing::default()
        .with(Phase::Blocked, MS)
        .with(Phase::Dns, 2 * MS)
        .with(Phase::Connect, 3 * MS)
        .with(Phase::Send, Duration::ZERO)
        .with(Phase::Wait, 40 * MS)
        .with(Phase::Receive, 4 * MS);
    timing.set_total(Some(50 * MS));
    timing.set_ttfb(Some(46 * MS));
    Outcome {
        index: 0,
        url: Arc::from("http://a.example/"),
        verb: Verb::Get,
        verdict: Verdict::Ok,
        bytes: 1256,
        last: Attempt {
            started_at: Some(SystemTime::UNIX_EPOCH + 1500 * MS),
            span: None,
            worker: Some(3),
            timing,
            requests: 1,
            wire_bytes: Some(1500),
            remote: Some(([127, 0, 0, 1], 80).into()),
            reused: Some(false),
            status: Some(200),
            version: Some(HttpVersion::Http11),
            content_type: None,
            error: None,
            exchanges: None,
        },
        details: None,
    }
}

fn not_found() -> Outcome {
    Outcome {
        index: 1,
        url: Arc::from("http://a.example/missing"),
        verdict: Verdict::Failed,
        bytes: 0,
        last: Attempt {
            status: Some(404),
            error: Some(Box::new(failure(FailureKind::Status, None, "not found"))),
            ..ok().last
        },
        ..ok()
    }
}

fn unreachable() -> Outcome {
    let ten = Duration::from_secs(10);
    let mut outcome = Outcome::untried(
        2,
        Arc::from("http://b.example/"),
        Verb::Head,
        failure(FailureKind::Timeout, Some(Phase::Connect), "timed out"),
    );
    outcome.last.requests = 3;
    outcome.last.timing.set(Phase::Connect, Some(ten));
    outcome.last.timing.set_total(Some(ten));
    outcome
}

fn redirected() -> Outcome {
    let details = Details {
        final_url: Some(Arc::from("http://c.example/new")),
        redirects: vec![Hop {
            url: Arc::from("http://a.example/"),
            status: 301,
        }],
        ..Details::default()
    };
    Outcome {
        index: 3,
        details: Some(Box::new(details)),
        ..ok()
    }
}

fn skipped() -> Outcome {
    Outcome::untried(
        4,
        Arc::from("http://d.example/"),
        Verb::Get,
        failure(FailureKind::Stopped, None, "stopped before it was started"),
    )
}

fn summary() -> Summary {
    Summary {
        ok: 2,
        failed: 2,
        not_done: 0,
        local: 0,
        skipped: 1,
        unchanged: 0,
        kept: 0,
        unchecked: 0,
        done_before: 0,
        latency: Latency::default(),
        ttfb: Latency::default(),
        intended: None,
        statuses: [(200, 2), (404, 1)].into(),
        failures: [(FailureKind::Connect, 1), (FailureKind::Status, 1)].into(),
        bytes: 2512,
        served_bytes: 2512,
        input_wait: Duration::ZERO,
        input_idle: Duration::ZERO,
        retry_idle: RetryIdle::default(),
        wire_bytes: 3000,
        workers: 4,
        makespan: Some(Duration::from_secs(10)),
        failing_only: Duration::ZERO,
        slowdown: None,
        busy: Duration::from_millis(10_500),
        slowest: Duration::from_secs(10),
        slowest_waits: Duration::ZERO,
        receiving: Duration::ZERO,
        output_failed: false,
        repeat_time: None,
        stopped: true,
        listed: Some(5),
        unreadable: Vec::new(),
        runs: None,
        merged: None,
        parts: Vec::new(),
        retries: 0,
        origins: OriginLimits::default(),
        paced: false,
        pacing: None,
    }
}

/// A summary of one URL and one worker, with no plural in its text.
fn single() -> Summary {
    Summary {
        ok: 1,
        workers: 1,
        bytes: 7,
        makespan: Some(100 * MS),
        busy: 200 * MS,
        slowest: 50 * MS,
        slowest_waits: Duration::ZERO,
        receiving: Duration::ZERO,
        ..Summary::default()
    }
}

fn written(listener: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    listener(&mut out).expect("memory can be written");
    String::from_utf8(out).expect("reports are UTF-8")
}

fn human(style: HumanStyle, outcomes: Vec<Outcome>, summary: Summary) -> String {
    written(|out| {
        let mut report = Human::new(out, style);
        for outcome in outcomes {
            report.event(&Event::Finished(outcome))?;
        }
        report.event(&Event::Counted(5))?;
        report.event(&Event::Warning("not here".to_owned()))?;
        report.event(&Event::Ended(summary))
    })
}

fn all() -> Vec<Outcome> {
    vec![ok(), not_found(), unreachable(), redirected(), skipped()]
}

/// The same run, not stopped.
fn whole() -> Summary {
    Summary {
        skipped: 0,
        stopped: false,
        ..summary()
    }
}

#[test]
fn a_whole_run_is_compared_with_the_serial_estimate() {
    assert_eq!(
        human(HumanStyle::default(), Vec::new(), whole()),
        "  4 URLs: 2 ok, 2 failed · 2.5 kB · 4 workers
  parallel    10.00 s
  serial      10.50 s  estimated: the sum of the requests' times
  speed-up  up to 1.05x  estimated, if the server is not the limit
             of at most 1.05x by these times (slowest URL 10.00 s)
             --compare measures it
"
    );
    let text = json(Baseline::Estimate, vec![Event::Ended(whole())]);
    let serial = r#""serial":{"method":"estimate","seconds":10.5,"speedup":1.05,"best_speedup":1.05,"unseen_limit":null},"#;
    assert!(text.contains(serial), "{text}");
}

#[test]
fn human_report_has_a_line_per_url_and_totals() {
    assert_eq!(
        human(HumanStyle::default(), all(), summary()),
        "  200    50.0 ms     1.3 kB  http://a.example/
  404    50.0 ms        0 B  http://a.example/missing  not found
 fail    10.00 s             http://b.example/  connect: timed out (3 attempts)
  200    50.0 ms     1.3 kB  http://a.example/ -> http://c.example/new

  4 of 5 URLs done: 2 ok, 2 failed · 2.5 kB · 4 workers · stopped before its end
  parallel    10.00 s
"
    );
}

#[test]
fn one_url_has_one_line_and_is_compared_with_nothing() {
    assert_eq!(
        human(HumanStyle::default(), vec![], single()),
        "  1 URL: 1 ok, 0 failed · 7 B · 100.0 ms · 1 worker\n"
    );
    let before = Summary {
        done_before: 19,
        ..single()
    };
    assert_eq!(
        human(HumanStyle::default(), vec![], before),
        "  1 URL: 1 ok, 0 failed · 19 done before · 7 B · 100.0 ms · 1 worker\n"
    );
}

#[test]
fn workers_can_be_the_bound_of_the_speed_up() {
    for (workers, speedup, bound) in [
        (1, "up to 2.00x", "1.00x by these times (1 worker)"),
        (2, "1.00x to 2.00x", "2.00x by these times (2 workers)"),
    ] {
        let few = Summary {
            ok: 4,
            workers,
            ..single()
        };
        let text = human(HumanStyle::default(), vec![], few);
        assert!(text.contains(&format!("  speed-up  {speedup}  ")), "{text}");
        let end = format!("of at most {bound} · --compare measures it\n");
        assert!(text.ends_with(&end), "{text}");
    }
}

#[test]
fn files_that_were_kept_without_a_question_are_not_called_unchanged() {
    let counts = |unchanged, unchecked| {
        let summary = Summary {
            ok: 20 - unchanged,
            unchanged,
            kept: unchecked,
            unchecked,
            statuses: [(200, 20 - unchanged)].into(),
            ..Summary::default()
        };
        human(HumanStyle::default(), vec![], summary)
    };
    for (unchanged, unchecked, counted, last) in [
        (20, 20, ": 20 ok (kept, not checked), ", "20 × not asked\n"),
        (
            12,
            12,
            ": 20 ok (12 kept, not checked), ",
            "  12 × not asked\n",
        ),
        (
            12,
            2,
            ": 20 ok (10 unchanged, 2 kept, not checked), ",
            "  10 × without a status  2 × not asked\n",
        ),
    ] {
        let text = counts(unchanged, unchecked);
        let holds = text.contains(counted) && text.ends_with(last);
        assert!(holds, "{unchanged} {unchecked}\n{text}");
    }
}

#[test]
fn a_summary_stands_off_only_from_what_comes_before_it() {
    let style = |detail, follows_other| HumanStyle {
        detail,
        follows_other,
        ..HumanStyle::default()
    };
    for (detail, follows_other, start) in [
        (Detail::Summary, false, "  4 of 5"),
        (Detail::Summary, true, "\n  4 of 5"),
        (Detail::FailuresAndSummary, false, "  404 "),
        (Detail::Everything, false, "  200 "),
    ] {
        let text = human(style(detail, follows_other), all(), summary());
        assert!(text.starts_with(start), "{detail:?}\n{text}");
    }
    let text = human(
        style(Detail::FailuresAndSummary, false),
        vec![ok()],
        whole(),
    );
    assert!(text.starts_with("  4 URLs: "), "{text}");
}

#[test]
fn files_that_were_up_to_date_are_successes() {
    let counts = |ok, unchanged, done_before| {
        let summary = Summary {
            ok,
            unchanged,
            done_before,
            workers: 1,
            ..Summary::default()
        };
        let text = human(HumanStyle::default(), vec![], summary);
        text.trim()
            .split(" · ")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(counts(0, 20, 0), "20 URLs: 20 ok (unchanged), 0 failed");
    assert_eq!(counts(5, 15, 0), "20 URLs: 20 ok (15 unchanged), 0 failed");
    assert_eq!(counts(0, 0, 20), "nothing left to do: 20 done before");
}

#[test]
fn a_run_in_which_nothing_succeeded_has_no_speed_up() {
    let failed = Summary {
        ok: 0,
        failed: 4,
        ..whole()
    };
    let text = human(HumanStyle::default(), vec![], failed.clone());
    assert!(text.ends_with("\n  parallel    10.00 s\n"), "{text}");
    let text = json(Baseline::Estimate, vec![Event::Ended(failed)]);
    assert!(text.contains("\"serial\":null,"), "{text}");
}

#[test]
fn a_stopped_run_says_how_far_it_came_and_how_to_go_on() {
    for (listed, way_on, expected) in [
        (
            Some(800),
            Some(WayOn::Log),
            "  6 of 800 URLs done: 2 ok, 2 failed · 2 done before · 2.5 kB · 4 workers
    stopped before its end
  parallel    10.00 s
  again with --resume fetches the rest
",
        ),
        (
            None,
            Some(WayOn::NoLog),
            "  6 URLs done: 2 ok, 2 failed · 2 done before · 2.5 kB · 4 workers
    stopped before its end; the rest of the list was not read
  parallel    10.00 s
",
        ),
        (
            Some(800),
            Some(WayOn::NoLog),
            "  6 of 800 URLs done: 2 ok, 2 failed · 2 done before · 2.5 kB · 4 workers
    stopped before its end
  parallel    10.00 s
  with --log FILE, a later run with --resume could go on
",
        ),
    ] {
        let stopped = Summary {
            listed,
            done_before: 2,
            skipped: 240,
            ..summary()
        };
        let style = HumanStyle {
            advice: Advice {
                after_stop: way_on,
                on_bodies: false,
            },
            columns: Some(80),
            ..HumanStyle::default()
        };
        assert_eq!(human(style, vec![], stopped), expected);
        let text = human(style, vec![], whole());
        assert!(!text.contains("--resume"), "{text}");
    }
}

#[test]
fn where_bodies_went_is_said_if_there_were_any() {
    let style = HumanStyle {
        advice: Advice {
            after_stop: None,
            on_bodies: true,
        },
        ..HumanStyle::default()
    };
    let said = "  bodies were not kept: -d DIR saves them, --cat prints them\n";
    let text = human(style, vec![], single());
    assert!(text.ends_with(said), "{text}");
    let failed = Summary {
        ok: 0,
        failed: 1,
        ..single()
    };
    let text = human(style, vec![], failed);
    assert!(!text.contains("bodies"), "{text}");
}

/// A target that was to be tried again when the run was stopped.
fn interrupted(reason: Failure, status: Option<u16>) -> Outcome {
    let mut outcome = skipped();
    outcome.follow(vec![Attempt {
        error: Some(Box::new(reason)),
        status,
        ..Attempt::default()
    }]);
    outcome
}

#[test]
fn what_went_wrong_before_a_stop_is_said_of_urls_that_waited_for_another_try() {
    let busy = || {
        let reason = failure(FailureKind::Status, None, "service unavailable");
        interrupted(reason, Some(503))
    };
    let refused = failure(
        FailureKind::Connect,
        None,
        &format!("{} refused", "x".repeat(200)),
    );
    let outcomes = vec![busy(), interrupted(refused, None), busy(), skipped()];
    let stopped = Summary {
        ok: 0,
        failed: 0,
        skipped: 4,
        listed: Some(4),
        makespan: None,
        ..summary()
    };
    let expected = format!(
        "  0 of 4 URLs done: 0 ok, 0 failed · 2.5 kB · 4 workers · stopped before its end
  not done   was to be tried again, after:
             2 × 503 service unavailable
             1 × connect: {}…
",
        "x".repeat(50)
    );
    assert_eq!(human(HumanStyle::default(), outcomes, stopped), expected);
}

#[test]
fn no_line_of_a_summary_is_wider_than_a_terminal() {
    let mut wide = Summary {
        ok: 123_456_789,
        unchanged: 12_345_678,
        failed: 1_234_567,
        skipped: 0,
        done_before: 123_456,
        retries: 1_234_567,
        bytes: 123_456_789_012,
        workers: 10_000,
        makespan: Some(Duration::from_secs(4_000)),
        busy: Duration::from_secs(400_000),
        stopped: false,
        statuses: (200..=299).map(|status| (status, 1_234_567)).collect(),
        ..summary()
    };
    for seconds in 61..=170 {
        wide.latency.record(Duration::from_secs(seconds));
    }
    // In a pipe too, whose reader may be a build's log.
    for (colour, columns) in [(false, Some(200)), (true, Some(200)), (false, None)] {
        let style = HumanStyle {
            colour,
            columns,
            ..HumanStyle::default()
        };
        let text = human(style, vec![], wide.clone());
        for line in text.lines() {
            let width = console::measure_text_width(line);
            assert!(width <= 80, "{width}: {line}\n{text}");
        }
        assert!(text.contains("speed-up"), "{text}");
    }
}

#[test]
fn further_lines_of_an_item_are_below_its_name_which_begins_one_line_alone() {
    let wide = Summary {
        statuses: (200..=299).map(|status| (status, 1)).collect(),
        ok: 100,
        ..whole()
    };
    let text = human(HumanStyle::default(), vec![], wide);
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with("  statuses "));
    let first = lines.next().unwrap_or_default();
    assert!(first.contains("1 × 200"), "{text}");
    let further: Vec<&str> = lines.collect();
    let has_last = further.iter().any(|line| line.contains("1 × 299"));
    assert!(further.len() > 5 && has_last, "{text}");
    let indent = " ".repeat("  statuses   ".len());
    assert!(
        further.iter().all(|line| line.starts_with(&indent)),
        "{text}"
    );
    // What a script looks for is in the line that it finds.
    let speedup = text.lines().find(|line| line.starts_with("  speed-up "));
    assert!(speedup.is_some_and(|line| line.contains('x')), "{text}");
}

#[test]
fn the_reason_of_a_failure_goes_on_below_on_a_terminal_alone() {
    let long = |columns| {
        let mut outcome = ok();
        outcome.verdict = Verdict::Failed;
        outcome.last.error = Some(Box::new(Failure {
            kind: FailureKind::Closed,
            phase: None,
            message: "some words ".repeat(12).trim_end().to_owned(),
            is_transient: false,
            is_alone: false,
        }));
        let style = HumanStyle {
            columns,
            ..HumanStyle::default()
        };
        human(style, vec![outcome], Summary::default())
    };
    let text = long(None);
    let reason = format!("  after status 200: closed: {}", "some words ".repeat(12));
    assert!(text.contains(reason.trim_end()), "{text}");
    let text = long(Some(100));
    let lines: Vec<&str> = text.lines().take_while(|line| !line.is_empty()).collect();
    assert!(
        lines.len() > 1 && lines[0].ends_with("http://a.example/"),
        "{text}"
    );
    for line in &lines {
        assert!(console::measure_text_width(line) <= 100, "{text}");
        assert!(!line.ends_with("some wor"), "{text}");
    }
    assert_eq!(text.matches("words").count(), 12, "{text}");
}

#[test]
fn the_way_on_is_told_once_where_a_server_was_given_up() {
    let style = HumanStyle {
        advice: Advice {
            after_stop: Some(WayOn::NoLog),
            on_bodies: false,
        },
        ..HumanStyle::default()
    };
    for given_up in [None, Some(GivenUp::TooMany)] {
        let limit = OriginLimit {
            origin: "http://h".into(),
            at_once: Some(1),
            per_second: None,
            push_backs: 9,
            given_up,
            ..OriginLimit::default()
        };
        let summary = Summary {
            origins: OriginLimits::new(vec![limit], 0),
            ..whole()
        };
        let text = human(style, vec![], summary);
        let told = text.matches("--resume").count();
        assert_eq!(told, usize::from(given_up.is_some()), "{text}");
    }
}

#[test]
fn baseline_is_omitted_on_request_and_when_nothing_was_tried() {
    let style = HumanStyle {
        baseline: Baseline::None,
        ..HumanStyle::default()
    };
    let text = human(style, vec![], whole());
    assert!(text.ends_with("\n  parallel    10.00 s\n"), "{text}");
    let untried = Summary {
        skipped: 2,
        workers: 1,
        ..Summary::default()
    };
    assert_eq!(
        human(HumanStyle::default(), vec![], untried),
        "  2 URLs: 0 ok, 0 failed, 2 skipped · 0 B · 1 worker\n"
    );
    let nothing = human(HumanStyle::default(), vec![], Summary::default());
    assert_eq!(nothing, "");
}

#[test]
fn lines_and_summary_can_be_left_out() {
    let failures = "  404    50.0 ms        0 B  http://a.example/missing  not found
 fail    10.00 s             http://b.example/  connect: timed out (3 attempts)
";
    let totals = "  4 of 5 URLs done: 2 ok, 2 failed · 2.5 kB · 4 workers · stopped before its end
  parallel    10.00 s
";
    for (detail, expected) in [
        (Detail::Failures, failures.to_owned()),
        (Detail::FailuresAndSummary, format!("{failures}\n{totals}")),
        (Detail::Summary, totals.to_owned()),
    ] {
        let style = HumanStyle {
            detail,
            ..HumanStyle::default()
        };
        assert_eq!(human(style, all(), summary()), expected, "{detail:?}");
    }
}

#[test]
fn json_lines_can_do_without_results() {
    let text = written(|out| {
        let mut report = JsonLines::new(out, Baseline::Estimate).without_results();
        report.event(&Event::Finished(ok()))?;
        report.event(&Event::Warning("said".to_owned()))?;
        report.event(&Event::Ended(summary()))
    });
    let types: Vec<_> = text.lines().map(|line| &line[..17]).collect();
    assert_eq!(
        types,
        ["{\"type\":\"warning\"", "{\"type\":\"summary\""],
        "{text}"
    );
}

#[test]
fn a_template_gets_a_line_for_each_url_that_was_tried() {
    let template = Template::parse(r"{index} {status} {time} {final_url}").expect("it is right");
    let text = written(|out| {
        let mut report = TemplateLines::new(out, template);
        for outcome in all() {
            report.event(&Event::Finished(outcome))?;
        }
        report.event(&Event::Ended(summary()))
    });
    assert_eq!(
        text,
        "0 200 0.050000 http://a.example/
1 404 0.050000 http://a.example/missing
2 000 10.000000 http://b.example/
3 200 0.050000 http://c.example/new
"
    );
}

#[test]
fn colour_is_reset_after_each_word() {
    let style = HumanStyle {
        colour: true,
        ..HumanStyle::default()
    };
    let text = human(style, all(), summary());
    assert_eq!(
        text.replace('\x1b', "^"),
        "^[32m  200^[0m    50.0 ms     1.3 kB  http://a.example/
^[31m  404^[0m    50.0 ms        0 B  http://a.example/missing  ^[31mnot found^[0m
^[31m fail^[0m    10.00 s             http://b.example/  ^[31mconnect: timed out^[0m (3 attempts)
^[32m  200^[0m    50.0 ms     1.3 kB  http://a.example/ ^[2m-> http://c.example/new^[0m

  4 of 5 URLs done: ^[32m2 ok^[0m, ^[31m2 failed^[0m · 2.5 kB · 4 workers · stopped before its end
  parallel  ^[1m  10.00 s^[0m
"
    );
}

fn json(baseline: Baseline, events: Vec<Event>) -> String {
    written(|out| {
        let mut report = JsonLines::new(out, baseline);
        events.iter().try_for_each(|event| report.event(event))
    })
}

#[test]
fn json_lines_have_one_object_per_line() {
    let info = RunInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        workers: 4,
        started_at: SystemTime::UNIX_EPOCH + 1250 * MS,
        startup: MS,
        id: RunId::default(),
        log: None,
        shard: None,
    };
    let events = vec![
        Event::Started(info),
        Event::Finished(ok()),
        Event::Finished(not_found()),
        Event::Finished(unreachable()),
        Event::Finished(redirected()),
        Event::Finished(skipped()),
        Event::Warning("a \"list\" ended".to_owned()),
        Event::Counted(5),
        Event::Ended(summary()),
    ];
    let id = RunId::default();
    let version = env!("CARGO_PKG_VERSION");
    let timing = r#""timing":{"blocked":0.001,"dns":0.002,"connect":0.003,"ssl":null,"send":0.0,"wait":0.04,"receive":0.004,"total":0.05,"ttfb":0.046}"#;
    let expected = [
        format!(r#"{{"type":"run","schema":1,"version":"{version}","workers":4,"started_at":"1970-01-01T00:00:01.250000Z","startup":0.001,"run":"{id}","log":null,"shard":null}}"#),
        format!(r#"{{"type":"result","index":0,"url":"http://a.example/","final_url":null,"action":"get","outcome":"ok","status":200,"http_version":"HTTP/1.1","content_type":null,"meta":null,"attempts":1,"pushed_back":0,"bytes":1256,"wire_bytes":1500,"remote":"127.0.0.1:80","reused":false,"worker":3,"started_at":"1970-01-01T00:00:01.500000Z","elapsed":0.05,{timing},"redirects":[],"saved":null,"exchanges":[],"earlier":[],"error":null,"notices":[],"run":"{id}"}}"#),
        format!(r#"{{"type":"result","index":1,"url":"http://a.example/missing","final_url":null,"action":"get","outcome":"failed","status":404,"http_version":"HTTP/1.1","content_type":null,"meta":null,"attempts":1,"pushed_back":0,"bytes":0,"wire_bytes":1500,"remote":"127.0.0.1:80","reused":false,"worker":3,"started_at":"1970-01-01T00:00:01.500000Z","elapsed":0.05,{timing},"redirects":[],"saved":null,"exchanges":[],"earlier":[],"error":{{"kind":"status","phase":null,"message":"not found"}},"notices":[],"run":"{id}"}}"#),
        r#"{"type":"result","index":2,"url":"http://b.example/","final_url":null,"action":"head","outcome":"failed","status":null,"http_version":null,"content_type":null,"meta":null,"attempts":3,"pushed_back":0,"bytes":0,"wire_bytes":null,"remote":null,"reused":null,"worker":null,"started_at":null,"elapsed":10.0,"timing":{"blocked":null,"dns":null,"connect":10.0,"ssl":null,"send":null,"wait":null,"receive":null,"total":10.0,"ttfb":null},"redirects":[],"saved":null,"exchanges":[],"earlier":[],"error":{"kind":"timeout","phase":"connect","message":"timed out"},"notices":[],"run":"0000000000000000"}"#.to_owned(),
        format!(r#"{{"type":"result","index":3,"url":"http://a.example/","final_url":"http://c.example/new","action":"get","outcome":"ok","status":200,"http_version":"HTTP/1.1","content_type":null,"meta":null,"attempts":1,"pushed_back":0,"bytes":1256,"wire_bytes":1500,"remote":"127.0.0.1:80","reused":false,"worker":3,"started_at":"1970-01-01T00:00:01.500000Z","elapsed":0.05,{timing},"redirects":[{{"url":"http://a.example/","status":301}}],"saved":null,"exchanges":[],"earlier":[],"error":null,"notices":[],"run":"{id}"}}"#),
        r#"{"type":"result","index":4,"url":"http://d.example/","final_url":null,"action":"get","outcome":"skipped","status":null,"http_version":null,"content_type":null,"meta":null,"attempts":0,"pushed_back":0,"bytes":0,"wire_bytes":null,"remote":null,"reused":null,"worker":null,"started_at":null,"elapsed":null,"timing":{"blocked":null,"dns":null,"connect":null,"ssl":null,"send":null,"wait":null,"receive":null,"total":null,"ttfb":null},"redirects":[],"saved":null,"exchanges":[],"earlier":[],"error":{"kind":"stopped","phase":null,"message":"stopped before it was started"},"notices":[],"run":"0000000000000000"}"#.to_owned(),
        r#"{"type":"warning","message":"a \"list\" ended","run":"0000000000000000"}"#.to_owned(),
        r#"{"type":"summary","targets":5,"ok":2,"unchanged":0,"kept":0,"failed":2,"not_done":0,"skipped":1,"done_before":0,"retries":0,"bytes":2512,"served_bytes":2512,"wire_bytes":3000,"workers":4,"paced":false,"pacing":null,"stopped":true,"listed":5,"runs":null,"parallel":10.0,"input_wait":0.0,"input_idle":0.0,"retry_idle":0.0,"retry_idle_for":{"retry_after":0.0,"no_answer":0.0,"delay":0.0},"serial":null,"throughput":251.2,"urls_per_second":0.2,"latency":null,"ttfb":null,"intended_latency":null,"slowdown":null,"statuses":{"200":2,"404":1},"failures":{"connect":1,"status":1},"origins":[],"more_origins":0,"merged":null,"run":"0000000000000000"}"#.to_owned(),
    ];
    let text = json(Baseline::Estimate, events);
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines.len(), expected.len() + 1, "{text}");
    for (line, expected) in lines.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(lines[expected.len()], "", "the last line has its end");
}

#[test]
fn json_baseline_is_null_when_it_is_omitted() {
    for (baseline, summary) in [
        (Baseline::None, single()),
        (Baseline::Estimate, Summary::default()),
    ] {
        let text = json(baseline, vec![Event::Ended(summary)]);
        assert!(text.contains("\"serial\":null,"), "{text}");
    }
}

#[test]
fn warnings_are_lines_of_their_own() {
    let text = written(|out| {
        let mut report = Warnings::new(out);
        report.event(&Event::Finished(ok()))?;
        report.event(&Event::Warning("a list ended early".to_owned()))
    });
    assert_eq!(text, "pfetch: warning: a list ended early\n");
}

#[test]
fn no_way_on_is_advised_after_an_output_failed() {
    let style = HumanStyle {
        advice: Advice {
            after_stop: Some(WayOn::NoLog),
            on_bodies: false,
        },
        ..HumanStyle::default()
    };
    for output_failed in [false, true] {
        let stopped = Summary {
            output_failed,
            ..summary()
        };
        let text = human(style, Vec::new(), stopped);
        assert_eq!(text.contains("--resume"), !output_failed, "{text}");
    }
}

#[test]
fn many_urls_have_percentiles_a_rate_and_counts_of_their_statuses() {
    let mut summary = Summary {
        ok: 98,
        failed: 2,
        skipped: 0,
        bytes: 5_100_000,
        served_bytes: 5_000_000,
        makespan: Some(Duration::from_secs(2)),
        stopped: false,
        statuses: [(200, 98), (500, 1)].into(),
        failures: [(FailureKind::Status, 1), (FailureKind::Timeout, 1)].into(),
        ..summary()
    };
    for ms in 1..=98 {
        summary.latency.record(ms * MS);
    }
    let text = human(HumanStyle::default(), Vec::new(), summary);
    let figures: Vec<&str> = text.lines().skip(6).collect();
    assert_eq!(
        figures,
        [
            "  latency    p50 49.0 ms  p95 94.0 ms  p99 98.0 ms  max 98.0 ms  of 98 ok",
            "  rate       2.5 MB/s (5.0 MB of 98 ok) · 49.0 successful URLs/s",
            "  statuses   98 × 200  1 × 500  1 × timeout",
        ],
        "{text}"
    );
}
