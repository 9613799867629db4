//! The tests of `interval`.

use super::*;

/// 25 runs whose interval reaches to 1.1 times the mean and back (t(24) = 2.064): a fifth of that needs 25 times as many
/// by the square root, and a little less, as t falls to 1.96.
#[test]
fn the_runs_for_an_interval_grow_with_the_square_of_its_narrowness() {
    let interval = Interval {
        low: 2.0 / 1.1,
        high: 2.0 * 1.1,
    };
    let reach = 1.1_f64.ln();
    assert_eq!(interval.runs_for(25, reach), Some(25));
    let needed = interval
        .runs_for(25, reach / 5.0)
        .expect("it is wide enough");
    let expected = 625.0 * (1.964_f64 / 2.064).powi(2);
    assert!((needed as f64 - expected).abs() < 3.0, "{needed}");
    for (interval, runs, reach) in [
        (interval, 1, reach),
        (interval, 0, reach),
        (interval, 25, 0.0),
        (interval, 25, f64::NAN),
        (
            Interval {
                low: 0.0,
                ..interval
            },
            25,
            reach,
        ),
    ] {
        let needed = interval.runs_for(runs, reach);
        assert_eq!(needed, None, "{interval:?} {runs} {reach}");
    }
}

#[test]
fn the_interval_of_a_geometric_mean_is_around_it() {
    let interval = Interval::of_geometric_mean_at(LEVEL, &[1.0, 2.0, 4.0]).expect("three");
    assert!(
        (interval.low * interval.high - 4.0).abs() < 1e-9,
        "{interval:?}"
    );
    for bad in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert_eq!(
            Interval::of_geometric_mean_at(LEVEL, &[1.0, bad]),
            None,
            "{bad}"
        );
    }
}

#[test]
fn a_mean_has_its_interval() {
    // Mean 3, s = √2.5, t(4) = 2.776: 3 ± 2.776 · 1.5811 / √5 = 3 ± 1.963.
    let interval = Interval::of_mean(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    assert!((interval.low - 1.0368).abs() < 1e-4, "{interval:?}");
    assert!((interval.high - 4.9632).abs() < 1e-4, "{interval:?}");
}

/// NIST/SEMATECH e-Handbook, 1.3.5.2, heat flow meter (ZARR13.DAT): n = 195, mean 9.261460,
/// s = 0.022789, interval 9.258242 to 9.264679. Made here from 194 values of that mean and s, half
/// of them above and half below.
#[test]
fn a_published_interval_is_found_again() {
    let half = 0.022_789 * (193.0_f64 / 194.0).sqrt();
    let values: Vec<f64> = (0..194)
        .map(|k| 9.261_460 + if k % 2 == 0 { half } else { -half })
        .collect();
    let interval = Interval::of_mean(&values).unwrap();
    assert!((interval.low - 9.258_242).abs() < 1e-5, "{interval:?}");
    assert!((interval.high - 9.264_679).abs() < 1e-5, "{interval:?}");
}

/// NIST/SEMATECH e-Handbook, 1.3.5.3 (AUTO83B.DAT): miles per gallon of 249 American cars and 79
/// Japanese ones. Without assuming equal variances t = -12.946 with 136.875 degrees of freedom,
/// whose t is 1.9774.
#[test]
fn the_difference_of_two_samples_has_its_interval() {
    let sample = |n, mean, deviation| Sample {
        n,
        mean,
        deviation: Some(deviation),
        median: mean,
        min: mean,
        max: mean,
    };
    let american = sample(249, 20.144_58, 6.414_70);
    let japanese = sample(79, 30.481_01, 6.107_71);
    let interval = Interval::of_difference(&american, &japanese).unwrap();
    let (middle, reach) = (
        0.5 * (interval.low + interval.high),
        0.5 * (interval.high - interval.low),
    );
    assert!((middle + 10.336_43).abs() < 1e-9, "{interval:?}");
    assert!((middle / (reach / 1.977_45) + 12.946_3).abs() < 1e-3);
    let mirrored = Interval::of_difference(&japanese, &american).unwrap();
    assert!((mirrored.low + interval.high).abs() < 1e-9, "{mirrored:?}");
}

/// The second of the examples in the literature on samples of unequal size and scatter (10 values and
/// 20): t = -1.57 with 9.9 degrees of freedom, so that the interval holds 0.
#[test]
fn samples_of_unequal_size_and_scatter_have_few_degrees_of_freedom() {
    let few = [17.2, 20.9, 22.6, 18.1, 21.7, 21.4, 23.5, 24.2, 14.7, 21.8];
    let many = [
        21.5, 22.8, 21.0, 23.0, 21.6, 23.6, 22.5, 20.7, 23.4, 21.8, 20.7, 21.7, 21.5, 22.5, 23.6,
        21.5, 22.5, 23.5, 21.5, 21.8,
    ];
    let [few, many] = [&few[..], &many].map(|values| Sample::of(values).unwrap());
    let interval = Interval::of_difference(&few, &many).unwrap();
    let middle = few.mean - many.mean;
    let reach = interval.high - middle;
    // t(9.9) = 2.2312.
    assert!(
        (middle / (reach / 2.231_2) + 1.57).abs() < 0.005,
        "{interval:?}"
    );
    assert!(interval.contains(0.0));
}

#[test]
fn a_difference_without_scatter_is_a_point_and_one_value_has_no_interval() {
    let [equal, others] = [[2.0; 3], [5.0; 3]].map(|values| Sample::of(&values).unwrap());
    let interval = Interval::of_difference(&equal, &others).unwrap();
    assert_eq!((interval.low, interval.high), (-3.0, -3.0));
    let single = Sample::of(&[1.0]).unwrap();
    assert_eq!(Interval::of_difference(&single, &equal), None);
    assert_eq!(Interval::of_difference(&equal, &single), None);
}

#[test]
fn an_interval_of_a_ratio_is_taken_to_another_level_and_back_to_none() {
    // ln 4 ± 0.5 with t(2) = 4.303 at 95 %, and 9.925 at 99 %.
    let of = |reach: f64| Interval {
        low: 4.0 * (-reach).exp(),
        high: 4.0 * reach.exp(),
    };
    let wider = of(0.5).at_level((LEVEL, 0.99), 4.0, 2);
    let expected = of(0.5 * 9.925 / 4.303);
    assert!((wider.low - expected.low).abs() < 1e-3, "{wider:?}");
    assert!((wider.high - expected.high).abs() < 1e-2, "{wider:?}");
    let same = of(0.5).at_level((LEVEL, LEVEL), 4.0, 2);
    assert!((same.low - of(0.5).low).abs() < 1e-12, "{same:?}");
    let unknown = Interval {
        low: 0.0,
        high: f64::INFINITY,
    };
    assert_eq!(unknown.at_level((LEVEL, 0.99), 4.0, 2), unknown);
    assert_eq!(of(0.5).at_level((LEVEL, 0.99), 4.0, 0), of(0.5));
}

#[test]
fn one_value_has_none() {
    assert_eq!(Interval::of_mean(&[]), None);
    assert_eq!(Interval::of_mean(&[1.0]), None);
    assert_eq!(Interval::of_mean(&[1.0, f64::NAN]), None);
}
