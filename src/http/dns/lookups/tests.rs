use std::net::Ipv4Addr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::model::timing::Phase;
use crate::pool::StopToken;

/// A resolver that says which names it was asked for, and answers each with what is sent for it.
fn scripted(at_once: usize) -> (Arc<Lookups>, Receiver<String>, Sender<()>) {
    let (asked, names) = channel();
    let (leave, given) = channel();
    let given = Mutex::new(given);
    let system = move |name: &str| {
        asked.send(name.to_owned()).expect("the test listens");
        // The test's end lets everybody go.
        let _ = given.lock().expect("nobody panics with it").recv();
        Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))])
    };
    let lookups = Lookups::new(at_once, Box::new(system));
    (Arc::new(lookups), names, leave)
}

/// Look-ups that all fail in one way, and the number of times that the resolver was asked.
fn failing(is_temporary: bool) -> (Lookups, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let system = move |_: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        Err(LookupFailure {
            reason: "no".to_owned(),
            is_temporary,
        })
    };
    (Lookups::new(1, Box::new(system)), asked)
}

/// Looks the name up once, with a clock of its own, and returns the fault.
fn fault(lookups: &Lookups) -> Option<Fault> {
    let clock = RequestClock::new(StopToken::new());
    assert!(lookups.look_up("host", &clock).is_err());
    clock.finish(Instant::now()).fault
}

#[test]
fn all_who_ask_at_once_share_a_failure() {
    let no = || "no".to_owned();
    for (is_temporary, expected) in [
        (false, Fault::NameNotFound(no())),
        (true, Fault::LookupAgain(no())),
    ] {
        let (lookups, asked) = failing(is_temporary);
        let began = Instant::now();
        let lookups = Arc::new(lookups);
        let together = Arc::new(Barrier::new(8));
        let workers = (0..8).map(|_| {
            let (lookups, together) = (Arc::clone(&lookups), Arc::clone(&together));
            thread::spawn(move || {
                together.wait();
                fault(&lookups)
            })
        });
        for worker in workers.collect::<Vec<_>>() {
            let fault = worker.join().expect("a look-up does not panic");
            assert_eq!(fault, Some(expected.clone()));
        }
        // Within its lifetime, however slow the machine is.
        if began.elapsed() < Duration::from_secs(1) {
            assert_eq!(asked.load(Ordering::SeqCst), 1, "{expected:?}");
        }
    }
}

#[test]
fn failures_that_are_alike_are_kept_once() {
    let (lookups, _) = failing(false);
    for host in ["a", "b", "c"] {
        let clock = RequestClock::new(StopToken::new());
        assert!(lookups.look_up(host, &clock).is_err());
    }
    let table = lookups.names.lock();
    let last = table.last_failure.as_ref().expect("there is a failure");
    // Three names, and the last one itself.
    assert_eq!(Arc::strong_count(last), 4);
}

