//! The tests of `rate_evidence`.

use super::*;

/// Asks a token bucket one request at a time, at these distances in milliseconds, and waits after each push-back.
fn asked(per_second: f64, size: f64, distances: impl Fn(usize) -> f64, wait: f64) -> Option<f64> {
    evidence(per_second, size, distances, wait).per_second()
}

/// The evidence of that.
fn evidence(
    per_second: f64,
    size: f64,
    distances: impl Fn(usize) -> f64,
    wait: f64,
) -> RateEvidence {
    let began = Instant::now();
    let at = |ms: f64| began + Duration::from_secs_f64(ms / 1000.0);
    let (mut evidence, mut tokens, mut now) = (RateEvidence::new(began, true), 0.0_f64, 0.0);
    for request in 0..200 {
        let distance = distances(request);
        tokens = (tokens + distance * per_second / 1000.0).min(size);
        now += distance;
        if tokens >= 1.0 {
            tokens -= 1.0;
            evidence.success(at(now));
        } else {
            evidence.push_back(at(now), true);
            evidence.note_too_many();
            if wait > 0.0 {
                evidence.note_wait();
            }
            now += wait;
            tokens = (tokens + wait * per_second / 1000.0).min(size);
        }
    }
    evidence
}

#[track_caller]
fn is_about(found: Option<f64>, expected: f64) {
    let is_near = found.is_some_and(|found| (found / expected - 1.0).abs() < 0.2);
    assert!(is_near, "{found:?} for {expected} a second");
}

#[test]
fn what_a_bucket_takes_a_second_is_found_with_and_without_waits() {
    for (per_second, size) in [(10.0, 1.0), (10.0, 5.0), (0.5, 1.0), (100.0, 20.0)] {
        let distance = 1000.0 / per_second;
        // A little too soon: all, where many are saved up, else some.
        let distances = move |request: usize| match size > 1.0 {
            true => distance * 0.97,
            false => distance * (0.97 + (request % 40) as f64 / 200.0),
        };
        is_about(asked(per_second, size, distances, 0.0), per_second);
    }
    // After each push-back a wait in which nothing is saved up but one.
    is_about(
        asked(
            10.0,
            1.0,
            |request| 99.0 + (request % 40) as f64 / 10.0,
            5000.0,
        ),
        10.0,
    );
}

#[test]
fn nothing_is_told_without_push_backs_of_lone_requests() {
    let began = Instant::now();
    let at = |ms: u64| began + Duration::from_millis(ms);
    let mut evidence = RateEvidence::new(began, false);
    for request in 1..100 {
        match request % 5 {
            0 => evidence.push_back(at(request * 10), false),
            _ => evidence.success(at(request * 10)),
        }
    }
    assert_eq!(evidence.per_second(), None, "{evidence:?}");
}

/// Answers of 503, of which nothing says what they are for, after these distances in milliseconds; 9 others are taken
/// before each, a little later one after the other.
fn unavailable_after(distances: &[u64]) -> RateEvidence {
    let mut now = Instant::now();
    let mut evidence = RateEvidence::new(now, true);
    for &distance in distances {
        for further in (1..10).rev() {
            now += Duration::from_millis(distance + further);
            evidence.success(now);
        }
        now += Duration::from_millis(distance);
        evidence.push_back(now, true);
    }
    evidence
}

#[test]
fn statuses_of_503_tell_a_rate_only_where_they_come_at_one_pace() {
    is_about(
        unavailable_after(&[100, 98, 104, 101, 97]).per_second(),
        10.0,
    );
    let at_random = unavailable_after(&[100, 20, 60, 12, 97, 15]);
    assert_eq!((at_random.per_second(), at_random.untold()), (None, None));
}

#[test]
fn nothing_is_told_of_few_requests_or_of_time_that_was_mostly_waited() {
    // 19 of 200 are taken, each after a wait.
    let mostly_waited = evidence(100.0, 1.0, |_| 1.0, 1000.0);
    assert_eq!(mostly_waited.per_second(), None);
    let untold = mostly_waited.untold();
    assert_eq!(untold, Some(UntoldLimit::RateBetweenWaits));
    let began = Instant::now();
    let mut evidence = RateEvidence::new(began, true);
    for request in 1..12 {
        let at = began + Duration::from_millis(request * 100);
        match request % 2 {
            0 => evidence.success(at),
            _ => evidence.push_back(at, true),
        }
    }
    evidence.note_too_many();
    assert_eq!(evidence.per_second(), None, "{evidence:?}");
    let untold = evidence.untold();
    assert_eq!(untold, Some(UntoldLimit::RateOfFew), "{evidence:?}");
    // Nor is there a reason where there is no evidence of a rate, or an estimate of it.
    assert_eq!(RateEvidence::new(began, true).untold(), None);
    let told = self::evidence(10.0, 1.0, |request| 97.0 + (request % 40) as f64 / 2.0, 0.0);
    assert_eq!((told.per_second().is_some(), told.untold()), (true, None));
}
