//! The tests of `usl`.

use super::*;

/// The SPARCcenter 2000 in SPEC SDM 91, as the R package usl 3.0 has it and fits it, by
/// `usl(throughput ~ load, specsdm91)`: alpha 0.0277285, beta 0.0001044, gamma 89.9952330,
/// residual standard error 82.8 on 4 degrees of freedom, peak throughput 1884 at load 96.52.
#[test]
fn a_published_fit_is_found_again() {
    let points = [
        (1, 64.9),
        (18, 995.9),
        (36, 1652.4),
        (72, 1853.2),
        (108, 1828.9),
        (144, 1775.0),
        (216, 1702.2),
    ];
    let law = Usl::fit(&points).unwrap();
    assert!((law.lambda - 89.995).abs() < 0.01, "{law:?}");
    assert!((law.sigma - 0.027_728).abs() < 2e-6, "{law:?}");
    assert!((law.kappa - 0.000_104_4).abs() < 1e-7, "{law:?}");
    let peak = law.peak().unwrap();
    assert!((peak - 96.52).abs() < 0.02, "{peak}");
    assert!((law.throughput(peak) - 1884.0).abs() < 1.0);
    let rest: f64 = points
        .iter()
        .map(|(workers, rate)| (rate - law.throughput(*workers as f64)).powi(2))
        .sum();
    assert!(((rest / 4.0).sqrt() - 82.8).abs() < 0.05, "{rest}");
    let mean = points.iter().map(|(_, rate)| rate).sum::<f64>() / 7.0;
    let all: f64 = points.iter().map(|(_, rate)| (rate - mean).powi(2)).sum();
    assert!((law.r_squared.unwrap() - (1.0 - rest / all)).abs() < 1e-9);
}

fn exact(lambda: f64, sigma: f64, kappa: f64) -> Vec<(usize, f64)> {
    let law = Usl {
        lambda,
        sigma,
        kappa,
        r_squared: None,
    };
    [1, 2, 4, 8, 16, 32]
        .map(|n| (n, law.throughput(n as f64)))
        .to_vec()
}

#[test]
fn special_cases_of_the_law_are_recognised() {
    let line = Usl::fit(&exact(12.5, 0.0, 0.0)).unwrap();
    assert!((line.lambda - 12.5).abs() < 1e-6, "{line:?}");
    assert!(line.sigma < 1e-9 && line.kappa < 1e-9, "{line:?}");
    let amdahl = Usl::fit(&exact(12.5, 0.1, 0.0)).unwrap();
    assert!((amdahl.sigma - 0.1).abs() < 1e-6, "{amdahl:?}");
    assert!(amdahl.kappa < 1e-9, "{amdahl:?}");
    let full = Usl::fit(&exact(12.5, 0.1, 0.01)).unwrap();
    assert!((full.peak().unwrap() - 90.0_f64.sqrt()).abs() < 1e-4);
    assert!((full.r_squared.unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn without_coherency_costs_no_number_of_workers_is_best() {
    let peak = |sigma, kappa| {
        let law = Usl {
            lambda: 5.0,
            sigma,
            kappa,
            r_squared: None,
        };
        law.peak()
    };
    assert_eq!(peak(0.1, 0.0), None);
    assert_eq!(peak(0.0, 0.01), Some(10.0));
    assert_eq!(peak(1.5, 0.01), Some(1.0));
}

#[test]
fn a_law_that_misses_a_point_does_not_describe_them() {
    let describes = |points: &[(usize, f64)]| Usl::fit(points).unwrap().describes(points);
    assert!(describes(&exact(12.5, 0.1, 0.001)));
    assert!(describes(&[(1, 5.0), (2, 5.0), (4, 5.0), (8, 5.0)]));
    // A server that takes four at once, and is slower from sixteen on: no smooth curve.
    assert!(!describes(&[
        (1, 1.0),
        (2, 2.0),
        (4, 4.0),
        (8, 4.0),
        (16, 1.0)
    ]));
    // One point off by a fifth among many that fit.
    let mut points = exact(12.5, 0.1, 0.0);
    points[0].1 *= 1.2;
    assert!(!describes(&points));
}

#[test]
fn coefficients_are_not_below_0() {
    // More than twice as much with twice the workers: no contention explains that.
    let superlinear = [(1, 1.0), (2, 2.5), (4, 6.0), (8, 14.0), (16, 30.0)];
    let law = Usl::fit(&superlinear).unwrap();
    assert!(law.sigma >= 0.0 && law.kappa >= 0.0, "{law:?}");
    assert!(law.throughput(8.0) > 12.0, "{law:?}");
}

#[test]
fn equal_throughputs_have_nothing_to_explain() {
    let flat = Usl::fit(&[(1, 5.0), (2, 5.0), (4, 5.0), (8, 5.0)]).unwrap();
    assert!((flat.sigma - 1.0).abs() < 1e-6, "{flat:?}");
    assert_eq!(flat.r_squared, None);
    // With contention of 1 and more, one worker is best.
    let falling = Usl::fit(&[(1, 8.0), (2, 4.0), (4, 2.0), (8, 1.0)]).unwrap();
    assert_eq!(falling.peak().unwrap_or(1.0), 1.0, "{falling:?}");
}

#[test]
fn too_little_is_not_fitted() {
    assert_eq!(Usl::fit(&[]), None);
    assert_eq!(Usl::fit(&[(1, 1.0), (2, 2.0), (4, 3.0), (4, 3.1)]), None);
    let good = [(1, 1.0), (2, 2.0), (4, 3.0), (8, 4.0)];
    assert!(Usl::fit(&good).is_some());
    for bad in [(0, 1.0), (16, f64::NAN), (16, -1.0), (16, f64::INFINITY)] {
        assert_eq!(Usl::fit(&[&good[..], &[bad]].concat()), None, "{bad:?}");
    }
    assert_eq!(Usl::fit(&[(1, 0.0), (2, 0.0), (4, 0.0), (8, 0.0)]), None);
    // One that got nothing done is a measurement like any other.
    assert!(Usl::fit(&[&good[..], &[(16, 0.0)]].concat()).is_some());
}