#[test]
fn an_answer_that_was_forgotten_is_asked_for_again_once_it_is_old_enough() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let lookups = Lookups::new(
        1,
        Box::new(move |_| {
            let last = count.fetch_add(1, Ordering::SeqCst);
            let last = u8::try_from(last).expect("few look-ups");
            Ok(vec![SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0))])
        }),
    );
    let clock = RequestClock::new(StopToken::new());
    let look_up = || lookups.look_up("host", &clock).expect("it has an address");
    let first = look_up();
    assert_eq!(look_up(), first);
    lookups.forget("host");
    // Ends by the passing of a second, and by nothing else.
    while look_up() == first {
        thread::yield_now();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

/// The codes are those of Linux, the same in glibc and musl.
#[test]
#[cfg(target_os = "linux")]
fn only_eai_again_is_temporary() {
    for (code, is_temporary) in [(-2, false), (-3, true), (-4, false), (-10, false)] {
        let failure = LookupFailure::from(LookupError::new(code));
        assert_eq!(failure.is_temporary, is_temporary, "{code}: {failure:?}");
        let words = "the host name could not be resolved: ";
        assert!(failure.reason.starts_with(words), "{failure:?}");
        assert!(
            !failure.reason.contains("address information"),
            "{failure:?}"
        );
    }
}

#[test]
fn the_system_gives_each_address_once() {
    let found = ask_system("localhost").expect("every system knows it");
    assert!(!found.is_empty());
    for (position, address) in found.iter().enumerate() {
        assert!(address.ip().is_loopback(), "{found:?}");
        assert!(!found[..position].contains(address), "{found:?}");
    }
}

/// The length of the look-up as the clock has it, and the phase that the request is in.
fn charged(clock: &RequestClock) -> (Option<Duration>, Phase) {
    let figures = clock.finish(Instant::now());
    (figures.timing.phase(Phase::Dns), figures.phase)
}

#[test]
fn waiting_for_a_thread_is_blocked_and_only_the_look_up_is_dns() {
    let (lookups, asked, leave) = scripted(LEAST_THREADS);
    let busy = look_up(&lookups, LEAST_THREADS);
    for _ in 0..LEAST_THREADS {
        asked.recv_timeout(Duration::from_secs(60)).expect("a name");
    }
    let queued = |stop: &StopToken| {
        let clock = Arc::new(RequestClock::new(stop.clone()));
        let (shared, worker) = (Arc::clone(&lookups), Arc::clone(&clock));
        let ended = thread::spawn(move || shared.look_up("late", &worker).is_ok());
        while lookups.names.lock().waiting.is_empty() {
            thread::yield_now();
        }
        (clock, ended)
    };
    // A request that is stopped while its name waits for a thread.
    let stop = StopToken::new();
    let (clock, ended) = queued(&stop);
    stop.stop();
    assert!(!ended.join().expect("a look-up does not panic"));
    assert_eq!(charged(&clock), (None, Phase::Blocked));
    // One whose name gets its thread late.
    let began = Instant::now();
    let (clock, ended) = queued(&StopToken::new());
    let waited = began.elapsed();
    drop(leave);
    assert!(ended.join().expect("a look-up does not panic"));
    let (dns, _) = charged(&clock);
    let at_most = began.elapsed().saturating_sub(waited);
    assert!(dns.is_some_and(|dns| dns <= at_most), "{dns:?} {at_most:?}");
    for lookup in busy {
        assert!(lookup.join().expect("a look-up does not panic"));
    }
}

#[test]
fn of_those_who_wait_for_one_look_up_only_the_one_who_began_it_is_charged() {
    let (lookups, asked, leave) = scripted(1);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let lookups = Arc::clone(&lookups);
            thread::spawn(move || {
                let clock = RequestClock::new(StopToken::new());
                lookups
                    .look_up("host", &clock)
                    .map(|_| charged(&clock).0)
                    .ok()
            })
        })
        .collect();
    asked.recv_timeout(Duration::from_secs(60)).expect("a name");
    let waiting = || lookups.names.lock().pending["host"].workers;
    while waiting() < 4 {
        thread::yield_now();
    }
    drop(leave);
    let times: Vec<_> = workers
        .into_iter()
        .map(|worker| worker.join().expect("a look-up does not panic"))
        .collect();
    let charged = times.iter().filter(|time| matches!(time, Some(Some(_))));
    assert_eq!(charged.count(), 1, "{times:?}");
    assert!(times.iter().all(Option::is_some), "{times:?}");
    assert_eq!(asked.try_iter().count(), 0);
}

#[test]
fn a_look_up_that_is_given_up_is_charged_from_its_beginning() {
    let (lookups, asked, leave) = scripted(1);
    let stop = StopToken::new();
    let clock = Arc::new(RequestClock::new(stop.clone()));
    let (own, worker) = (Arc::clone(&lookups), Arc::clone(&clock));
    let ended = thread::spawn(move || own.look_up("host", &worker).is_ok());
    asked.recv_timeout(Duration::from_secs(60)).expect("a name");
    stop.stop();
    assert!(!ended.join().expect("a look-up does not panic"));
    let (dns, phase) = charged(&clock);
    assert!(dns.is_some(), "{phase:?}");
    assert_eq!(phase, Phase::Dns);
    drop(leave);
}

