//! The schedule against model servers, on a clock that only the test turns.
//!
//! A server takes so many requests at once, or so many a second, and pushes back the others. Each request
//! takes its latency; what is pushed back comes at once, or as late as answers do.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::*;

const ORIGIN: &str = "http://h";

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// What a model server takes.
#[derive(Debug, Clone, Copy)]
enum Takes {
    /// So many at once.
    AtOnce(usize),
    /// So many a second, of which it saves up so many.
    PerSecond(f64, f64),
    /// Nothing: all is pushed back.
    Nothing,
    /// Nothing: connections are refused.
    Refuses,
    /// Nothing: time limits pass.
    Silent,
}

#[derive(Debug, Clone)]
struct Server {
    takes: Takes,
    /// From this moment after the beginning it takes something else.
    then: Option<(Duration, Takes)>,
    latency: Duration,
    /// The time of a push-back.
    refusal: Duration,
    cause: Cause,
    retry_after: Option<Duration>,
    /// Items that are broken pages: they are answered like push-backs, always.
    broken: std::ops::Range<u64>,
    tokens: f64,
    filled: Option<Instant>,
    busy: usize,
}

impl Server {
    fn new(takes: Takes, latency: Duration) -> Self {
        Server {
            takes,
            then: None,
            latency,
            refusal: ms(1),
            cause: Cause::Unavailable,
            retry_after: None,
            broken: 0..0,
            tokens: match takes {
                Takes::PerSecond(_, saved) => saved,
                _ => 0.0,
            },
            filled: None,
            busy: 0,
        }
    }

    /// The way in which a request ends, and when. Takes up room if it is taken.
    fn request(&mut self, sequence: u64, began: Instant, now: Instant) -> (Instant, EndKind) {
        if let Some((after, takes)) = self.then
            && now - began >= after
        {
            (self.takes, self.then) = (takes, None);
        }
        let pushed_back = (
            now + self.refusal,
            EndKind::PushedBack {
                cause: self.cause,
                retry_after: self.retry_after,
            },
        );
        if self.broken.contains(&sequence) {
            return (
                now + self.refusal,
                EndKind::PushedBack {
                    cause: self.cause,
                    retry_after: None,
                },
            );
        }
        let is_taken = match self.takes {
            Takes::AtOnce(most) => self.busy < most,
            Takes::PerSecond(rate, saved) => {
                let since = self
                    .filled
                    .replace(now)
                    .map_or(Duration::ZERO, |then| now - then);
                self.tokens = (self.tokens + since.as_secs_f64() * rate).min(saved);
                let is_taken = self.tokens >= 1.0;
                self.tokens -= f64::from(u8::from(is_taken));
                is_taken
            }
            Takes::Nothing => false,
            Takes::Refuses => {
                let is_refused = true;
                return (now + self.refusal, EndKind::Silent { is_refused });
            }
            Takes::Silent => {
                let is_refused = false;
                return (now + self.latency, EndKind::Silent { is_refused });
            }
        };
        if !is_taken {
            return pushed_back;
        }
        self.busy += 1;
        (now + self.latency, EndKind::Answered)
    }
}

/// The fate of each item.
#[derive(Debug, Default)]
struct Fates {
    answered: Vec<u64>,
    failed: Vec<u64>,
    given_up: Vec<u64>,
    /// The moments at which they ended, since the beginning.
    ends: BTreeMap<u64, Duration>,
    /// Requests in all.
    requests: u64,
    /// The end of the last item.
    took: Duration,
    /// What the schedule says that the server takes.
    found: OriginLimits,
    /// The number in flight at each start.
    in_flight: Vec<(Duration, usize)>,
}

impl Fates {
    /// The number of items that ended in some way.
    fn ended(&self) -> usize {
        self.answered.len() + self.failed.len() + self.given_up.len()
    }

