//! The schedule, driven by random moves on a clock that only the test turns.

use super::*;
use proptest::prelude::*;

const ORIGINS: [&str; 4] = ["http://a", "http://b", "http://c", "http://d"];

fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Ends an item with a plain answer.
fn end<T>(schedule: &mut Schedule<T>, origin: &str, sequence: u64, now: Instant) {
    let ending = Ending {
        sequence,
        started: now,
        kind: EndKind::Answered,
    };
    let ruling = schedule.end(origin, &ending, &mut PushBackRecord::default(), now);
    assert_eq!(ruling, Ruling::Judge);
}

/// One move of the driver.
#[derive(Debug, Clone)]
enum Move {
    Offer(usize),
    OfferLater(usize, u64),
    /// Take whatever may start now.
    Take,
    /// The n-th of those in flight ends.
    Finish(usize),
    Tick(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        4 => (0..ORIGINS.len()).prop_map(Move::Offer),
        1 => (0..ORIGINS.len(), 0..200_u64).prop_map(|(o, t)| Move::OfferLater(o, t)),
        4 => Just(Move::Take),
        3 => (0..8_usize).prop_map(Move::Finish),
        2 => (1..50_u64).prop_map(Move::Tick),
    ];
    prop::collection::vec(one, 1..200)
}

fn limits() -> impl Strategy<Value = StartLimits> {
    (
        prop::option::of(1..4_usize),
        prop_oneof![Just(0), 1..40_u64],
        prop_oneof![Just(0), 1..40_u64],
    )
        .prop_map(|(per_origin, delay, interval)| StartLimits {
            per_origin,
            origin_delay: ms(delay),
            interval: ms(interval),
        })
}

/// An item as the test follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item {
    sequence: u64,
    origin: usize,
    due: Instant,
    is_retry: bool,
}

/// The history so far, tracked independently of the schedule under test.
struct Model {
    limits: StartLimits,
    schedule: Schedule<Item>,
    now: Instant,
    offered: u64,
    waiting: Vec<Item>,
    in_flight: Vec<Item>,
    last_start: Option<Instant>,
    last_start_at: [Option<Instant>; ORIGINS.len()],
    started: Vec<u64>,
    /// Retries since an item last began.
    retries: u32,
}

impl Model {
    fn new(limits: StartLimits) -> Self {
        Model {
            limits,
            schedule: Schedule::new(limits, ServerPolicy::default()),
            now: Instant::now(),
            offered: 0,
            waiting: Vec::new(),
            in_flight: Vec::new(),
            last_start: None,
            last_start_at: [None; ORIGINS.len()],
            started: Vec::new(),
            retries: 0,
        }
    }

    /// Applies the rules themselves, not the schedule, to one item.
    fn may_start(&self, item: &Item) -> bool {
        let busy = self.in_flight.iter().filter(|i| i.origin == item.origin);
        let spaced = |last: Option<Instant>, least| last.is_none_or(|at| self.now >= at + least);
        item.due <= self.now
            && self
                .limits
                .per_origin
                .is_none_or(|most| busy.count() < most)
            && spaced(self.last_start_at[item.origin], self.limits.origin_delay)
            && spaced(self.last_start, self.limits.interval)
    }

    fn offer(&mut self, origin: usize, delay: Option<u64>) {
        let item = Item {
            sequence: self.offered,
            origin,
            due: self.now + ms(delay.unwrap_or(0)),
            is_retry: delay.is_some(),
        };
        self.offered += 1;
        self.waiting.push(item);
        let (name, sequence) = (ORIGINS[origin], item.sequence);
        match delay {
            Some(_) => self.schedule.offer_later(name, sequence, item, item.due),
            None => self.schedule.offer(name, sequence, item, self.now),
        }
    }

    /// The item that goes first of those that may start: of the retries of each origin the first of its list, and of
    /// these the one that has been due for the longest time; after some in a row the first of those that have not begun.
    fn first(&self) -> Option<Item> {
        let may = |is_retry| {
            let waiting = self.waiting.iter().copied();
            waiting.filter(move |item| item.is_retry == is_retry && self.may_start(item))
        };
        let fresh = may(false).min_by_key(|item| item.sequence);
        let of = |origin| may(true).filter(move |item| item.origin == origin);
        let heads = (0..ORIGINS.len()).filter_map(|origin| of(origin).min_by_key(|i| i.sequence));
        let retry = heads.min_by_key(|item| (item.due, item.sequence));
        match self.retries < 3 {
            true => retry.or(fresh),
            false => fresh.or(retry),
        }
    }

