use std::net::Ipv4Addr;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::*;
use crate::pool::StopToken;

/// A resolver that says which names it was asked for, and answers each with what is sent for it.
fn scripted(lookups: usize) -> (Arc<Dns>, Receiver<String>, Sender<()>) {
    let (asked, names) = channel();
    let (leave, given) = channel();
    let given = Mutex::new(given);
    let config = DnsConfig {
        lookups,
        ..DnsConfig::default()
    };
    let system = move |name: &str| {
        asked.send(name.to_owned()).expect("the test listens");
        // The test's end lets everybody go.
        let _ = given.lock().expect("nobody panics with it").recv();
        Ok(vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    };
    (Arc::new(Dns::with(config, Box::new(system))), names, leave)
}

/// Look-ups that all fail in one way, and the number of times that the resolver was asked.
fn failing(is_temporary: bool) -> (Dns, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let system = move |_: &str| {
        count.fetch_add(1, Ordering::SeqCst);
        Err(LookupFailure {
            reason: "no".to_owned(),
            is_temporary,
        })
    };
    (Dns::with(DnsConfig::default(), Box::new(system)), asked)
}

/// Looks the name up once, with a clock of its own, and returns the fault.
fn fault(dns: &Dns) -> Option<Fault> {
    let clock = RequestClock::new(StopToken::new());
    assert!(dns.lookup("host", &clock).is_err());
    clock.finish(Instant::now()).fault
}

/// The time for which the failure stays in the cache.
fn lifetime(dns: &Dns) -> Duration {
    match dns.names.lock().entries.get("host") {
        Some(Entry::Failed(_, until)) => *until - Instant::now(),
        _ => panic!("the failure is not in the cache"),
    }
}

/// Lets that time pass.
fn expire(dns: &Dns) {
    match dns.names.lock().entries.get_mut("host") {
        Some(Entry::Failed(_, until)) => *until = Instant::now(),
        _ => panic!("the failure is not in the cache"),
    }
}

#[test]
fn a_failed_look_up_is_not_repeated_within_its_time() {
    let no = || "no".to_owned();
    for (is_temporary, expected, longest) in [
        (false, Fault::NameNotFound(no()), FAILURE_LIFETIME),
        (true, Fault::LookupAgain(no()), TEMPORARY_FAILURE_LIFETIME),
    ] {
        let (dns, asked) = failing(is_temporary);
        for _ in 0..10 {
            assert_eq!(fault(&dns), Some(expected.clone()));
            // Long before its end, however slow the machine is.
            if lifetime(&dns) > longest / 2 {
                assert_eq!(asked.load(Ordering::SeqCst), 1, "{expected:?}");
            }
        }
        assert!(lifetime(&dns) <= longest, "{expected:?}");
        expire(&dns);
        let before = asked.load(Ordering::SeqCst);
        assert_eq!(fault(&dns), Some(expected.clone()));
        assert_eq!(asked.load(Ordering::SeqCst), before + 1, "{expected:?}");
    }
}

#[test]
fn all_who_ask_at_once_share_a_temporary_failure() {
    let (dns, asked) = failing(true);
    let dns = Arc::new(dns);
    let together = Arc::new(Barrier::new(8));
    let workers = (0..8).map(|_| {
        let (dns, together) = (Arc::clone(&dns), Arc::clone(&together));
        thread::spawn(move || {
            together.wait();
            fault(&dns)
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        let fault = worker.join().expect("a look-up does not panic");
        assert_eq!(fault, Some(Fault::LookupAgain("no".to_owned())));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
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
        assert!(address.is_loopback(), "{found:?}");
        assert!(!found[..position].contains(address), "{found:?}");
    }
}

/// Looks up so many names, each on a thread of its own.
fn look_up(dns: &Arc<Dns>, names: usize) -> Vec<thread::JoinHandle<bool>> {
    (0..names)
        .map(|number| {
            let dns = Arc::clone(dns);
            thread::spawn(move || {
                let clock = RequestClock::new(StopToken::new());
                dns.lookup(&format!("host{number}"), &clock).is_ok()
            })
        })
        .collect()
}

#[test]
fn as_many_names_are_looked_up_at_once_as_there_are_workers() {
    for (workers, at_once) in [(1, 16), (40, 40), (2000, 512)] {
        let (dns, asked, leave) = scripted(workers);
        let lookups = look_up(&dns, at_once + 8);
        for number in 0..at_once {
            let name = asked.recv_timeout(Duration::from_secs(60));
            assert!(name.is_ok(), "{workers} workers: only {number} at once");
        }
        // All the others are in the queue, or on their way there, and no further one is begun.
        let is_full = || dns.names.lock().waiting.len() == 8;
        while !is_full() {
            thread::yield_now();
        }
        assert_eq!(dns.names.lock().threads, at_once, "{workers} workers");
        let further = asked.try_recv();
        assert!(further.is_err(), "{workers} workers: more than {at_once}");
        drop(leave);
        for lookup in lookups {
            assert!(lookup.join().expect("a look-up does not panic"));
        }
    }
}

#[test]
fn names_that_nobody_waits_for_any_more_hold_up_no_others() {
    let (dns, asked, leave) = scripted(16);
    // As many as there are places, and more than that in the queue: every worker gives up.
    let (stop, count) = (StopToken::new(), LEAST_THREADS + 8);
    let workers: Vec<_> = (0..count)
        .map(|number| {
            let (dns, stop) = (Arc::clone(&dns), stop.clone());
            thread::spawn(move || {
                let clock = RequestClock::new(stop);
                dns.lookup(&format!("dead{number}"), &clock).is_err()
            })
        })
        .collect();
    for number in 0..LEAST_THREADS {
        let name = asked.recv_timeout(Duration::from_secs(60));
        assert!(name.is_ok(), "only {number} at once");
    }
    while dns.names.lock().waiting.len() < count - LEAST_THREADS {
        thread::yield_now();
    }
    stop.stop();
    for worker in workers {
        assert!(worker.join().expect("a look-up does not panic"));
    }
    let counts = |table: &Table| (table.threads, table.abandoned, table.waiting.len());
    assert_eq!(counts(&dns.names.lock()), (LEAST_THREADS, LEAST_THREADS, 0));
    let good = look_up(&dns, LEAST_THREADS);
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
    while dns.names.lock().abandoned > 0 {
        thread::yield_now();
    }
}

#[test]
fn an_idle_thread_takes_the_next_name() {
    let (dns, asked, leave) = scripted(16);
    let clock = RequestClock::new(StopToken::new());
    drop(leave);
    for number in 0..1000 {
        let host = format!("host{number}");
        assert!(dns.lookup(&host, &clock).is_ok(), "{host}");
        let is_idle = |table: &Table| table.idle == table.threads;
        while !is_idle(&dns.names.lock()) {
            thread::yield_now();
        }
        assert!(dns.names.lock().threads <= 1, "{host}");
    }
    assert_eq!(asked.try_iter().count(), 1000);
}

#[test]
fn the_end_of_a_run_ends_idle_threads() {
    let (dns, _asked, leave) = scripted(16);
    drop(leave);
    for lookup in look_up(&dns, 8) {
        assert!(lookup.join().expect("a look-up does not panic"));
    }
    let names = Arc::clone(&dns.names);
    drop(dns);
    while names.lock().threads > 0 {
        thread::yield_now();
    }
}
