//! The tests of `latency`.

use super::*;

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[track_caller]
fn assert_near(found: Option<Duration>, expected: Duration) {
    let found = found.unwrap().as_secs_f64();
    let off = found / expected.as_secs_f64() - 1.0;
    assert!(off.abs() <= 1e-3, "{found} for {expected:?}");
}

#[test]
fn percentiles_are_right_to_three_digits_at_every_scale() {
    for unit in [1, 10, 1000, 86_400] {
        let mut latency = Latency::new();
        for k in (1..=1000).rev() {
            latency.record(ms(k * unit));
        }
        assert_eq!(latency.count(), 1000);
        for (percent, k) in [(50.0, 500), (95.0, 950), (99.9, 999), (100.0, 1000)] {
            assert_near(latency.p(percent), ms(k * unit));
        }
        assert_near(latency.p(0.0), ms(unit));
        assert_eq!(latency.max(), Some(ms(1000 * unit)));
        assert_near(latency.mean(), ms(unit) * 1001 / 2);
    }
}

#[test]
fn the_shortest_durations_are_summed_up() {
    let mut latency = Latency::new();
    for k in (1..=10).rev() {
        latency.record(ms(k));
    }
    for (count, sum) in [(0, 0), (1, 1), (4, 10), (10, 55), (99, 55)] {
        let found = latency.sum_of_shortest(count).as_secs_f64();
        let sum = ms(sum).as_secs_f64();
        assert!(
            found <= sum && found >= sum * 0.998,
            "{count}: {found} {sum}"
        );
    }
    assert_eq!(Latency::new().sum_of_shortest(3), Duration::ZERO);
}

#[test]
fn durations_are_counted_up_to_any_of_them() {
    let mut latency = Latency::new();
    assert_eq!(latency.count_up_to(ms(1)), 0);
    for k in 1..=1000 {
        latency.record(ms(k));
    }
    for k in [0, 1, 10, 500, 1000] {
        // Half a millisecond away from all of them.
        assert_eq!(latency.count_up_to(ms(k) + ms(1) / 2), k);
    }
    assert_eq!(latency.count_up_to(Duration::ZERO), 0);
    assert_eq!(latency.count_up_to(Duration::MAX), 1000);
}

#[test]
fn a_bucket_has_whole_durations_between_its_bounds() {
    let mut latency = Latency::new();
    let micros = [
        1, 2, 1000, 2047, 2048, 2049, 103_000, 103_040, 103_100, 5_000_000,
    ];
    for micros in micros {
        latency.record(Duration::from_micros(micros));
    }
    for micros in micros.map(Duration::from_micros) {
        let [low, high] = latency.bucket(micros);
        assert!(low < micros && micros < high, "{low:?} {micros:?} {high:?}");
        let inside = latency.count_up_to(high) - latency.count_up_to(low);
        assert!(inside >= 1, "{low:?} {micros:?} {high:?}");
        let next = latency.bucket(high + Duration::from_nanos(500));
        assert_eq!(next[0], high, "one bucket begins where the other ends");
    }
    let all = latency.bucket(Duration::MAX)[1];
    assert_eq!(latency.count_up_to(all), micros.len() as u64);
}

#[test]
fn nothing_has_no_percentiles() {
    let latency = Latency::default();
    assert_eq!((latency.p(50.0), latency.max()), (None, None));
    assert_eq!((latency.mean(), latency.count()), (None, 0));
    let mut latency = latency;
    latency.record(ms(5));
    assert_eq!(latency.p(f64::NAN), None);
    assert_eq!(latency.p(-5.0), latency.p(500.0));
    assert!(format!("{latency:?}").contains("count: 1"));
}

#[test]
fn what_lies_outside_the_range_counts_as_its_end() {
    let mut latency = Latency::new();
    latency.record(Duration::ZERO);
    assert_eq!(latency.p(50.0), Some(LEAST));
    latency.record(Duration::MAX);
    assert_eq!(latency.p(100.0), Some(MOST));
    assert_eq!(latency.max(), Some(MOST));
}

#[test]
fn merging_is_recording_both() {
    let (mut low, mut high, mut all) = (Latency::new(), Latency::new(), Latency::new());
    for k in 1..=100 {
        low.record(ms(k));
        high.record(ms(k * 1000));
        all.record(ms(k));
        all.record(ms(k * 1000));
    }
    low.merge(&high);
    assert_eq!(low.count(), 200);
    assert_eq!((low.max(), low.mean()), (all.max(), all.mean()));
    for percent in [1.0, 49.0, 50.0, 51.0, 99.0] {
        assert_eq!(low.p(percent), all.p(percent));
    }
}

#[test]
fn it_is_as_large_as_its_documentation_says() {
    let kib = |longest| {
        let mut latency = Latency::new();
        latency.record(longest);
        latency.counts.distinct_values() * size_of::<u64>() / 1024
    };
    assert_eq!(kib(ms(2)), 16);
    assert_eq!(kib(ms(4)), 24);
    let most = kib(MOST);
    assert!((200..256).contains(&most), "{most} KiB");
}

// 2.2 % of 1,500 are 33, and a trifle more in binary.
#[test]
fn a_rank_is_not_carried_past_its_place_by_rounding() {
    let mut latency = Latency::new();
    (0..33).for_each(|_| latency.record(ms(1)));
    (33..1500).for_each(|_| latency.record(ms(1000)));
    assert_near(latency.p(2.2), ms(1));
    assert_near(latency.p(2.3), ms(1000));
}

#[test]
fn durations_are_rounded_to_microseconds() {
    let mut latency = Latency::new();
    latency.record(Duration::from_nanos(1600));
    latency.record(ms(1));
    assert_eq!(latency.p(50.0), Some(Duration::from_micros(2)));
}