    /// Takes all items that the schedule gives, and checks each by the rules. Returns the moment of the
    /// wait that it answers with, if it does.
    fn take(&mut self) -> Option<Instant> {
        loop {
            match (self.schedule.next(self.now), self.first()) {
                (NextStart::Start(item), Some(first)) => {
                    assert_eq!(item, first, "the first that may start goes first");
                    self.waiting.retain(|waiting| *waiting != item);
                    self.retries = if item.is_retry { self.retries + 1 } else { 0 };
                    self.in_flight.push(item);
                    self.last_start = Some(self.now);
                    self.last_start_at[item.origin] = Some(self.now);
                    self.started.push(item.sequence);
                }
                (NextStart::Wait(until), None) => {
                    assert!(until > self.now, "the moment to wait for is past");
                    return Some(until);
                }
                (NextStart::Nothing, None) => return None,
                (next, first) => panic!("{next:?}, where the first that may start is {first:?}"),
            }
        }
    }

    fn finish(&mut self, which: usize) {
        if !self.in_flight.is_empty() {
            let item = self.in_flight.remove(which % self.in_flight.len());
            end(
                &mut self.schedule,
                ORIGINS[item.origin],
                item.sequence,
                self.now,
            );
        }
    }

    fn step(&mut self, one: Move) {
        match one {
            Move::Offer(origin) => self.offer(origin, None),
            Move::OfferLater(origin, delay) => self.offer(origin, Some(delay)),
            Move::Take => drop(self.take()),
            Move::Finish(which) => self.finish(which),
            Move::Tick(time) => self.now += ms(time),
        }
        assert_eq!(self.schedule.waiting(), self.waiting.len());
    }
}

proptest! {
    // A failing case is printed in full; no file of them is kept beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Never above a limit, never before its time, the first first; and driven on until it is empty,
    /// nothing is lost, nothing starves and nothing comes twice.
    #[test]
    fn limits_hold_and_everything_starts_once(limits in limits(), moves in moves()) {
        let mut model = Model::new(limits);
        for one in moves {
            model.step(one);
        }
        // From here on the driver follows the schedule: it finishes items in flight, and sleeps as long as asked.
        let mut rounds = 0;
        while !(model.waiting.is_empty() && model.in_flight.is_empty()) {
            rounds += 1;
            prop_assert!(rounds < 10_000, "it goes on for ever: {:?}", model.waiting);
            match model.take() {
                Some(until) if model.in_flight.is_empty() => model.now = until,
                _ => model.finish(0),
            }
        }
        let mut started = model.started.clone();
        started.sort_unstable();
        prop_assert_eq!(started, (0..model.offered).collect::<Vec<_>>());
    }

    /// Draining returns all items that waited, in order, and leaves none behind.
    #[test]
    fn draining_gives_back_all_that_waits(limits in limits(), moves in moves()) {
        let mut model = Model::new(limits);
        for one in moves {
            model.step(one);
        }
        let mut waiting = model.waiting.clone();
        waiting.sort_by_key(|item| item.sequence);
        prop_assert_eq!(model.schedule.drain(), waiting);
        prop_assert_eq!(model.schedule.next(model.now), NextStart::Nothing);
    }

    /// Items that start at once start as those do that are offered and taken, and leave the schedule in the same state.
    #[test]
    fn an_item_starts_at_once_only_where_it_would_have_been_taken_next(
        limits in limits(),
        is_paced in prop::bool::weighted(0.2),
        moves in moves(),
    ) {
        let policy = ServerPolicy { workers: 4, ..ServerPolicy::default() };
        let limits = match is_paced {
            true => limits,
            false => StartLimits { per_origin: limits.per_origin, ..StartLimits::default() },
        };
        let mut at_once = Schedule::new(limits, policy);
        let mut in_turn = Schedule::new(limits, policy);
        let (mut now, mut offered, mut in_flight) = (Instant::now(), 0, Vec::new());
        for one in moves {
            match one {
                Move::Offer(origin) => {
                    let origin = origin % 2;
                    let item = (origin, offered);
                    in_turn.offer(ORIGINS[origin], offered, item, now);
                    if at_once.start_at_once(ORIGINS[origin], offered, now) {
                        prop_assert_eq!(in_turn.next(now), NextStart::Start(item));
                        prop_assert_eq!(at_once.next(now), NextStart::Nothing);
                        in_flight.push((item, now));
                    } else {
                        at_once.offer(ORIGINS[origin], offered, item, now);
                    }
                    offered += 1;
                }
                Move::OfferLater(origin, delay) => {
                    for schedule in [&mut at_once, &mut in_turn] {
                        let due = now + ms(delay);
                        schedule.offer_later(ORIGINS[origin], offered, (origin, offered), due);
                    }
                    offered += 1;
                }
                Move::Take => loop {
                    let next = in_turn.next(now);
                    prop_assert_eq!(&at_once.next(now), &next);
                    let NextStart::Start(item) = next else { break };
                    in_flight.push((item, now));
                },
                Move::Finish(which) if !in_flight.is_empty() => {
                    let ((origin, sequence), started) = in_flight.remove(which % in_flight.len());
                    let kind = match which {
                        ..4 => EndKind::PushedBack { cause: Cause::TooMany, retry_after: None },
                        _ => EndKind::Answered,
                    };
                    let ending = Ending { sequence, started, kind };
                    let rulings = [&mut at_once, &mut in_turn].map(|schedule| {
                        schedule.end(ORIGINS[origin], &ending, &mut PushBackRecord::default(), now)
                    });
                    prop_assert_eq!(rulings[0], rulings[1]);
                }
                Move::Finish(_) => {}
                Move::Tick(time) => now += ms(time),
            }
            let states = [&mut at_once, &mut in_turn].map(|schedule| {
                let of_origins = ORIGINS.map(|name| {
                    let in_flight = schedule.origins.get(name).map(|origin| origin.in_flight);
                    (in_flight, schedule.has_queue(name), schedule.is_restrained(name))
                });
                (of_origins, schedule.waiting(), schedule.is_ready(), schedule.retries(now))
            });
            prop_assert_eq!(states[0], states[1]);
        }
    }
}