    fn assert_each_once(&self, items: u64) {
        let mut all = [&self.answered[..], &self.failed, &self.given_up].concat();
        all.sort_unstable();
        assert_eq!(all, (0..items).collect::<Vec<_>>(), "{self:#?}");
    }
}

/// The retries of an item that is judged.
const RETRIES: u32 = 2;

/// Fetches so many items from one server with so many workers.
fn fetch(mut server: Server, items: u64, workers: usize, policy: ServerPolicy) -> Fates {
    let began = Instant::now();
    let mut now = began;
    let policy = ServerPolicy { workers, ..policy };
    let mut schedule = Schedule::new(StartLimits::default(), policy);
    let mut offered = 0;
    let mut in_flight: BTreeMap<(Instant, u64), (Instant, EndKind)> = BTreeMap::new();
    let mut records: HashMap<u64, (PushBackRecord, u32)> = HashMap::new();
    let mut fates = Fates::default();
    let mut steps = 0_u64;
    while fates.ended() < usize::try_from(items).expect("not that many") {
        steps += 1;
        assert!(
            steps < 2_000_000,
            "it goes on for ever: {fates:#?}\n{schedule:#?}"
        );
        while schedule.waiting() < 1024 && offered < items {
            schedule.offer(ORIGIN, offered, offered, now);
            offered += 1;
        }
        let mut wake = None;
        // As the pool does, no more are started than there are workers.
        while in_flight.len() < workers {
            match schedule.next(now) {
                NextStart::Start(sequence) => {
                    let (limits, policy) = (schedule.limits, schedule.policy);
                    let origin = &schedule.origins[ORIGIN];
                    let most = origin.most(&limits, &policy);
                    let is_within = origin.in_flight <= most;
                    assert!(is_within, "above its window: {schedule:#?}");
                    let (end, kind) = server.request(sequence, began, now);
                    in_flight.insert((end, sequence), (now, kind));
                    fates.requests += 1;
                    fates.in_flight.push((now - began, in_flight.len()));
                }
                NextStart::GivenUp(sequence, _) => {
                    fates.given_up.push(sequence);
                    fates.took = now - began;
                }
                NextStart::Wait(moment) => {
                    wake = Some(moment);
                    break;
                }
                NextStart::Nothing => break,
            }
        }
        if schedule.waiting() == 0 && offered < items {
            continue;
        }
        let next_end = in_flight.keys().next().map(|(end, _)| *end);
        let Some(next) = next_end.into_iter().chain(wake).min() else {
            assert!(
                fates.ended() as u64 == items,
                "nothing goes on: {fates:#?}\n{schedule:#?}"
            );
            break;
        };
        now = now.max(next);
        while let Some(entry) = in_flight.first_entry()
            && entry.key().0 <= now
        {
            let ((_, sequence), (started, kind)) = entry.remove_entry();
            let record = records.entry(sequence).or_default();
            if kind == EndKind::Answered {
                server.busy -= 1;
            }
            if let EndKind::PushedBack {
                retry_after: Some(wait),
                ..
            } = kind
                && !record.0.is_own()
            {
                schedule.hold(ORIGIN, started, now + wait, now);
            }
            let ending = Ending {
                sequence,
                started,
                kind,
            };
            let ruling = schedule.end(ORIGIN, &ending, &mut record.0, now);
            if kind == EndKind::Answered {
                assert_eq!(ruling, Ruling::Judge);
                fates.answered.push(sequence);
                fates.ends.insert(sequence, now - began);
                fates.took = now - began;
            } else if ruling == Ruling::Free {
                schedule.put_back(ORIGIN, sequence, sequence, now);
            } else if record.1 == RETRIES {
                fates.failed.push(sequence);
                fates.took = now - began;
            } else {
                record.1 += 1;
                schedule.offer_later(ORIGIN, sequence, sequence, now + ms(200));
            }
        }
    }
    fates.found = schedule.found();
    fates.assert_each_once(items);
    fates
}

