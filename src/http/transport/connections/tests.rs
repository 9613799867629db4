use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::stream::ByteStream;
use super::*;
use crate::http::request_clock::RequestClock;

/// A stream that counts how many of its kind are open, and how often it is looked at.
#[derive(Debug)]
struct Counted {
    open: Arc<AtomicUsize>,
    looks: Arc<AtomicUsize>,
    closed: Arc<Mutex<Vec<u16>>>,
    port: u16,
    is_silent: bool,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
        self.closed.lock().unwrap().push(self.port);
    }
}

impl Read for Counted {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Ok(0)
    }
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ByteStream for Counted {
    fn is_idle(&mut self) -> bool {
        self.looks.fetch_add(1, Ordering::SeqCst);
        self.is_silent
    }

    fn bind(&mut self, _: &Arc<RequestClock>) {}
}

/// Makes connections, which are told apart by their ports.
#[derive(Default)]
struct Maker {
    open: Arc<AtomicUsize>,
    looks: Arc<AtomicUsize>,
    /// The ports of those that are closed, in order.
    closed: Arc<Mutex<Vec<u16>>>,
}

impl Maker {
    fn connection(&self, port: u16, is_silent: bool) -> IdleConnection {
        self.open.fetch_add(1, Ordering::SeqCst);
        let counted = Counted {
            open: Arc::clone(&self.open),
            looks: Arc::clone(&self.looks),
            closed: Arc::clone(&self.closed),
            port,
            is_silent,
        };
        IdleConnection {
            stream: ServerStream {
                stream: Box::new(counted),
                remote: ([127, 0, 0, 1], port).into(),
                is_tls: false,
            },
            last_read: Instant::now(),
            has_seen_all: false,
            keep_alive: None,
        }
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    fn looks(&self) -> usize {
        self.looks.load(Ordering::SeqCst)
    }
}

fn port(connection: Option<IdleConnection>) -> Option<u16> {
    connection.map(|connection| connection.stream.remote.port())
}

fn key(text: &str) -> Arc<str> {
    text.into()
}

#[test]
fn the_newest_connection_of_a_key_is_taken_first_and_no_other_keys() {
    let (store, maker) = (Connections::new(8, None), Maker::default());
    for (name, number) in [("a", 1), ("b", 2), ("a", 3)] {
        store.give(&key(name), maker.connection(number, true));
    }
    let taken = ["a", "a", "a", "b", "c"].map(|name| port(store.take(name, Instant::now())));
    assert_eq!(taken, [Some(3), Some(1), None, Some(2), None]);
}

#[test]
fn a_connection_whose_time_is_over_makes_way_before_any_other() {
    let (store, maker) = (Connections::new(3, None), Maker::default());
    let ago = Instant::now().checked_sub(Duration::from_secs(91)).unwrap();
    for number in 1..=2 {
        let old = IdleConnection {
            last_read: ago,
            ..maker.connection(number, true)
        };
        store.give(&key("old"), old);
    }
    for number in 3..=5 {
        store.give(&key("new"), maker.connection(number, true));
    }
    let closed = maker.closed.lock().unwrap().clone();
    assert_eq!(closed, [1, 2]);
}

#[test]
fn a_list_in_turns_over_more_hosts_than_connections_finds_some_again() {
    for (hosts, at_least) in [(100, 10_000), (150, 3_500), (200, 1_500), (400, 100)] {
        let (store, maker) = (Connections::new(100, None), Maker::default());
        let mut found = 0;
        for step in 0..10_100 {
            let name = key(&(step % hosts).to_string());
            let kept = store.take(&name, Instant::now());
            found += usize::from(kept.is_some());
            store.give(&name, kept.unwrap_or_else(|| maker.connection(1, true)));
        }
        assert!(found >= at_least, "{hosts} hosts: {found}");
        assert_eq!(maker.open(), hosts.min(100), "{hosts} hosts");
    }
}

#[test]
fn hosts_whose_urls_follow_one_another_keep_their_connections_in_a_full_store() {
    let (store, maker) = (Connections::new(100, None), Maker::default());
    let mut made = 0;
    for step in 0..10_000 {
        let name = key(&(step / 10).to_string());
        let kept = store.take(&name, Instant::now());
        made += usize::from(kept.is_none());
        store.give(&name, kept.unwrap_or_else(|| maker.connection(1, true)));
    }
    assert_eq!(made, 1_000, "one for each host");
}

#[test]
fn a_closed_connection_takes_the_older_ones_with_it() {
    let (store, maker) = (Connections::new(8, None), Maker::default());
    store.give(&key("a"), maker.connection(1, true));
    store.give(&key("a"), maker.connection(2, true));
    store.give(&key("b"), maker.connection(3, true));
    store.give(&key("a"), maker.connection(4, false));
    assert_eq!(port(store.take("a", Instant::now())), None);
    assert_eq!(maker.open(), 1);
    assert_eq!(port(store.take("b", Instant::now())), Some(3));
}

#[test]
fn a_connection_is_not_used_past_the_time_for_which_the_server_keeps_it() {
    let (store, maker) = (Connections::new(8, None), Maker::default());
    let ago = |seconds| {
        Instant::now()
            .checked_sub(Duration::from_secs(seconds))
            .unwrap()
    };
    for (age, keep_alive, is_used) in [
        (3, Some(5), true),
        (5, Some(5), false),
        (0, Some(0), false),
        (60, None, true),
        (91, None, false),
        (91, Some(1_000), false),
    ] {
        let connection = IdleConnection {
            last_read: ago(age),
            keep_alive: keep_alive.map(Duration::from_secs),
            ..maker.connection(1, true)
        };
        store.give(&key("a"), connection);
        let taken = store.take("a", Instant::now());
        assert_eq!(
            taken.is_some(),
            is_used,
            "{age} s, keep-alive {keep_alive:?}"
        );
    }
}

#[test]
fn a_short_time_for_which_the_server_keeps_a_connection_is_used_in_part() {
    let maker = Maker::default();
    for (keep_alive, age, is_expired) in [
        (0, 1, true),
        (1, 400, false),
        (1, 600, true),
        (2, 900, false),
        (2, 1_100, true),
        (5, 3_900, false),
        (5, 4_100, true),
    ] {
        let connection = IdleConnection {
            keep_alive: Some(Duration::from_secs(keep_alive)),
            ..maker.connection(1, true)
        };
        let idle = Duration::from_millis(age);
        let shown = format!("keep-alive {keep_alive} s, {age} ms");
        assert_eq!(connection.is_expired(idle), is_expired, "{shown}");
    }
}

#[test]
fn only_a_connection_that_is_fresh_and_trusted_is_used_unchecked() {
    let (store, maker) = (Connections::new(8, None), Maker::default());
    // The clock cannot have moved 200 µs past a moment that is yet to come.
    let fresh = || IdleConnection {
        last_read: Instant::now() + Duration::from_secs(1),
        has_seen_all: true,
        ..maker.connection(1, true)
    };
    store.give(&key("a"), fresh());
    assert!(store.take("a", Instant::now()).is_some() && maker.looks() == 0);
    let unread = IdleConnection {
        has_seen_all: false,
        ..fresh()
    };
    store.give(&key("a"), unread);
    assert!(store.take("a", Instant::now()).is_some() && maker.looks() == 1);
    store.distrust(&key("a"));
    store.give(&key("a"), fresh());
    assert!(store.take("a", Instant::now()).is_some() && maker.looks() == 2);
    store.give(&key("b"), fresh());
    assert!(store.take("b", Instant::now()).is_some() && maker.looks() == 2);
}

#[test]
fn a_shortage_closes_the_oldest_idle_connection_then_waits_and_then_gives_up() {
    let maker = Maker::default();
    let mut store = Connections::new(8, None);
    store.give(&key("a"), maker.connection(1, true));
    store.give(&key("b"), maker.connection(2, true));
    assert!(store.await_resource(Shortage::ProcessFiles));
    assert_eq!(
        (maker.open(), port(store.take("a", Instant::now()))),
        (1, None)
    );
    // A port does not come back with the connection.
    assert!(store.await_resource(Shortage::Ports));
    assert_eq!(maker.open(), 1);
    assert!(store.await_resource(Shortage::Memory));
    assert_eq!(maker.open(), 0);
    assert!(store.await_resource(Shortage::Memory), "the run goes on");
    store.patience = Duration::ZERO;
    assert!(!store.await_resource(Shortage::Memory));
}

#[test]
fn a_store_of_many_keys_forgets_those_without_connections() {
    let (store, maker) = (Connections::new(4, None), Maker::default());
    for number in 0..2_000 {
        store.give(&key(&number.to_string()), maker.connection(1, true));
    }
    assert_eq!(maker.open(), 4);
    let table = store.lock();
    let keys = table.newest_of_key.len();
    assert!(keys <= KEPT_KEYS + 4, "{keys}");
    assert_eq!((table.count, table.slots.len()), (4, 4));
}

#[test]
fn every_connection_is_found_once_whatever_is_taken_given_and_closed() {
    let (store, maker) = (Connections::new(20, None), Maker::default());
    let mut random = fastrand::Rng::with_seed(7);
    // The connections of each key, the oldest first.
    let mut expected: HashMap<String, Vec<u16>> = HashMap::new();
    for step in 0..20_000 {
        let name = random.u8(..8).to_string();
        match random.u8(..10) {
            0..5 => {
                let closed_before = maker.closed.lock().unwrap().len();
                let count: usize = expected.values().map(Vec::len).sum();
                store.give(&key(&name), maker.connection(step, true));
                let closed = maker.closed.lock().unwrap()[closed_before..].to_vec();
                assert_eq!(closed.len(), usize::from(count == 20), "step {step}");
                for all in expected.values_mut() {
                    all.retain(|number| !closed.contains(number));
                }
                expected.entry(name).or_default().push(step);
            }
            5..9 => {
                let newest = expected.entry(name.clone()).or_default().pop();
                assert_eq!(
                    port(store.take(&name, Instant::now())),
                    newest,
                    "step {step}"
                );
            }
            _ => {
                store.forget(&name);
                expected.remove(&name);
            }
        }
        let count: usize = expected.values().map(Vec::len).sum();
        assert_eq!(maker.open(), count, "step {step}");
    }
}

#[test]
fn the_keys_are_not_shown() {
    let (store, maker) = (Connections::new(4, None), Maker::default());
    store.give(&key("hush"), maker.connection(1, true));
    assert!(!format!("{store:?}").contains("hush"));
}
