//! A run against a model server, and the fates of its items.

use std::collections::{BTreeMap, HashMap};

use super::*;

/// The fate of each item.
#[derive(Debug, Default)]
pub(super) struct Fates {
    pub(super) answered: Vec<u64>,
    pub(super) failed: Vec<u64>,
    pub(super) given_up: Vec<u64>,
    /// The moments at which they ended, since the beginning.
    pub(super) ends: BTreeMap<u64, Duration>,
    /// Requests in all.
    pub(super) requests: u64,
    /// The requests of each item.
    pub(super) requests_of: BTreeMap<u64, u32>,
    /// The end of the last item.
    pub(super) took: Duration,
    /// What the schedule says that the server takes.
    pub(super) found: OriginLimits,
    /// The number in flight at each start.
    pub(super) in_flight: Vec<(Duration, usize)>,
}

impl Fates {
    /// The number of items that ended in some way.
    pub(super) fn ended(&self) -> usize {
        self.answered.len() + self.failed.len() + self.given_up.len()
    }

    pub(super) fn assert_each_once(&self, items: u64) {
        let mut all = [&self.answered[..], &self.failed, &self.given_up].concat();
        all.sort_unstable();
        assert_eq!(all, (0..items).collect::<Vec<_>>(), "{self:#?}");
    }
}

/// The retries of an item that is judged.
pub(super) const RETRIES: u32 = 2;

/// Fetches so many items from one server with so many workers.
pub(super) fn fetch(mut server: Server, items: u64, workers: usize, policy: ServerPolicy) -> Fates {
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
                    let origin = schedule.origins.get(ORIGIN).expect("it has an item");
                    let most = origin.most(&limits, &policy);
                    let is_within = origin.in_flight <= most;
                    assert!(is_within, "above its window: {schedule:#?}");
                    let (end, kind) = server.request(sequence, began, now);
                    in_flight.insert((end, sequence), (now, kind));
                    fates.requests += 1;
                    *fates.requests_of.entry(sequence).or_default() += 1;
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
            let wait = match kind {
                EndKind::PushedBack { retry_after, .. } => retry_after,
                _ => None,
            };
            let waits_alone = schedule.waits_alone(ORIGIN, &record.0);
            if let Some(wait) = wait
                && !record.0.is_own()
                && !waits_alone
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
            } else if let (Ruling::Free, Some(wait), true) = (ruling, wait, waits_alone) {
                schedule.offer_later(ORIGIN, sequence, sequence, now + wait);
            } else if ruling == Ruling::Free {
                schedule.put_back(ORIGIN, sequence, sequence, now);
            } else if record.1 == RETRIES {
                fates.failed.push(sequence);
                fates.took = now - began;
            } else {
                record.1 += 1;
                let wait = wait.unwrap_or_default().max(ms(200));
                schedule.offer_later(ORIGIN, sequence, sequence, now + wait);
            }
        }
    }
    fates.found = schedule.found();
    fates.assert_each_once(items);
    fates
}
