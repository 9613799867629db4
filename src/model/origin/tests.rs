//! The tests of `origin`.

use super::*;

fn limit(origin: &str, push_backs: u64) -> OriginLimit {
    OriginLimit {
        origin: Arc::from(origin),
        at_once: Some(4),
        per_second: None,
        push_backs,
        by_cause: PushBackCounts {
            too_many: push_backs,
            ..PushBackCounts::default()
        },
        rate_limit: None,
        untold: None,
        given_up: None,
    }
}

#[test]
fn the_origins_with_the_most_push_backs_are_listed_and_the_others_counted() {
    let all = (0..150).map(|n| limit(&format!("http://h{n}"), n));
    let limits = OriginLimits::new(all.collect(), 7);
    assert_eq!(limits.listed.len(), OriginLimits::MAX_LISTED);
    assert_eq!(limits.more, 57);
    assert_eq!(limits.listed[0].push_backs, 149);
}

#[test]
fn a_limit_is_worded_in_a_line() {
    let plain = limit("http://h:8080", 57);
    let rate = |per_second| OriginLimit {
        per_second: Some(per_second),
        ..limit("http://h:8080", 1)
    };
    let limited = |rate_limit| OriginLimit {
        rate_limit: Some(rate_limit),
        ..rate(rate_limit)
    };
    let given_up = OriginLimit {
        given_up: Some(GivenUp::TooMany),
        rate_limit: Some(2.0),
        ..limit("http://h:8080", 0)
    };
    let of_all_kinds = OriginLimit {
        by_cause: PushBackCounts {
            too_many: 50,
            unavailable: 4,
            refused: 3,
        },
        ..plain.clone()
    };
    let untold = |untold, at_once| OriginLimit {
        at_once: Some(at_once),
        untold: Some(untold),
        ..limit("http://h", 9)
    };
    let of_few = untold(UntoldLimit::RateOfFew, 1);
    // What is told takes its place.
    let told = OriginLimit {
        rate_limit: Some(10.0),
        ..of_few.clone()
    };
    // As of a report that does not tell them apart.
    let unknown = OriginLimit {
        by_cause: PushBackCounts::default(),
        ..plain.clone()
    };
    for (limit, expected) in [
        (&plain, "h:8080: slowed down to 4 at once (57 × 429)"),
        (
            &of_all_kinds,
            "h:8080: slowed down to 4 at once (50 × 429, 4 × 503, 3 refused or closed)",
        ),
        (
            &unknown,
            "h:8080: slowed down to 4 at once (57 requests pushed back)",
        ),
        (
            &of_few,
            "h: slowed down to 1 at once (9 × 429): its limit is a rate, and too few answers tell which \
                 (--rate asks less often)",
        ),
        (
            &untold(UntoldLimit::RateBetweenWaits, 1),
            "h: slowed down to 1 at once (9 × 429): its limit is a rate, which the waits between answers hide \
                 (--rate asks less often)",
        ),
        (
            &untold(UntoldLimit::Kind, 1),
            "h: slowed down to 1 at once (9 × 429): too few answers to tell whether its limit is a rate (--rate) \
                 or a number at once (--per-host)",
        ),
        (
            &told,
            "h takes about 10 requests a second, estimated (9 × 429): --rate 8/s stays below",
        ),
        (&rate(19.7), "h:8080: slowed down to 20 a second (1 × 429)"),
        (
            &rate(0.4),
            "h:8080: slowed down to one every 2.5 s (1 × 429)",
        ),
        (
            &limited(10.04),
            "h:8080 takes about 10 requests a second, estimated (1 × 429): --rate 8/s stays below",
        ),
        (
            &limited(0.5),
            "h:8080 takes about 0.5 requests a second, estimated (1 × 429): --rate 24/m stays below",
        ),
        (
            &limited(0.01),
            "h:8080 takes about 0.010 requests a second, estimated (1 × 429): --rate 28/h stays below",
        ),
        (
            &given_up,
            "h:8080 was given up: it answered 429 however slowly it was asked",
        ),
    ] {
        assert_eq!(limit.to_string(), expected);
    }
}

#[test]
fn merging_adds_the_push_backs_and_keeps_what_the_later_run_found() {
    let mut first = OriginLimits::new(vec![limit("http://a", 3)], 0);
    let later = OriginLimit {
        at_once: Some(2),
        ..limit("http://a", 4)
    };
    first.merge(&OriginLimits::new(vec![later, limit("http://b", 1)], 2));
    let found: Vec<_> = first
        .listed
        .iter()
        .map(|one| (&*one.origin, one.at_once, one.push_backs))
        .collect();
    let expected = [("http://a", Some(2), 7), ("http://b", Some(4), 1)];
    assert_eq!((found.as_slice(), first.more), (&expected[..], 2));
}