/// The time that so many items take at least.
fn ideal(server: &Server, items: u64, workers: usize) -> Duration {
    let items = items as f64;
    let by_workers = |most: usize| items / most.min(workers) as f64 * server.latency.as_secs_f64();
    let seconds = match server.takes {
        Takes::AtOnce(most) => by_workers(most),
        Takes::PerSecond(rate, saved) => by_workers(workers).max((items - saved) / rate),
        _ => 0.0,
    };
    Duration::from_secs_f64(seconds)
}

/// Fetches until the time is up, and returns the number in flight that the schedule has come to.
fn window_at(fates: &Fates, from: Duration, to: Duration) -> usize {
    let within = fates.in_flight.iter();
    let within = within.filter(|(at, _)| (from..to).contains(at));
    within.map(|(_, in_flight)| *in_flight).max().unwrap_or(0)
}

fn causes() -> impl Strategy<Value = Cause> {
    prop_oneof![Just(Cause::TooMany), Just(Cause::Unavailable)]
}

proptest! {
    // A failing case is printed in full; no file of them is kept beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_server_that_takes_so_many_at_once_gets_them_and_nothing_is_lost(
        most in 1..=64_usize,
        latency in 1..=500_u64,
        workers in 1..=64_usize,
        is_late in any::<bool>(),
        cause in causes(),
    ) {
        let mut server = Server::new(Takes::AtOnce(most), ms(latency));
        server.cause = cause;
        server.refusal = if is_late { ms(latency) } else { ms(1) };
        let items = 60 * most.min(workers) as u64 + 100;
        let ideal = ideal(&server, items, workers);
        let fates = fetch(server, items, workers, ServerPolicy::default());
        prop_assert!(fates.failed.is_empty() && fates.given_up.is_empty(), "{fates:#?}");
        let took = fates.took;
        prop_assert!(took <= ideal * 2 + ms(2000), "{took:?}, ideally {ideal:?}: {fates:#?}");
    }

    #[test]
    fn a_server_that_takes_so_many_a_second_gets_them(
        rate in 5..=200_u32,
        latency in 1..=500_u64,
        workers in 1..=64_usize,
        is_late in any::<bool>(),
        cause in causes(),
    ) {
        let mut server = Server::new(Takes::PerSecond(f64::from(rate), 5.0), ms(latency));
        server.cause = cause;
        server.refusal = if is_late { ms(latency) } else { ms(1) };
        let items = u64::from(rate) * 20;
        let ideal = ideal(&server, items, workers);
        let fates = fetch(server, items, workers, ServerPolicy::default());
        prop_assert!(fates.given_up.is_empty(), "{fates:#?}");
        // A 503 once in a while, of a server that takes the next one, looks like that of a broken page: one
        // item in ten million is judged by it.
        let most_failed = match cause {
            Cause::Unavailable => fates.ended() / 500,
            _ => 0,
        };
        prop_assert!(fates.failed.len() <= most_failed, "{fates:#?}");
        let took = fates.took;
        prop_assert!(took <= ideal * 3 + ms(2000), "{took:?}, ideally {ideal:?}: {fates:#?}");
    }

    #[test]
    fn nothing_waits_without_an_end_whatever_the_server_does(
        before in 0..6_usize,
        after in 0..6_usize,
        at in 0..20_000_u64,
        latency in 1..=500_u64,
        workers in 1..=64_usize,
        retry_after in prop::option::of(0..3_u64),
        broken in 0..300_u64,
        adapts in any::<bool>(),
        cause in causes(),
    ) {
        let takes = |which| [
            Takes::AtOnce(3),
            Takes::PerSecond(20.0, 5.0),
            Takes::Nothing,
            Takes::Refuses,
            Takes::Silent,
            Takes::AtOnce(64),
        ][which];
        let mut server = Server::new(takes(before), ms(latency));
        server.then = Some((ms(at), takes(after)));
        server.cause = cause;
        server.retry_after = retry_after.map(Duration::from_secs);
        server.broken = 0..broken;
        let policy = ServerPolicy { adapts, ..ServerPolicy::default() };
        // That each item ends once is checked there.
        fetch(server, 300, workers, policy);
    }
}

