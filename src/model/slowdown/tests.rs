//! Runs whose servers take some requests at once, or all.

use std::sync::Arc;

use super::*;
use crate::model::target::Verb;
use crate::model::timing::Timing;

const MS: Duration = Duration::from_millis(1);

/// The finding for a run of so many workers over forty URLs, of which the n-th waits for its answer as long as
/// `wait` says, given n and the number of requests under way at its start.
fn found(workers: usize, wait: impl Fn(u32, usize) -> Duration) -> Option<Slowdown> {
    let zero = Instant::now();
    let mut by_load = LatencyByLoad::new(workers);
    let mut free = vec![zero; workers];
    let mut outcomes = Vec::new();
    for n in 0..40 {
        let start = *free.iter().min().expect("there is a worker");
        let worker = free
            .iter()
            .position(|at| *at == start)
            .expect("it is there");
        // Workers begin one after the other.
        let start = start + MS / 100 * worker as u32;
        let under_way = 1 + free.iter().filter(|at| **at > start).count();
        let wait = wait(n, under_way);
        let end = start + wait;
        free[worker] = end;
        let mut outcome = Outcome::new(u64::from(n), Arc::from("http://h/"), Verb::Get);
        outcome.last.span = Some((start, end));
        outcome.last.timing = Timing::default().with(Phase::Wait, wait);
        outcome.last.timing.close(wait);
        outcomes.push((end, outcome));
    }
    // They come in the order of their ends.
    outcomes.sort_by_key(|(end, _)| *end);
    outcomes
        .iter()
        .for_each(|(_, outcome)| by_load.add(outcome));
    by_load.slowdown()
}

#[test]
fn a_server_that_takes_one_or_four_at_once_slows_down() {
    for at_once in [1, 4] {
        let queued = |_, under_way: usize| 10 * MS * under_way.div_ceil(at_once) as u32;
        let slowdown = found(8, queued);
        assert!(slowdown.is_some(), "{at_once}");
    }
    let one = found(8, |_, under_way| 10 * MS * under_way as u32).expect("it slows down");
    assert_eq!(one.under_way, 4, "{one:?}");
    assert!(one.few < 30 * MS && one.many > 70 * MS, "{one:?}");
}

#[test]
fn one_request_that_was_overtaken_hides_no_slow_down() {
    let queued = |n, under_way: usize| match n {
        2 => 80 * MS,
        _ => 10 * MS * under_way as u32,
    };
    let slowdown = found(8, queued).expect("it slows down");
    assert_eq!(slowdown.under_way, 7, "{slowdown:?}");
}

#[test]
fn a_server_that_takes_all_does_not() {
    assert_eq!(found(8, |_, _| 10 * MS), None);
    // Answers of any length, in any order, and slow first ones.
    let various = |n: u32, _| MS * (10 + n * 17 % 23);
    assert_eq!(found(8, various), None);
    assert_eq!(found(8, |n, _| MS * (80 - n)), None);
    // What grows by a third, or by less than this machine's own delays.
    let third = |_, under_way| if under_way > 4 { 13 * MS } else { 10 * MS };
    assert_eq!(found(8, third), None);
    let short = |_, under_way: usize| MS / 10 * under_way as u32;
    assert_eq!(found(8, short), None);
}

#[test]
fn few_workers_show_nothing() {
    let queued = |_, under_way: usize| 10 * MS * under_way as u32;
    for workers in 1..4 {
        assert_eq!(found(workers, queued), None, "{workers}");
    }
}

#[test]
fn the_first_attempts_are_kept_in_constant_memory_in_whichever_order_they_come() {
    let mut by_load = LatencyByLoad::new(8);
    let zero = Instant::now();
    for n in (0..1000_u32).rev() {
        let mut outcome = Outcome::new(0, Arc::from("http://h/"), Verb::Get);
        outcome.last.span = Some((zero + n * MS, zero + n * MS));
        outcome.last.timing.close(MS);
        by_load.add(&outcome);
    }
    let kept = by_load.first.into_sorted_vec();
    let starts: Vec<Duration> = kept.iter().map(|sample| sample.sent - zero).collect();
    let first: Vec<Duration> = (0..KEPT as u32).map(|n| n * MS).collect();
    assert_eq!(starts, first);
}

