//! Pages that never answer, or break off, on a server that asks for waits: it is alive.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A server on which item 0 finds no answer, and item 1 is asked to wait for two seconds, always.
fn server(breaks_off: bool) -> Server {
    let mut server = Server::new(Takes::AtOnce(1000), ms(5));
    server.cause = Cause::TooMany;
    server.broken = BTreeSet::from([1]);
    server.broken_wait = Some(ms(2000));
    match breaks_off {
        true => {
            server.broken.insert(0);
            server.otherwise.insert(0, Cause::Broken);
        }
        false => drop(server.hanging.insert(0)),
    }
    server
}

fn policies() -> [ServerPolicy; 2] {
    [true, false].map(|adapts| ServerPolicy {
        adapts,
        ..ServerPolicy::default()
    })
}

#[test]
fn a_page_that_hangs_beside_one_that_is_asked_to_wait_uses_up_its_own_tries_and_no_more() {
    for policy in policies() {
        for workers in [1, 2, 8] {
            let fates = fetch(server(false), 2, workers, policy);
            let case = format!("{workers} workers, {policy:?}: {fates:#?}");
            // The other may be given up in the end, which is true of it.
            assert!(fates.failed.contains(&0), "{case}");
            assert_eq!(fates.requests_of[&0], RETRIES + 1, "{case}");
            assert!(fates.took < ms(15_000), "{case}");
        }
    }
}

#[test]
fn without_adaptation_no_request_is_free_on_a_server_that_asks_for_waits() {
    let policy = ServerPolicy {
        adapts: false,
        ..ServerPolicy::default()
    };
    for breaks_off in [false, true] {
        for workers in [1, 2, 8] {
            let fates = fetch(server(breaks_off), 2, workers, policy);
            let each = BTreeMap::from([(0, RETRIES + 1), (1, RETRIES + 1)]);
            assert_eq!(fates.requests_of, each, "{workers} workers: {fates:#?}");
            assert_eq!(fates.failed.len(), 2, "{workers} workers: {fates:#?}");
        }
    }
}

#[test]
fn a_server_that_asks_for_waits_is_not_given_up_for_a_page_that_finds_no_answer() {
    for policy in policies() {
        for breaks_off in [false, true] {
            for workers in [1, 6, 64] {
                let fates = fetch(server(breaks_off), 300, workers, policy);
                let case = format!("{workers} workers, {breaks_off}, {policy:?}: {fates:#?}");
                assert_eq!(fates.answered.len(), 298, "{case}");
                assert_eq!(fates.given_up, [0; 0], "{case}");
                assert!(fates.requests_of[&0] <= 2 * (RETRIES + 1), "{case}");
                assert!(fates.took < ms(25_000), "{case}");
            }
        }
    }
}

/// The last probe was in vain: the next one is another item, though all that are left have been tried before.
#[test]
fn a_probe_that_finds_no_answer_goes_to_the_end_of_the_line() {
    let now = Instant::now();
    let mut schedule = Schedule::new(StartLimits::default(), ServerPolicy::default());
    let mut records = [PushBackRecord::default(); 3];
    for sequence in 0..3 {
        schedule.put_back(ORIGIN, sequence, sequence as usize, now);
    }
    schedule.hold(ORIGIN, now, now + ms(10), now);
    let mut probed = Vec::new();
    for second in 1..=4 {
        let now = now + ms(second * 1000);
        let NextStart::Start(item) = schedule.next(now) else {
            panic!("a probe is due: {schedule:#?}");
        };
        let ending = Ending {
            sequence: item as u64,
            started: now,
            kind: EndKind::Silent { is_refused: true },
        };
        let ruling = schedule.end(ORIGIN, &ending, &mut records[item], now);
        assert_eq!(ruling, Ruling::Free, "{schedule:#?}");
        schedule.put_back(ORIGIN, item as u64, item, now);
        probed.push(item);
    }
    assert_eq!(probed, [0, 1, 2, 0], "{schedule:#?}");
}

/// The server is gone after it has asked for a wait: that costs the items that were probes then, not the list.
#[test]
fn a_server_that_falls_silent_after_a_wait_is_given_up_at_its_time() {
    let mut server = Server::new(Takes::Nothing, ms(100));
    server.retry_after = Some(ms(1000));
    server.then = Some((ms(500), Takes::Silent));
    let fates = fetch(server, 200, 8, ServerPolicy::default());
    assert!(fates.failed.len() <= 8, "{fates:#?}");
    assert!(fates.given_up.len() >= 192, "{fates:#?}");
    let why = fates.found.listed[0].given_up;
    assert_eq!(why, Some(GivenUp::NoAnswer), "{fates:#?}");
    let seconds = fates.took.as_secs_f64();
    assert!((14.0..=20.0).contains(&seconds), "{fates:#?}");
}
