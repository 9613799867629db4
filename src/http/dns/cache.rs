//! The cache of look-ups: answers and failures (a negative cache), each for its lifetime, and no more of
//! them than fit a fixed amount of memory.
//!
//! Pure: the time is an argument.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Addresses, LookupFailure, TEMPORARY_FAILURE_LIFETIME};

/// The time for which an answer is used. getaddrinfo tells no TTL; a minute is the usual one of services
/// that fail over by their name.
const ANSWER_LIFETIME: Duration = Duration::from_secs(60);

/// The same for an answer none of whose addresses connects. Not zero: a host that is down would be looked
/// up for each of its URLs.
const FORGOTTEN_LIFETIME: Duration = Duration::from_secs(1);

/// The same for a failed look-up.
const FAILURE_LIFETIME: Duration = Duration::from_secs(5);

/// The most names that are remembered: nearly all of a minute at 500 look-ups a second. Half of them fill a
/// table of 16 Ki places to seven eighths, from which on it would double.
const MOST_NAMES: usize = 28 * 1024;

/// The answer to a look-up. Failures are shared: most are alike.
pub(super) type Answer = Result<Addresses, Arc<LookupFailure>>;

/// Names and their answers, in two generations. When the young one is full it becomes the old one, and
/// what was old is dropped: the oldest go, without a queue of all names that says which they are.
#[derive(Debug)]
pub(super) struct DnsCache {
    young: HashMap<Box<str>, CachedAnswer>,
    old: HashMap<Box<str>, CachedAnswer>,
    most_names: usize,
}

#[derive(Debug)]
struct CachedAnswer {
    answer: Answer,
    came: Instant,
    is_forgotten: bool,
}

impl CachedAnswer {
    fn lifetime(&self) -> Duration {
        match &self.answer {
            Ok(_) if self.is_forgotten => FORGOTTEN_LIFETIME,
            Ok(_) => ANSWER_LIFETIME,
            Err(failure) if failure.is_temporary => TEMPORARY_FAILURE_LIFETIME,
            Err(_) => FAILURE_LIFETIME,
        }
    }
}

impl Default for DnsCache {
    fn default() -> Self {
        DnsCache::with_room_for(MOST_NAMES)
    }
}

impl DnsCache {
    fn with_room_for(most_names: usize) -> Self {
        DnsCache {
            young: HashMap::new(),
            old: HashMap::new(),
            most_names,
        }
    }

    /// Adds the answer for a host.
    pub(super) fn insert(&mut self, host: &str, answer: Answer, now: Instant) {
        self.old.remove(host);
        if self.young.len() >= self.most_names / 2 && !self.young.contains_key(host) {
            mem::swap(&mut self.old, &mut self.young);
            // With its table, which would otherwise be allocated anew by another thread each time: the
            // allocator keeps what it has freed, per thread.
            self.young.clear();
        }
        let cached = CachedAnswer {
            answer,
            came: now,
            is_forgotten: false,
        };
        self.young.insert(host.into(), cached);
    }

    /// The answer for a host, unless its lifetime is over.
    pub(super) fn get(&self, host: &str, now: Instant) -> Option<&Answer> {
        let cached = self.find(host)?;
        let age = now.saturating_duration_since(cached.came);
        (age < cached.lifetime()).then_some(&cached.answer)
    }

    /// The answer for a host whatever its age, for one who has waited for it.
    pub(super) fn get_awaited(&self, host: &str) -> Option<&Answer> {
        self.find(host).map(|cached| &cached.answer)
    }

    /// Notes that none of a host's addresses connects: its answer is used no more, once it is a second old.
    pub(super) fn forget(&mut self, host: &str) {
        let young = self.young.get_mut(host);
        if let Some(cached) = young.or_else(|| self.old.get_mut(host)) {
            cached.is_forgotten = true;
        }
    }

    fn find(&self, host: &str) -> Option<&CachedAnswer> {
        self.young.get(host).or_else(|| self.old.get(host))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use super::*;

    fn address(last: u8) -> Answer {
        let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, last), 0));
        Ok(Addresses::from(vec![address]))
    }

    fn failure(is_temporary: bool) -> Answer {
        Err(Arc::new(LookupFailure {
            reason: "no".to_owned(),
            is_temporary,
        }))
    }

    #[test]
    fn each_kind_of_answer_has_its_lifetime() {
        let now = Instant::now();
        let nearly = Duration::from_nanos(1);
        for (answer, seconds) in [(address(1), 60), (failure(false), 5), (failure(true), 1)] {
            let mut cache = DnsCache::default();
            cache.insert("host", answer.clone(), now);
            let end = now + Duration::from_secs(seconds);
            assert_eq!(cache.get("host", end - nearly), Some(&answer));
            assert_eq!(cache.get("host", end), None, "{answer:?}");
            assert_eq!(cache.get_awaited("host"), Some(&answer));
            cache.insert("host", address(2), end);
            assert_eq!(cache.get("host", end), Some(&address(2)), "{answer:?}");
        }
        assert_eq!(DnsCache::default().get("host", now), None);
    }

    #[test]
    fn an_answer_whose_addresses_do_not_connect_is_used_for_a_second_only() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let mut cache = DnsCache::default();
        cache.insert("host", address(1), now);
        cache.insert("other", address(2), now);
        for _ in 0..3 {
            cache.forget("host");
            assert!(cache.get("host", now + second / 2).is_some());
            assert_eq!(cache.get("host", now + second), None);
        }
        assert!(cache.get("other", now + 2 * second).is_some());
        // The next answer is a fresh one.
        cache.insert("host", address(3), now + second);
        assert_eq!(cache.get("host", now + 9 * second), Some(&address(3)));
        cache.forget("nobody has asked for this");
        // A failure has no addresses.
        cache.insert("host", failure(false), now);
        cache.forget("host");
        assert!(cache.get("host", now + 4 * second).is_some());
    }

    #[test]
    fn no_more_names_are_remembered_than_allowed_and_the_oldest_go() {
        let now = Instant::now();
        let mut cache = DnsCache::with_room_for(100);
        for number in 0..1_000_usize {
            cache.insert(&format!("host{number}"), address(1), now);
            let all = cache.young.len() + cache.old.len();
            assert!(all <= 100, "{all} after {number}");
            // The newest half at least is there.
            for known in number.saturating_sub(49)..=number {
                let host = format!("host{known}");
                assert!(cache.get(&host, now).is_some(), "{host} after {number}");
            }
        }
        assert_eq!(cache.get("host0", now), None);
    }

    #[test]
    fn a_name_that_is_answered_again_and_again_displaces_no_other() {
        let now = Instant::now();
        let mut cache = DnsCache::with_room_for(4);
        cache.insert("a", address(1), now);
        cache.insert("b", address(1), now);
        for last in 0..100 {
            cache.insert("b", address(last), now);
            assert_eq!(cache.get("b", now), Some(&address(last)));
        }
        assert!(cache.get("a", now).is_some());
        // One of both generations is the young one.
        cache.insert("c", address(1), now);
        cache.insert("a", address(2), now);
        assert_eq!(cache.get("a", now), Some(&address(2)));
    }
}