/// A source of numbers between 0 and 1 that are the same in each run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The time that a request takes, in milliseconds, by its number and a number by chance.
type ServiceTime = fn(usize, f64) -> f64;

/// The finding for a run of ten workers over sixty URLs, at a server that takes `slots` at once, in the order in which
/// requests reach it. That is not the order in which they are sent: each takes up to a millisecond. The server works
/// on a request for as many milliseconds as `work` says, given the request's number and a number by chance.
fn served(seed: u64, slots: usize, work: impl Fn(usize, f64) -> f64) -> Option<Slowdown> {
    const WORKERS: usize = 10;
    const URLS: usize = 60;
    let mut numbers = Numbers(seed);
    let mut by_load = LatencyByLoad::new(WORKERS);
    let zero = Instant::now();
    let at = |millis: f64| zero + Duration::from_secs_f64(millis / 1000.0);
    let mut free = vec![0.0_f64; slots.min(URLS)];
    // The arrival of each request, and its sending; the earliest arrival is served first.
    let mut sent: Vec<(f64, f64)> = Vec::new();
    let send = |after: f64, numbers: &mut Numbers, sent: &mut Vec<(f64, f64)>| {
        let start = after + numbers.next();
        sent.push((start + numbers.next(), start));
    };
    for _ in 0..WORKERS {
        send(0.0, &mut numbers, &mut sent);
    }
    for number in 0..URLS {
        sent.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        let (arrival, start) = sent
            .pop()
            .expect("as many are under way as there are workers");
        free.sort_by(f64::total_cmp);
        let end = free[0].max(arrival) + work(number, numbers.next());
        free[0] = end;
        let wait = Duration::from_secs_f64((end - start) / 1000.0);
        let mut outcome = Outcome::new(number as u64, Arc::from("http://h/"), Verb::Get);
        outcome.last.span = Some((at(start), at(end)));
        outcome.last.timing = Timing::default().with(Phase::Wait, wait);
        outcome.last.timing.close(wait);
        by_load.add(&outcome);
        send(end, &mut numbers, &mut sent);
    }
    by_load.slowdown()
}

#[test]
fn a_server_that_takes_four_of_ten_at_once_is_found_out_in_every_run() {
    for seed in 0..20 {
        for spread in [0.05, 0.3] {
            let found = served(seed, 4, |_, chance| 40.0 * (1.0 + spread * chance));
            let slowdown = found.unwrap_or_else(|| panic!("not found: seed {seed}, {spread}"));
            let ratio = slowdown.many.as_secs_f64() / slowdown.few.as_secs_f64();
            assert!(ratio > 1.4, "seed {seed}, {spread}: {slowdown:?}");
            assert!(
                slowdown.under_way < 10,
                "seed {seed}, {spread}: {slowdown:?}"
            );
        }
    }
}

#[test]
fn a_server_that_takes_all_is_slandered_by_chance_alone_and_hardly_ever() {
    let times: [(&str, ServiceTime); 5] = [
        ("alike", |_, chance| 40.0 * (1.0 + 0.3 * chance)),
        ("of any length", |_, chance| {
            5.0 - 35.0 * (1.0 - chance).ln()
        }),
        (
            "of two kinds",
            |_, chance| if chance < 0.5 { 10.0 } else { 40.0 },
        ),
        ("slower and slower", |number, _| 10.0 + number as f64 / 2.0),
        (
            "light ones first",
            |number, _| if number < 10 { 10.0 } else { 40.0 },
        ),
    ];
    for (name, work) in times {
        let found = (0..200).filter(|seed| served(*seed, usize::MAX, work).is_some());
        let found = found.count();
        assert!(found <= 4, "{name}: {found} of 200");
    }
}