#[test]
fn a_slow_origin_first_in_the_list_does_not_keep_the_others_waiting() {
    let now = Instant::now();
    let limits = StartLimits {
        per_origin: Some(1),
        ..StartLimits::default()
    };
    let mut schedule = Schedule::new(limits, ServerPolicy::default());
    for sequence in 0..100 {
        schedule.offer("http://slow", sequence, "slow", now);
    }
    schedule.offer("http://quick", 100, "quick", now);
    assert_eq!(schedule.next(now), NextStart::Start("slow"));
    assert_eq!(schedule.next(now), NextStart::Start("quick"));
    assert_eq!(schedule.next(now), NextStart::Nothing);
}

#[test]
fn a_retry_that_is_due_goes_before_what_has_not_begun_whatever_its_place_in_the_list() {
    let now = Instant::now();
    let mut schedule = Schedule::new(StartLimits::default(), ServerPolicy::default());
    for sequence in 0..100 {
        schedule.offer("http://a", sequence, sequence, now);
    }
    schedule.offer_later("http://b", 100, 100, now + ms(10));
    assert_eq!(schedule.next(now), NextStart::Start(0));
    assert_eq!(schedule.next(now + ms(9)), NextStart::Start(1));
    assert_eq!(schedule.next(now + ms(10)), NextStart::Start(100));
    assert_eq!(schedule.next(now + ms(10)), NextStart::Start(2));
}

#[test]
fn an_origin_with_many_retries_holds_up_no_other_ones_retry_that_was_due_before() {
    let now = Instant::now();
    let mut schedule = Schedule::new(StartLimits::default(), ServerPolicy::default());
    for sequence in 0..100 {
        schedule.offer_later("http://a", sequence, sequence, now + ms(sequence));
    }
    schedule.offer_later("http://b", 100, 100, now + ms(1));
    let later = now + ms(1000);
    let started: Vec<_> = (0..3).map(|_| schedule.next(later)).collect();
    assert_eq!(started, [0, 1, 100].map(NextStart::Start));
}

#[test]
fn items_begin_where_most_of_a_list_is_tried_again_and_again() {
    let now = Instant::now();
    let mut schedule = Schedule::new(StartLimits::default(), ServerPolicy::default());
    for origin in ["http://a", "http://b"] {
        for retry in 0..20 {
            let sequence = retry + if origin == "http://a" { 0 } else { 100 };
            schedule.offer_later(origin, sequence, false, now);
        }
    }
    for sequence in 200..205 {
        schedule.offer("http://a", sequence, true, now);
    }
    let mut begun = Vec::new();
    for start in 0..45 {
        let NextStart::Start(is_first) = schedule.next(now) else {
            panic!("nothing keeps it: {schedule:?}");
        };
        begun.extend(is_first.then_some(start));
    }
    assert_eq!(begun, [3, 7, 11, 15, 19]);
}

