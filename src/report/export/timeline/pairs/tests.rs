//! The tests of `pairs`.

use super::*;
use crate::model::measurement::ArmTimes;
use crate::model::reason::Why;
use crate::stats::Sample;

fn compared(serial: &[f64], parallel: &[f64]) -> Comparison {
    let times = |seconds: &[f64]| ArmTimes {
        seconds: seconds.to_vec(),
        sample: Sample::of(seconds).expect("there are times"),
        failed: 0,
        retries: 0,
        startup: 0.0,
        latency: None,
        left_out: Vec::new(),
    };
    let [serial, parallel] = [serial, parallel].map(times);
    Comparison {
        workers: 4,
        targets: 8,
        warmups: 1,
        stopped: None,
        auto: None,
        speedup: Comparison::speedup_of(&serial, &parallel, 8, 4),
        work: None,
        serial,
        parallel,
        estimated: None,
        differing: (0, Vec::new()),
        margin: crate::model::margin::Margin::default(),
        notices: Vec::new(),
        why: Why::default(),
    }
}

#[test]
fn every_pair_is_two_times_and_a_speedup() {
    let comparison = compared(&[4.0, 4.2, 4.1], &[1.0, 1.1, 1.0]);
    let plot = PairsPlot::of(&comparison).expect("there are pairs");
    let written = plot.embedded().into_string();
    // Three each, and two in the legend.
    assert_eq!(
        written.matches("<circle class=\"serial\"").count(),
        4,
        "{written}"
    );
    assert_eq!(
        written.matches("<circle class=\"point\"").count(),
        7,
        "{written}"
    );
    assert!(written.contains("pair 2, serial: 4.20 s"), "{written}");
    assert!(
        written.contains("<title>pair 3: 4.10×</title>"),
        "{written}"
    );
    let sentence = plot.sentence();
    assert!(
        sentence
            .starts_with("The speed-ups of 3 pairs go from 3.81× to 4.10×; their mean is 3.97×.")
            && sentence.ends_with("all of it above 1×: parallel is faster."),
        "{sentence}"
    );
}

#[test]
fn the_band_says_what_the_verdict_says() {
    for (serial, parallel, said) in [
        (&[1.0, 1.2, 1.1][..], &[1.1, 1.0, 1.15][..], "with 1× in it"),
        (&[1.0, 1.1], &[4.0, 4.4], "all of it below 1×"),
        (&[4.0, 4.4], &[1.0, 1.1], "all of it above 1×"),
    ] {
        let comparison = compared(serial, parallel);
        let plot = PairsPlot::of(&comparison).expect("there are pairs");
        let scale = RatioScale::new(&plot);
        let speedup = comparison.speedup.expect("all succeeded");
        let interval = speedup.interval.expect("several pairs have one");
        let sentence = plot.sentence();
        assert!(sentence.contains(said), "{sentence}");
        let x = |ratio| scale.x(ratio).0;
        let is_within = x(interval.low) <= x(1.0) && x(1.0) <= x(interval.high);
        assert_eq!(is_within, said == "with 1× in it", "{scale:?} {interval:?}");
    }
}

#[test]
fn a_single_pair_has_no_band_and_a_mad_interval_stays_in_the_picture() {
    let single = compared(&[3.0], &[1.0]);
    let plot = PairsPlot::of(&single).expect("there is a pair");
    let written = plot.embedded().into_string();
    assert!(!written.contains("class=\"band\""), "{written}");
    assert_eq!(plot.sentence(), "The only pair has a speed-up of 3.00×.");
    let mad = compared(&[1.0, 9.0], &[1.0, 0.1]);
    let plot = PairsPlot::of(&mad).expect("there are pairs");
    let scale = RatioScale::new(&plot);
    let speedup = mad.speedup.expect("all succeeded");
    let interval = speedup.interval.expect("two pairs have one");
    assert!(interval.high > 1e6, "{interval:?}");
    for ratio in [interval.low, 0.0, 1.0, 90.0, interval.high] {
        let Share(x) = scale.x(ratio);
        assert!((0.0..=1.0).contains(&x), "{ratio} is at {x}");
    }
    assert!(scale.x(90.0).0 - scale.x(1.0).0 > 0.4, "{scale:?}");
    // Such an interval says nothing, so nothing is said of it.
    assert!(!plot.sentence().contains("interval"), "{}", plot.sentence());
    let written = plot.embedded().into_string();
    assert!(!written.contains("class=\"band\""), "{written}");

    let mut failed = compared(&[4.0; 3], &[1.0; 3]);
    failed.speedup = None;
    assert!(
        PairsPlot::of(&failed).is_none(),
        "no speed-up, no plot of it"
    );
    let mut one_sided = compared(&[4.0; 3], &[1.0; 3]);
    one_sided.parallel.failed = 3;
    let plot = PairsPlot::of(&one_sided).expect("there are pairs");
    assert!(
        !plot.sentence().contains("parallel is faster"),
        "{}",
        plot.sentence()
    );
}

#[test]
fn many_pairs_stay_in_a_picture_of_bounded_height() {
    let comparison = compared(&[2.0; 1000], &[1.0; 1000]);
    let plot = PairsPlot::of(&comparison).expect("there are pairs");
    assert!(plot.floor() <= TOP + ROWS + 1e-6, "{}", plot.floor());
    let sentence = plot.sentence();
    assert!(sentence.ends_with(" 880 more are not drawn."), "{sentence}");
}