/// Looks up so many names, each on a thread of its own.
fn look_up(lookups: &Arc<Lookups>, names: usize) -> Vec<thread::JoinHandle<bool>> {
    (0..names)
        .map(|number| {
            let lookups = Arc::clone(lookups);
            thread::spawn(move || {
                let clock = RequestClock::new(StopToken::new());
                lookups.look_up(&format!("host{number}"), &clock).is_ok()
            })
        })
        .collect()
}

#[test]
fn as_many_names_are_looked_up_at_once_as_there_are_workers() {
    for (workers, at_once) in [(1, 16), (40, 40), (2000, 512)] {
        let (lookups, asked, leave) = scripted(workers);
        let running = look_up(&lookups, at_once + 8);
        for number in 0..at_once {
            let name = asked.recv_timeout(Duration::from_secs(60));
            assert!(name.is_ok(), "{workers} workers: only {number} at once");
        }
        // All the others are in the queue, or on their way there, and no further one is begun.
        let is_full = || lookups.names.lock().waiting.len() == 8;
        while !is_full() {
            thread::yield_now();
        }
        assert_eq!(lookups.names.lock().threads, at_once, "{workers} workers");
        let further = asked.try_recv();
        assert!(further.is_err(), "{workers} workers: more than {at_once}");
        drop(leave);
        for lookup in running {
            assert!(lookup.join().expect("a look-up does not panic"));
        }
    }
}

#[test]
fn names_that_nobody_waits_for_any_more_hold_up_no_others() {
    let (lookups, asked, leave) = scripted(16);
    // As many as there are places, and more than that in the queue: every worker gives up.
    let (stop, count) = (StopToken::new(), LEAST_THREADS + 8);
    let workers: Vec<_> = (0..count)
        .map(|number| {
            let (lookups, stop) = (Arc::clone(&lookups), stop.clone());
            thread::spawn(move || {
                let clock = RequestClock::new(stop);
                lookups.look_up(&format!("dead{number}"), &clock).is_err()
            })
        })
        .collect();
    for number in 0..LEAST_THREADS {
        let name = asked.recv_timeout(Duration::from_secs(60));
        assert!(name.is_ok(), "only {number} at once");
    }
    while lookups.names.lock().waiting.len() < count - LEAST_THREADS {
        thread::yield_now();
    }
    stop.stop();
    for worker in workers {
        assert!(worker.join().expect("a look-up does not panic"));
    }
    let counts = |table: &Table| (table.threads, table.abandoned, table.waiting.len());
    assert_eq!(
        counts(&lookups.names.lock()),
        (LEAST_THREADS, LEAST_THREADS, 0)
    );
    let good = look_up(&lookups, LEAST_THREADS);
    for number in 0..LEAST_THREADS {
        let name = asked
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_default();
        assert!(name.starts_with("host"), "{number}: {name}");
    }
    drop(leave);
    for lookup in good {
        assert!(lookup.join().expect("a look-up does not panic"));
    }
    while lookups.names.lock().abandoned > 0 {
        thread::yield_now();
    }
}

#[test]
fn an_idle_thread_takes_the_next_name() {
    let (lookups, asked, leave) = scripted(16);
    let clock = RequestClock::new(StopToken::new());
    drop(leave);
    for number in 0..1000 {
        let host = format!("host{number}");
        assert!(lookups.look_up(&host, &clock).is_ok(), "{host}");
        let is_idle = |table: &Table| table.idle == table.threads;
        while !is_idle(&lookups.names.lock()) {
            thread::yield_now();
        }
        assert!(lookups.names.lock().threads <= 1, "{host}");
    }
    assert_eq!(asked.try_iter().count(), 1000);
}

#[test]
fn the_end_of_a_run_ends_idle_threads() {
    let (lookups, _asked, leave) = scripted(16);
    drop(leave);
    for lookup in look_up(&lookups, 8) {
        assert!(lookup.join().expect("a look-up does not panic"));
    }
    let names = Arc::clone(&lookups.names);
    drop(lookups);
    while names.lock().threads > 0 {
        thread::yield_now();
    }
}