#[test]
fn origins_that_are_done_with_cost_no_memory() {
    let mut now = Instant::now();
    let limits = StartLimits {
        origin_delay: ms(10),
        ..StartLimits::default()
    };
    let mut schedule = Schedule::new(limits, ServerPolicy::default());
    for sequence in 0..1000 {
        let origin = format!("http://host-{sequence}");
        schedule.offer(&origin, sequence, (), now);
        assert_eq!(schedule.next(now), NextStart::Start(()));
        end(&mut schedule, &origin, sequence, now);
        now += ms(1);
        assert_eq!(schedule.next(now), NextStart::Nothing);
        assert!(schedule.origins.len() <= 10, "{}", schedule.origins.len());
    }
}

#[test]
fn items_that_wait_to_be_tried_again_are_counted_with_the_moment_of_the_first() {
    let now = Instant::now();
    let policy = ServerPolicy::default();
    let mut schedule = Schedule::new(StartLimits::default(), policy);
    assert_eq!(schedule.retries(now), (0, None));
    schedule.offer("a", 0, 'x', now);
    assert_eq!(
        schedule.retries(now),
        (0, None),
        "it has not been tried yet"
    );
    schedule.offer_later("a", 1, 'y', now + ms(50));
    schedule.offer_later("b", 2, 'z', now + ms(20));
    let delay = Some((now + ms(20), WaitCause::Delay));
    assert_eq!(schedule.retries(now), (2, delay));
    // The origin's own wait is longer.
    schedule.hold("b", now, now + ms(40), now);
    let (count, next) = schedule.retries(now);
    assert_eq!(count, 2);
    let (until, cause) = next.expect("the hold ends");
    assert!(
        until >= now + ms(40) && cause == WaitCause::RetryAfter,
        "{next:?}"
    );
    // Due, and kept back by its origin.
    assert_eq!(schedule.next(now + ms(30)), NextStart::Start('x'));
    let (count, next) = schedule.retries(now + ms(30));
    assert_eq!(count, 2);
    assert!(
        next.is_some_and(|(until, _)| until >= now + ms(40)),
        "{next:?}"
    );
    // Started: what is under way does not wait.
    let later = now + ms(1000);
    let mut started = 0;
    while let NextStart::Start(_) = schedule.next(later) {
        started += 1;
        assert_eq!(schedule.retries(later).0, 2 - started);
    }
    assert_eq!((started, schedule.retries(later)), (2, (0, None)));
    schedule.put_back("c", 3, 'w', later);
    assert_eq!(schedule.retries(later), (1, None), "as soon as may be");
    schedule.drain();
    assert_eq!(schedule.retries(later), (0, None));
}

#[test]
fn origins_that_only_have_to_wait_are_forgotten_beyond_a_number() {
    let now = Instant::now();
    let mut schedule = Schedule::new(StartLimits::default(), ServerPolicy::default());
    schedule.offer("http://waits", 0, 0, now);
    schedule.hold("http://waits", now, now + ms(1), now);
    for number in 1..=MAX_DELAYED as u64 + 100 {
        let origin = format!("http://h{number}");
        schedule.hold(&origin, now, now + ms(1000 + number), now);
        // The item that the answer was to comes back after the hold, which must still be there.
        schedule.offer(&origin, number, number, now);
        assert!(matches!(schedule.next(now), NextStart::Wait(_)), "{origin}");
        assert!(schedule.has_items(&origin), "{origin}");
    }
    let all = MAX_DELAYED + 101;
    assert_eq!(schedule.origins(), all, "none that has items is forgotten");
    assert_eq!(schedule.drain().len(), all);

    let mut schedule = Schedule::<u64>::new(StartLimits::default(), ServerPolicy::default());
    schedule.offer("http://waits", 0, 0, now);
    schedule.hold("http://waits", now, now + ms(1), now);
    for number in (1..=2 * MAX_DELAYED as u64).rev() {
        schedule.hold(&format!("http://h{number}"), now, now + ms(number), now);
        let known = schedule.origins();
        assert!(known <= MAX_DELAYED + 1, "{known} after {number}");
    }
    assert!(schedule.has_items("http://waits"));
    assert_eq!(schedule.next(now + ms(60_000)), NextStart::Start(0));
}
