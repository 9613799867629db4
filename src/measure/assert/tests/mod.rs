//! Tests of assertions: parsing, and the errors of parsing.

mod judging;

use super::*;
use proptest::prelude::*;

fn assertion(text: &str) -> Assertion {
    text.parse()
        .unwrap_or_else(|error| panic!("{text:?}: {error}"))
}

/// Texts of assertions, each with its canonical text and its threshold in the base unit.
const READABLE: &str = "
    speedup>=2                  speedup>=2                2
    speedup>=2.5x               speedup>=2.5              2.5
    speedup>.5                  speedup>0.5               0.5
    total<5s                    total<5s                  5
    total<5.0s                  total<5s                  5
    total<=1.5min               total<=1.5m               90
    total<2m                    total<2m                  120
    total<2h                    total<2h                  7200
    p95<500ms                   p95<500ms                 0.5
    p99.9<500ms                 p99.9<500ms               0.5
    p95.0<1s                    p95<1s                    1
    p05<1s                      p5<1s                     1
    p0>80us                     p0>80us                   0.00008
    p100<80µs                   p100<80us                 0.00008
    ttfb_p95<200ms              ttfb_p95<200ms            0.2
    mean<1s                     mean<1s                   1
    median<1s                   median<1s                 1
    max<1s                      max<1s                    1
    failed<=1%                  failed<=1%                1
    failed<=0.5%                failed<=0.5%              0.5
    failed<=3                   failed<=3                 3
    failed==0                   failed==0                 0
    throughput>=10MB/s          throughput>=10MB/s        10000000
    throughput>=10M/s           throughput>=10MB/s        10000000
    throughput>1KB/s            throughput>1kB/s          1000
    throughput>1B/s             throughput>1B/s           1
    throughput>2GB/s            throughput>2GB/s          2000000000
    throughput>2Ki/s            throughput>2KiB/s         2048
    throughput>1MiB/s           throughput>1MiB/s         1048576
    throughput>1Gi/s            throughput>1GiB/s         1073741824
    urls_per_second>=100/s      urls_per_second>=100      100
    requests_per_second>=100    urls_per_second>=100      100
    rps>=100                    urls_per_second>=100      100
    total_vs_baseline<=1.1      total_vs_baseline<=1.1    1.1
";

#[test]
fn assertions_are_parsed_with_their_units() {
    for line in READABLE.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [text, canonical, value] = words[..] else {
            panic!("{line:?} is not three words");
        };
        let assertion = assertion(text);
        assert_eq!(assertion.to_string(), canonical, "{text}");
        assert_eq!(assertion.threshold().value().to_string(), value, "{text}");
        assert_eq!(canonical.parse(), Ok(assertion), "{text}");
    }
}

#[test]
fn spaces_are_allowed_between_all_parts() {
    for text in [
        "p95<500ms",
        "  p95  <  500 ms ",
        "p95 <500 ms",
        "\tp95<\u{3000}500ms",
    ] {
        assert_eq!(assertion(text), assertion("p95<500ms"), "{text:?}");
    }
}

#[test]
fn names_are_parsed_as_metrics() {
    for (name, metric) in [
        ("speedup>1", Metric::Speedup),
        ("total<1s", Metric::Total),
        ("total_vs_baseline<1", Metric::TotalVsBaseline),
        ("failed<1", Metric::Failed),
        ("failed<1%", Metric::FailedShare),
        ("throughput>1B/s", Metric::Throughput),
        ("urls_per_second>1", Metric::UrlsPerSecond),
        ("mean<1s", Metric::Mean),
        ("median<1s", Metric::Median),
        ("max<1s", Metric::Max),
    ] {
        assert_eq!(assertion(name).metric(), metric);
    }
    let percents = |text: &str| match assertion(text).metric() {
        Metric::Percentile(percent) => (percent.value(), false),
        Metric::TtfbPercentile(percent) => (percent.value(), true),
        other => panic!("{other:?}"),
    };
    assert_eq!(percents("p95<1s"), (95.0, false));
    assert_eq!(percents("p99.9<1s"), (99.9, false));
    assert_eq!(percents("ttfb_p100<1s"), (100.0, true));
    assert_eq!(assertion("max>=1s").relation(), Relation::AtLeast);
}

