//! The tests of `sequential`.

use super::*;

#[test]
fn looks_are_at_a_third_more_pairs_each() {
    for (most, counts) in [
        (30, &[3, 4, 6, 8, 11, 15, 20, 30][..]),
        (3, &[3]),
        (4, &[3, 4]),
        (10, &[3, 4, 6, 8, 10]),
        (100, &[3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 100]),
        (1, &[1]),
    ] {
        assert_eq!(Looks::up_to(most).counts(), counts, "{most}");
    }
}

/// Pocock, "Group Sequential Methods in the Design and Analysis of Clinical Trials", Biometrika 64 (1977), table 1:
/// critical values that are exceeded at any of so many equal looks with a probability of 5 %.
#[test]
fn published_bounds_are_exceeded_as_often_as_they_say() {
    for (looks, critical) in [(2, 2.178), (3, 2.289), (4, 2.361), (5, 2.413)] {
        let mut walk = BoundedSum::new();
        for look in 1..=looks {
            let time = f64::from(look);
            walk.step(time, critical * time.sqrt());
        }
        let within: f64 = walk.grid.iter().map(|(_, mass)| mass).sum();
        assert!((within - 0.95).abs() < 2e-4, "{looks} looks: {within}");
    }
}

/// The error of all looks together is what was to be spent, by as many looks as there are.
#[test]
fn the_looks_spend_the_error_as_planned() {
    for most in [3, 8, 30, 100] {
        let looks = Looks::up_to(most);
        let mut walk = BoundedSum::new();
        for (count, level) in looks.counts.iter().zip(&looks.levels) {
            let time = *count as f64;
            // The normal quantile, as Student's of many degrees of freedom.
            let critical = crate::stats::critical_value(1_000_000, *level);
            walk.step(time, critical * time.sqrt());
            let within: f64 = walk.grid.iter().map(|(_, mass)| mass).sum();
            let planned = match looks.counts.len() {
                1 => ALPHA,
                _ => spent(*count, most),
            };
            assert!(
                (1.0 - within - planned).abs() < 2e-4,
                "{count} of {most}: {within}"
            );
        }
    }
}

#[test]
fn a_single_look_is_at_95_percent() {
    for pairs in [2, 3, 30, 1_000_000] {
        let level = Looks::up_to(pairs).last_level(pairs);
        let only = levels(&[pairs], pairs)[0];
        assert!((only - 0.95).abs() < 1e-6, "{pairs}: {only}");
        assert!((0.95 - 1e-6..0.97).contains(&level), "{pairs}: {level}");
    }
}

#[test]
fn an_end_before_its_time_leaves_the_error_that_is_not_spent() {
    let looks = Looks::up_to(30);
    let last = looks.level(30).expect("it is the last look");
    assert_eq!(looks.last_level(30), last);
    assert_eq!(looks.level(5), None);
    let levels: Vec<f64> = (3..=30).map(|pairs| looks.last_level(pairs)).collect();
    assert!(
        levels.iter().all(|level| (0.9499..=last).contains(level)),
        "{levels:?}"
    );
    for count in looks.counts() {
        let level = looks.level(*count).expect("it is a look");
        assert!(level >= looks.last_level(*count), "{count}: {level}");
    }
}

#[test]
fn a_reported_level_is_ordinary_at_the_first_look_and_nears_that_of_the_last() {
    for most in [3, 4, 10, 30, 100] {
        let looks = Looks::up_to(most);
        let counts = looks.counts();
        let levels: Vec<f64> = counts.iter().map(|n| looks.reported_level(*n)).collect();
        assert!((levels[0] - 0.95).abs() < 1e-6, "{most}: {levels:?}");
        assert!(levels.is_sorted(), "{most}: {levels:?}");
        assert_eq!(levels.last(), looks.levels.last(), "{most}: {levels:?}");
        // It is never wider than what decided.
        let deciding = levels.iter().zip(&looks.levels);
        let mut pairs = deciding.map(|(reported, deciding)| deciding - reported);
        assert!(pairs.all(|wider| wider >= 0.0), "{most}: {levels:?}");
    }
    let looks = Looks::up_to(30);
    for (pairs, level) in [(4, 0.9597), (6, 0.9629), (8, 0.9645), (20, 0.9666)] {
        let found = looks.reported_level(pairs);
        assert!((found - level).abs() < 1e-4, "{pairs}: {found}");
    }
    // Between the looks no figures end it.
    assert_eq!(looks.reported_level(5), looks.last_level(5));
}
#[test]
fn the_tail_of_the_normal_distribution_is_right_to_seven_decimals() {
    for (z, tail) in [
        (0.0, 0.5),
        (1.0, 0.158_655_25),
        (1.959_964, 0.025),
        (3.0, 0.001_349_90),
        (-1.0, 0.841_344_75),
    ] {
        assert!(
            (upper_tail(z) - tail).abs() < 1e-7,
            "{z}: {}",
            upper_tail(z)
        );
    }
}
