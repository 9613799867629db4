//! Drift: times that grow or shrink over the runs of a comparison.

use crate::model::measurement::{Arm, ArmTimes};
use crate::model::notice::MeasurementNotice;
use crate::stats::{ALIKE, Trend};

/// The probability of as much order by chance from which on a trend is told. Three tests are made of each comparison, of
/// both arms and of each alone, so that one in 300 without a drift is told to have one.
const STRICT: f64 = 0.001;

/// The notices of a drift: one of both arms, else one of an arm. A change of less than 5 % is not worth one.
pub(super) fn notices(serial: &ArmTimes, parallel: &ArmTimes) -> Vec<MeasurementNotice> {
    let told = |arm: Option<Arm>, series: &[&[f64]]| {
        let Trend {
            change,
            probability,
        } = Trend::of(series)?;
        (probability <= STRICT && !ALIKE.contains(change))
            .then_some(MeasurementNotice::Drift { arm, change })
    };
    let [serial, parallel] = [&serial.seconds[..], &parallel.seconds];
    if let Some(both) = told(None, &[serial, parallel]) {
        return vec![both];
    }
    let arms = [(Arm::Serial, serial), (Arm::Parallel, parallel)];
    arms.into_iter()
        .filter_map(|(arm, seconds)| told(Some(arm), &[seconds]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Sample;

    fn times(seconds: &[f64]) -> ArmTimes {
        ArmTimes {
            seconds: seconds.to_vec(),
            sample: Sample::of(seconds).expect("there are times"),
            failed: 0,
            retries: 0,
            startup: 0.0,
            latency: None,
            left_out: Vec::new(),
        }
    }

    fn told(serial: &[f64], parallel: &[f64]) -> Vec<String> {
        let notices = notices(&times(serial), &times(parallel));
        notices.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_drift_of_both_arms_is_told_once_with_its_figure() {
        let slower: Vec<f64> = (0..6).map(|run| 1.0 + 0.06 * f64::from(run)).collect();
        let quick: Vec<f64> = slower.iter().map(|time| 0.2 * time).collect();
        let [notice] = &told(&slower, &quick)[..] else {
            panic!("{:?}", told(&slower, &quick));
        };
        assert!(notice.contains("30 % longer at the end"), "{notice}");
        let [slower, quick] =
            [slower, quick].map(|times| times.into_iter().rev().collect::<Vec<_>>());
        let [notice] = &told(&slower, &quick)[..] else {
            panic!("{:?}", told(&slower, &quick));
        };
        assert!(notice.contains("23 % shorter at the end"), "{notice}");
    }

    #[test]
    fn a_drift_of_one_arm_is_told_of_that_arm() {
        let steady = [1.0, 1.01, 0.99, 1.0, 1.01, 0.99, 1.0, 0.99];
        let falling: Vec<f64> = (0..8).map(|run| 0.5 * 0.9_f64.powi(run)).collect();
        let notices = told(&steady, &falling);
        assert!(
            notices.len() == 1 && notices[0].contains("parallel runs took"),
            "{notices:?}"
        );
        let notices = told(&falling, &steady);
        assert!(
            notices.len() == 1 && notices[0].contains("serial runs took"),
            "{notices:?}"
        );
    }

    #[test]
    fn scatter_few_runs_and_small_changes_are_not_told() {
        let none: [String; 0] = [];
        // Four pairs in order are one in 288.
        let few = [1.0, 1.2, 1.4, 1.6];
        assert_eq!(told(&few, &few), none);
        let scattered = [1.0, 1.9, 1.1, 1.8, 1.3, 1.2, 1.7, 1.05];
        assert_eq!(told(&scattered, &scattered), none);
        let small: Vec<f64> = (0..9).map(|run| 1.0 + 0.004 * f64::from(run)).collect();
        assert_eq!(told(&small, &small), none);
    }
}
