//! Tests of assertions that are held against figures.

use proptest::prelude::*;

use super::super::*;
use super::assertion;
use crate::stats::Interval;

fn judge(text: &str, figure: MetricValue) -> Judgement {
    assertion(text).judge(&|_: Metric| Ok(figure))
}

#[test]
fn a_plain_value_decides_by_itself() {
    for (text, below, at, above) in [
        ("speedup<2", true, false, false),
        ("speedup<=2", true, true, false),
        ("speedup>2", false, false, true),
        ("speedup>=2", false, true, true),
        ("speedup==2", false, true, false),
    ] {
        for (value, holds) in [(1.9, below), (2.0, at), (2.1, above)] {
            let expected = if holds {
                Judgement::Held
            } else {
                Judgement::Failed
            };
            assert_eq!(
                judge(text, MetricValue::from(value)),
                expected,
                "{text} of {value}"
            );
        }
    }
}

#[test]
fn an_interval_decides_only_as_a_whole() {
    use Judgement::{Failed, Held, Inconclusive};
    for (text, verdicts) in [
        // Of 1.0 to 1.9, 1.0 to 2.0, 1.9 to 2.1, 2.0 to 3.0, 2.1 to 3.0, 2.0 to 2.0.
        (
            "speedup<2",
            [Held, Inconclusive, Inconclusive, Failed, Failed, Failed],
        ),
        (
            "speedup<=2",
            [Held, Held, Inconclusive, Inconclusive, Failed, Held],
        ),
        (
            "speedup>2",
            [Failed, Failed, Inconclusive, Inconclusive, Held, Failed],
        ),
        (
            "speedup>=2",
            [Failed, Inconclusive, Inconclusive, Held, Held, Held],
        ),
        (
            "speedup==2",
            [
                Failed,
                Inconclusive,
                Inconclusive,
                Inconclusive,
                Failed,
                Held,
            ],
        ),
    ] {
        let ends = [
            (1.0, 1.9),
            (1.0, 2.0),
            (1.9, 2.1),
            (2.0, 3.0),
            (2.1, 3.0),
            (2.0, 2.0),
        ];
        for ((low, high), verdict) in ends.into_iter().zip(verdicts) {
            // The value within the interval does not decide.
            for value in [low, high] {
                let interval = Some(Interval { low, high });
                let judged = judge(text, MetricValue { value, interval });
                assert_eq!(judged, verdict, "{text} of {low} to {high}");
            }
        }
    }
}

#[test]
fn an_assertion_on_a_missing_figure_is_unknown() {
    struct Nothing;
    impl MetricSource for Nothing {
        fn value(&self, metric: Metric) -> Result<MetricValue, String> {
            Err(format!("no {metric} here"))
        }
    }
    let unknown = Judgement::Unknown("no p95 here".to_owned());
    assert_eq!(assertion("p95<1s").judge(&Nothing), unknown);
    let figures: &dyn MetricSource = &Nothing;
    assert_eq!(assertion("p95<1s").judge(figures), unknown);
    let no_number = Judgement::Unknown("the figure is no number".to_owned());
    assert_eq!(judge("p95<1s", MetricValue::from(f64::NAN)), no_number);
}

#[test]
fn figures_are_asked_for_by_metric() {
    let figures = |metric: Metric| match metric {
        Metric::Failed => Ok(MetricValue::from(2.0)),
        Metric::FailedShare => Ok(MetricValue::from(0.5)),
        Metric::Throughput => Ok(MetricValue::from(11e6)),
        other => Err(format!("{other} is not measured")),
    };
    assert_eq!(assertion("failed<=1%").judge(&figures), Judgement::Held);
    assert_eq!(assertion("failed<=1").judge(&figures), Judgement::Failed);
    assert_eq!(
        assertion("throughput>=10.5MiB/s").judge(&figures),
        Judgement::Failed
    );
    assert_eq!(
        assertion("throughput>=10.5MB/s").judge(&figures),
        Judgement::Held
    );
    assert!(matches!(
        assertion("speedup>2").judge(&figures),
        Judgement::Unknown(_)
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn a_wider_interval_never_turns_a_verdict_around(
        value in -10.0..10.0_f64, reach in 0.0..5.0_f64, more in 0.0..5.0_f64, limit in 0..10_u32,
        sign in prop::sample::select(vec!["<", "<=", ">", ">=", "=="]),
    ) {
        let with = |reach: f64| {
            let interval = Some(Interval { low: value - reach, high: value + reach });
            judge(&format!("speedup{sign}{limit}"), MetricValue { value, interval })
        };
        let (narrow, wide) = (with(reach), with(reach + more));
        prop_assert!(wide == narrow || wide == Judgement::Inconclusive, "{:?} {:?}", narrow, wide);
    }
}