/// Texts that are no assertions after a bar; below each, the column and the message of the error.
const UNREADABLE: &str = r#"
    |
    |^ there is nothing; {example}
    |<5s
    |^ "<5s" is no name; {example}
    | %<5s
    | ^ "%<5s" is no name; {example}
    |totl<5s
    |^ "totl" is no known name; {known}
    |  Total<5s
    |  ^ "Total" is no known name; {known}
    |p<5s
    |^ "p" is no known name; {known}
    |ttfb<5s
    |^ "ttfb" is no known name; {known}
    |ttfb_p<5s
    |^ "ttfb_p" is no known name; {known}
    |größe<5s
    |^ "größe" is no known name; {known}
    |p101<5s
    |^ "p101" {percentile}
    |p100.1<5s
    |^ "p100.1" {percentile}
    |p99.99<5s
    |^ "p99.99" {percentile}
    |p95.<5s
    |^ "p95." {percentile}
    |p9x<5s
    |^ "p9x" {percentile}
    |p99999999999<5s
    |^ "p99999999999" {percentile}
    |ttfb_p200<5s
    |^ "ttfb_p200" {percentile}
    |total
    |     ^ after total comes a comparison; {comparisons}
    |total 5s
    |      ^ after total comes a comparison; {comparisons}
    |total=5s
    |     ^ "=" is no comparison; {comparisons}
    |total =< 5s
    |      ^ "=<" is no comparison; {comparisons}
    |total!=5s
    |     ^ "!=" is no comparison; {comparisons}
    |total≤5s
    |     ^ "≤" is no comparison; {comparisons}
    |total<<5s
    |     ^ "<<" is no comparison; {comparisons}
    |total<
    |      ^ the limit is missing after <
    |total <=
    |        ^ the limit is missing after <=
    |total<5x
    |      ^ "5x" {time}
    |total <= 5x
    |         ^ "5x" {time}
    |total<5MB/s
    |      ^ "5MB/s" {time}
    |total<-5s
    |      ^ "-5s" {time}
    |total<soon
    |      ^ "soon" {time}
    |total<1.2.3s
    |      ^ "1.2.3s" {time}
    |total<.s
    |      ^ ".s" {time}
    |total<1e3s
    |      ^ "1e3s" {time}
    |total<infs
    |      ^ "infs" {time}
    |total<5s and p95<1s
    |             ^ "p95<1s" {own}
    |p95<500ms,failed<1%
    |          ^ "failed<1%" {own}
    |p95<500ms && failed < 1%
    |             ^ "failed < 1%" {own}
    |p95<500ms;p(99)<1s
    |          ^ "p(99)<1s" {own}
    |p95<500ms failed<1% total<5s
    |          ^ "failed<1% total<5s" {own}
    |failed<=1%||größe≤5 
    |            ^ "größe≤5" {own}
    |total<5s<6s
    |      ^ "5s<6s" {time}
    |total<1,5s
    |      ^ "1,5s" {time}
    |ok>=99%
    |^ "ok" {successes}
    |success_rate>99%,p95<1s
    |^ "success_rate" {successes}
    |failure_rate<1%
    |^ "failure_rate" is no known name; the share of failures is failed, as failed<=1%
    |duration<5s
    |^ "duration" is no known name; the run's time is total, as total<5s
    |latency<5s
    |^ "latency" is no known name; the times per URL are mean, median, max, and p95 or the like
    |qps>5
    |^ "qps" is no known name; the rate is urls_per_second
    |bandwidth>5MB/s
    |^ "bandwidth" is no known name; body bytes a second are throughput, as throughput>=10MB/s
    |total<5
    |      ^ "5" has no unit; total takes a time, as 500ms or 5s
    |throughput>10
    |           ^ "10" has no unit; throughput takes a rate of bytes, as 10MB/s or 512KiB/s
    |throughput>5s
    |           ^ "5s" {bytes}
    |throughput>5MB
    |           ^ "5MB" {bytes}
    |speedup>=2s
    |         ^ "2s" is no factor, which speedup takes; give one as a plain number, as 2 or 1.1
    |urls_per_second>5MB/s
    |                ^ "5MB/s" is no rate, which urls_per_second takes; {plain}
    |failed<=1.5
    |        ^ "1.5" {share}
    |failed<=3s
    |        ^ "3s" {share}
    |failed<=101%
    |        ^ "101%" is more than all; failed goes up to 100%
"#;

#[test]
fn parse_errors_give_the_column() {
    let full = |short: &str| {
        [
            (
                "{known}",
                "known are speedup, total, total_vs_baseline, failed, throughput, \
                 urls_per_second, mean, median, max, and any p95 or ttfb_p99.9",
            ),
            (
                "{example}",
                "write a name, a comparison and a limit, as p95<500ms",
            ),
            (
                "{percentile}",
                "is no percentile; they go from p0 to p100, with one decimal at most",
            ),
            ("{comparisons}", "write one of < <= > >= =="),
            (
                "{own}",
                "is a gate of its own; --assert may be repeated, one gate each, and all have to hold",
            ),
            (
                "{successes}",
                "is no known name; successes are all but the failures: for 99 % of them write failed<=1%",
            ),
            (
                "{time}",
                "is no time, which total takes; give one as 500ms or 5s",
            ),
            (
                "{bytes}",
                "is no rate of bytes, which throughput takes; give one as 10MB/s or 512KiB/s",
            ),
            (
                "{share}",
                "is no number or share, which failed takes; \
                 give one as a whole number, as 3, or a share, as 1%",
            ),
            ("{plain}", "give one as a plain number, as 100"),
        ]
        .iter()
        .fold(short.to_owned(), |text, (name, words)| {
            text.replace(name, words)
        })
    };
    let lines: Vec<&str> = UNREADABLE
        .lines()
        .filter_map(|line| Some(line.split_once('|')?.1))
        .collect();
    for case in lines.chunks(2) {
        let (space, what) = case[1].split_once("^ ").unwrap();
        let error = case[0].parse::<Assertion>().expect_err(case[0]);
        assert_eq!(error.what, full(what), "{case:?}");
        assert_eq!(error.column, space.len() + 1, "{case:?}: {error}");
    }
}