#[test]
fn the_window_settles_within_one_of_what_a_server_takes_and_is_told() {
    for most in [1, 2, 4, 7, 16, 40, 64] {
        let server = Server::new(Takes::AtOnce(most), ms(50));
        let fates = fetch(server, 200 * most as u64, 100, ServerPolicy::default());
        let settled = window_at(&fates, fates.took / 2, fates.took);
        assert!(settled.abs_diff(most) <= 1, "{most}: {settled}");
        let found = &fates.found.listed[0];
        assert_eq!((found.at_once, found.per_second), (Some(most as u64), None));
        assert!(found.push_backs > 0 && fates.found.more == 0, "{found:?}");
    }
}

#[test]
fn the_window_follows_when_the_server_takes_more_or_fewer() {
    for (before, after) in [(4, 12), (12, 4)] {
        let mut server = Server::new(Takes::AtOnce(before), ms(50));
        server.then = Some((Duration::from_secs(30), Takes::AtOnce(after)));
        let fates = fetch(server, 12_000, 16, ServerPolicy::default());
        let seconds = Duration::from_secs;
        let first = window_at(&fates, seconds(5), seconds(30));
        let second = window_at(&fates, seconds(50), seconds(60));
        assert!(first.abs_diff(before) <= 1, "{before} -> {after}: {first}");
        assert!(second.abs_diff(after) <= 1, "{before} -> {after}: {second}");
    }
}

#[test]
fn a_server_of_so_many_a_second_is_told_with_its_rate() {
    let mut server = Server::new(Takes::PerSecond(20.0, 5.0), ms(1));
    server.cause = Cause::TooMany;
    let fates = fetch(server, 400, 8, ServerPolicy::default());
    let found = &fates.found.listed[0];
    let rate = found.per_second.expect("it takes less than one at once");
    assert!((10.0..=40.0).contains(&rate), "{found:?}");
}

#[test]
fn a_server_that_pushes_nobody_back_is_not_restrained() {
    let fates = fetch(
        Server::new(Takes::AtOnce(1000), ms(50)),
        400,
        16,
        ServerPolicy::default(),
    );
    assert_eq!(fates.took, ms(50 * 400 / 16), "{fates:#?}");
    assert_eq!(fates.found, OriginLimits::default());
}

#[test]
fn broken_pages_hardly_slow_the_others() {
    for (workers, refusal) in [(8, 1), (8, 50), (64, 1), (64, 50), (1, 1), (1, 50)] {
        let mut server = Server::new(Takes::AtOnce(1000), ms(50));
        let whole = fetch(server.clone(), 400, workers, ServerPolicy::default()).took;
        server.broken = 50..80;
        server.refusal = ms(refusal);
        let fates = fetch(server, 400, workers, ServerPolicy::default());
        let last = fates.ends.values().max().copied().expect("some succeed");
        let case = format!("{workers} workers, {refusal} ms: {last:?}, otherwise {whole:?}");
        assert_eq!(
            (fates.answered.len(), fates.failed.len()),
            (370, 30),
            "{case}"
        );
        assert!(last <= whole * 3 / 2, "{case}");
    }
}

#[test]
fn a_server_that_says_429_with_a_wait_for_ever_is_given_up_after_so_many_holds() {
    for probes in [3, 6] {
        let mut server = Server::new(Takes::Nothing, ms(1));
        server.cause = Cause::TooMany;
        server.retry_after = Some(Duration::from_secs(1));
        let policy = ServerPolicy {
            probes,
            ..ServerPolicy::default()
        };
        let fates = fetch(server, 40, 8, policy);
        assert_eq!(fates.given_up.len(), 40, "{fates:#?}");
        let holds = fates.took.as_secs();
        assert_eq!(holds, u64::from(probes), "{fates:#?}");
        let why = fates.found.listed[0].given_up;
        assert_eq!(why, Some(GivenUp::RetryAfter));
    }
}