#[test]
fn a_percentile_may_be_written_as_k6_does() {
    for (text, expected) in [
        ("p(95)<500ms", "p95<500ms"),
        ("p(99.9) <= 1s", "p99.9<=1s"),
        ("ttfb_p(50)<80ms", "ttfb_p50<80ms"),
        ("med<80ms", "median<80ms"),
    ] {
        let parsed = text.parse::<Assertion>().map(|parsed| parsed.to_string());
        assert_eq!(parsed.as_deref(), Ok(expected), "{text}");
    }
    for text in [
        "p(95<5s",
        "p()<5s",
        "p(9 5)<5s",
        "p(x)<5s",
        "p(101)<5s",
        "mean(95)<5s",
    ] {
        text.parse::<Assertion>().expect_err(text);
    }
}

#[test]
fn only_the_time_of_a_run_is_compared_with_a_baseline() {
    for name in [
        "p95_vs_baseline",
        "speedup_vs_baseline",
        "failed_vs_baseline",
    ] {
        let error = format!("{name}<=1.1").parse::<Assertion>();
        let error = error.expect_err(name).what;
        let expected = "only its time is compared with a baseline: write total_vs_baseline";
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn an_error_is_one_line_that_begins_with_its_place() {
    let said = |text: &str| text.parse::<Assertion>().unwrap_err().to_string();
    assert_eq!(
        said("p95 < 5x"),
        "at column 7: \"5x\" is no time, which p95 takes; give one as 500ms or 5s"
    );
    assert!(said("p95<\n5\u{1b}[m").starts_with("at column 6: \"5\\u{1b}[m\" is no time"));
    let huge = format!("total<{}h", "9".repeat(308));
    assert!(said(&huge).ends_with("is more than can be counted"));
}

/// Texts of assertions with random numbers and spaces.
fn assertions() -> impl Strategy<Value = String> {
    let sign = " ?(<|<=|>|>=|==) ?";
    let number = "([0-9]{1,20}|[0-9]{0,20}\\.[0-9]{1,20})";
    let percentile = "p([1-9]?[0-9](\\.[0-9])?|100)";
    let patterns = [
        format!("(total|mean|median|max|(ttfb_)?{percentile}){sign}{number} ?(us|µs|ms|s|m|min|h)"),
        format!("throughput{sign}{number} ?([kKMG]?B/s|[kKMG]/s|[KMG]i/s|[KMG]iB/s)"),
        format!("(speedup|total_vs_baseline){sign}{number} ?x?"),
        format!("urls_per_second{sign}{number}(/s)?"),
        format!("failed{sign}([0-9]{{1,20}}|[0-9]{{1,2}}(\\.[0-9]{{1,20}})? ?%)"),
    ];
    prop::sample::select(patterns.to_vec()).prop_flat_map(|pattern| {
        prop::string::string_regex(&pattern).expect("the patterns above are well formed")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn the_canonical_text_reads_back_to_the_same_assertion(text in assertions()) {
        let assertion: Assertion = match text.parse() {
            Ok(assertion) => assertion,
            Err(error) => return Err(TestCaseError::fail(format!("{text:?}: {error}"))),
        };
        let canonical = assertion.to_string();
        prop_assert_eq!(canonical.parse::<Assertion>(), Ok(assertion), "{}", canonical);
        prop_assert!(!canonical.contains(' '));
    }

    #[test]
    fn parsing_never_panics(text in any::<String>()) {
        let _ = text.parse::<Assertion>();
    }

    #[test]
    fn near_assertions_are_parsed_or_refused_with_a_column(
        text in "( |total|p|9|5|\\.|x|%|ms|s|MB/s|<|>|=|≤|é|failed|speedup|\u{3000}){0,8}",
    ) {
        if let Err(error) = text.parse::<Assertion>() {
            prop_assert!(error.column >= 1 && error.column <= text.chars().count() + 1, "{}", error);
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