#[test]
fn holds_are_bounded_in_all_although_one_item_after_the_other_succeeds() {
    let mut server = Server::new(Takes::PerSecond(0.1, 1.0), ms(1));
    server.retry_after = Some(Duration::from_secs(10));
    let policy = ServerPolicy {
        holds: Duration::from_secs(100),
        ..ServerPolicy::default()
    };
    let fates = fetch(server, 200, 8, policy);
    assert!(
        !fates.answered.is_empty() && !fates.given_up.is_empty(),
        "{fates:#?}"
    );
    assert!(fates.took <= Duration::from_secs(200), "{:?}", fates.took);
    assert_eq!(fates.found.listed[0].given_up, Some(GivenUp::Holds));
}

#[test]
fn a_server_that_says_429_without_a_wait_for_ever_is_given_up() {
    let mut server = Server::new(Takes::Nothing, ms(1));
    server.cause = Cause::TooMany;
    let fates = fetch(server, 40, 8, ServerPolicy::default());
    assert_eq!(fates.answered.len(), 0, "{fates:#?}");
    assert!(fates.took <= Duration::from_secs(30), "{fates:#?}");
    assert_eq!(fates.found.listed[0].given_up, Some(GivenUp::TooMany));
}

#[test]
fn a_server_that_only_says_503_costs_each_item_its_tries_and_no_more() {
    let fates = fetch(
        Server::new(Takes::Nothing, ms(1)),
        40,
        8,
        ServerPolicy::default(),
    );
    assert_eq!(fates.failed.len(), 40, "{fates:#?}");
    assert!(fates.took <= Duration::from_secs(10), "{:?}", fates.took);
}

#[test]
fn a_restart_costs_no_item_and_a_dead_server_is_given_up_at_its_time() {
    for cause in [Takes::Refuses, Takes::Silent] {
        let mut server = Server::new(Takes::AtOnce(100), ms(10));
        server.then = Some((Duration::from_secs(1), cause));
        let fates = fetch(server.clone(), 2000, 8, ServerPolicy::default());
        assert!(
            !fates.answered.is_empty() && !fates.given_up.is_empty(),
            "{fates:#?}"
        );
        assert!(fates.failed.len() <= 8, "{cause:?}: {:?}", fates.failed);
        let seconds = fates.took.as_secs_f64();
        assert!((15.9..=17.0).contains(&seconds), "{cause:?}: {seconds}");
        assert_eq!(fates.found.listed[0].given_up, Some(GivenUp::NoAnswer));

        server.takes = cause;
        server.then = Some((Duration::from_secs(8), Takes::AtOnce(100)));
        let fates = fetch(server, 2000, 8, ServerPolicy::default());
        assert!(
            fates.failed.len() <= 8 && fates.given_up.is_empty(),
            "{cause:?}: {fates:#?}"
        );
    }
}

#[test]
fn without_adaptation_push_backs_use_up_tries() {
    let server = Server::new(Takes::AtOnce(1), ms(1000));
    let policy = ServerPolicy {
        adapts: false,
        ..ServerPolicy::default()
    };
    let fates = fetch(server, 100, 16, policy);
    assert!(fates.failed.len() > 90, "{fates:#?}");
}

#[test]
fn a_lone_item_is_judged_by_itself() {
    for takes in [Takes::Nothing, Takes::Refuses, Takes::Silent] {
        let fates = fetch(Server::new(takes, ms(1)), 1, 8, ServerPolicy::default());
        assert_eq!(fates.failed, [0], "{takes:?}");
        assert_eq!(fates.requests, u64::from(RETRIES) + 1, "{takes:?}");
    }
}
