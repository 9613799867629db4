//! The recall of jobs that are on their way to a worker while their origin pushes back.
//!
//! The schedule starts no more jobs at an origin than it takes, but those that it started before the
//! first push-back may still be in the pool's queue. A worker looks here before it sends, and defers such
//! a job: it gives it back without a request. So it does with all that has not begun once the time is up for which an
//! input is repeated.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::ending;
use super::retry::RetryPolicy;
use super::schedule::{self, EndKind};
use crate::http::{Client, FetchAction, Fetched};
use crate::model::target::Target;
use crate::pool::{Action, Worker};

/// The output of a job of the run.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are outcomes, which move once"
)]
pub(super) enum JobOutput {
    /// The action ran.
    Fetched(Fetched),
    /// The action did not run: its origin has pushed back since the job was submitted.
    Deferred,
}

/// The number of origins beyond which those without a job in the queue are forgotten.
const MANY: usize = 64;

/// The origins that pushed back, and what the jobs of a run share to tell which do.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    policy: RetryPolicy,
    /// The number of jobs that the pool's queue holds.
    queue: usize,
    /// False if push-backs recall nothing but for their `Retry-After`.
    adapts: bool,
    /// Set once any origin pushes back. Spares most runs the lock.
    any: AtomicBool,
    /// The number of the last job submitted.
    submitted: AtomicU64,
    recalls: Mutex<HashMap<Box<str>, Recall>>,
    /// The moment from which no target begins any more.
    ends: Option<Instant>,
}

/// The jobs of one origin that are given back.
#[derive(Debug, Clone, Copy)]
struct Recall {
    /// Those up to this number.
    up_to: u64,
    /// All, until this moment, as long as the engine has not seen the push-backs that ask for it: it starts jobs for
    /// which it does not know that they had better wait.
    until: Option<Instant>,
    /// The number of such push-backs.
    unseen: u32,
}

impl Recall {
    fn is_until(&self, now: impl FnOnce() -> Instant) -> bool {
        self.unseen > 0 && self.until.is_some_and(|until| until > now())
    }
}

impl Backoff {
    /// No origin has pushed back yet. `queue`: the number of jobs that the pool's queue holds; with `adapts` false,
    /// push-backs recall nothing but for their `Retry-After`.
    pub(super) fn new(policy: RetryPolicy, queue: usize, adapts: bool) -> Self {
        Backoff {
            policy,
            queue,
            adapts,
            ..Backoff::default()
        }
    }

    /// Recalls from this moment on all jobs whose targets have not begun.
    #[must_use]
    pub(super) fn until(self, ends: Option<Instant>) -> Self {
        Backoff { ends, ..self }
    }

    /// True if no target begins any more. The workers look at the clock themselves: the engine may be behind.
    fn is_over(&self) -> bool {
        self.ends.is_some_and(|end| Instant::now() >= end)
    }

    /// Numbers a job that is about to be submitted.
    pub(super) fn number(&self) -> u64 {
        // One thread submits.
        self.submitted.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// True if the origin's job with this number is recalled.
    fn is_recalled(&self, origin: &str, number: u64) -> bool {
        self.any.load(Ordering::Acquire)
            && self
                .lock()
                .get(origin)
                .is_some_and(|recall| number <= recall.up_to || recall.is_until(Instant::now))
    }

    /// Recalls the origin's jobs that have been submitted, and all until `until`.
    fn recall(&self, origin: &str, until: Option<Instant>) {
        let up_to = self.submitted.load(Ordering::Relaxed);
        let mut recalls = self.lock();
        if recalls.len() >= MANY {
            // The queue hands jobs out in their order, so those before its length are with workers.
            let passed = up_to.saturating_sub(self.queue as u64);
            let now = Instant::now();
            recalls.retain(|_, recall| recall.up_to > passed || recall.is_until(|| now));
        }
        let recall = recalls.entry(origin.into()).or_insert(Recall {
            up_to,
            until: None,
            unseen: 0,
        });
        recall.up_to = up_to;
        recall.until = recall.until.max(until);
        recall.unseen += u32::from(until.is_some());
        self.any.store(true, Ordering::Release);
    }

    /// Notes that the engine has seen a push-back of the origin that asks for a wait. From then on its schedule decides
    /// which jobs wait: all of the origin, or the one that was pushed back alone. Those that it has submitted by now, and
    /// that no worker has come to, are given back to it for that: some of them without knowing of the push-back.
    pub(super) fn note_seen(&self, origin: &str) {
        if let Some(recall) = self.lock().get_mut(origin) {
            recall.unseen = recall.unseen.saturating_sub(1);
            if recall.unseen == 0 {
                recall.until = None;
                recall.up_to = self.submitted.load(Ordering::Relaxed);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Recall>> {
        // Only the map's own code runs under this lock, so a poisoned one is still consistent.
        self.recalls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An action that is not run if its job is recalled, and that recalls others if its origin pushes back.
#[derive(Debug)]
pub(super) struct WithBackoff {
    pub(super) action: FetchAction,
    pub(super) backoff: Arc<Backoff>,
    /// The number of the job, from [`Backoff::number`].
    pub(super) number: u64,
    /// The origin that the job is scheduled at, if it is another than its target's.
    pub(super) route: Option<Arc<str>>,
    /// True if it is not the first attempt at its target.
    pub(super) has_begun: bool,
}

impl Action<Client, Arc<Target>> for WithBackoff {
    type Output = JobOutput;

    fn run(&self, worker: &mut Worker<Client>, target: Arc<Target>) -> JobOutput {
        let origin = self.route.as_deref();
        let origin = origin.unwrap_or_else(|| target.location.origin());
        let is_late = !self.has_begun && self.backoff.is_over();
        if is_late || self.backoff.is_recalled(origin, self.number) {
            return JobOutput::Deferred;
        }
        let fetched = self.action.run(worker, Arc::clone(&target));
        let outcome = &fetched.outcome;
        if outcome.is_disk_full() {
            // Here, and not only once the engine has seen it: no other worker is to take the next job.
            worker.stop_token().stop();
        }
        let kind = ending::kind(outcome, &self.backoff.policy);
        let hold = ending::hold(kind);
        let is_recall = match kind {
            EndKind::PushedBack { .. } | EndKind::Silent { .. } => {
                self.backoff.adapts || hold.is_some()
            }
            _ => false,
        };
        if is_recall {
            let until = hold.map(|wait| schedule::saturating_add(Instant::now(), wait));
            let other = ending::other_responder(outcome, origin);
            let responder = other.as_ref().map_or(origin, |other| other.origin());
            self.backoff.recall(responder, until);
        }
        JobOutput::Fetched(fetched)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;
    use std::time::Duration;

    use super::*;
    use crate::http::{FetchConfig, Fetcher};
    use crate::model::target::{DefaultScheme, Location, Verb};
    use crate::pool::{Pool, StopToken};

    #[test]
    fn jobs_that_were_submitted_before_a_push_back_are_recalled_and_later_ones_run() {
        let backoff = Backoff::default();
        let (before, other) = (backoff.number(), backoff.number());
        backoff.recall("http://a", None);
        let after = backoff.number();
        assert!(backoff.is_recalled("http://a", before));
        assert!(!backoff.is_recalled("http://b", other));
        assert!(!backoff.is_recalled("http://a", after));
        let until = Instant::now() + Duration::from_secs(3600);
        backoff.recall("http://a", Some(until));
        let held = backoff.number();
        assert!(backoff.is_recalled("http://a", held));
    }

    #[test]
    fn a_wait_recalls_what_is_submitted_until_the_engine_has_seen_all_that_ask_for_it() {
        let backoff = Backoff::default();
        let until = Instant::now() + Duration::from_secs(3600);
        for _ in 0..2 {
            backoff.number();
            backoff.recall("http://a", Some(until));
        }
        backoff.note_seen("http://a");
        let between = backoff.number();
        assert!(backoff.is_recalled("http://a", between), "one is unseen");
        backoff.note_seen("http://a");
        backoff.note_seen("http://unknown");
        // It may be with a worker only now.
        assert!(backoff.is_recalled("http://a", between), "all are seen");
        let later = backoff.number();
        assert!(!backoff.is_recalled("http://a", later));
        // The next begins anew.
        backoff.recall("http://a", Some(until));
        let held = backoff.number();
        assert!(backoff.is_recalled("http://a", held));
    }

    #[test]
    fn the_time_is_over_from_its_end_on_and_never_without_one() {
        let now = Instant::now();
        let later = now + Duration::from_secs(3600);
        for (ends, is_over) in [(None, false), (Some(later), false), (Some(now), true)] {
            let backoff = Backoff::default().until(ends);
            assert_eq!(backoff.is_over(), is_over, "{ends:?}");
        }
    }

    #[test]
    fn hosts_that_wait_cost_no_memory_once_the_engine_has_seen_it() {
        let backoff = Backoff::new(RetryPolicy::default(), 20, true);
        let until = Instant::now() + Duration::from_secs(3600);
        for n in 0..10_000 {
            backoff.number();
            let host = format!("http://h{n}");
            backoff.recall(&host, Some(until));
            backoff.note_seen(&host);
        }
        let remembered = backoff.lock().len();
        assert!(remembered <= MANY, "{remembered} are remembered");
    }

    #[test]
    fn origins_without_a_job_in_the_queue_are_forgotten() {
        let backoff = Backoff::new(RetryPolicy::default(), 20, true);
        for n in 0..10_000 {
            backoff.number();
            backoff.recall(&format!("http://h{n}"), None);
        }
        let remembered = backoff.lock().len();
        assert!(remembered <= MANY, "{remembered} are remembered");
        let last = backoff.submitted.load(Ordering::Relaxed);
        assert!(backoff.is_recalled("http://h9999", last));
    }

    #[test]
    fn origins_with_a_job_in_the_queue_or_a_moment_to_wait_for_are_remembered() {
        // More than there are before any is forgotten.
        let queue = 2 * MANY;
        let backoff = Backoff::new(RetryPolicy::default(), queue, true);
        let until = Instant::now() + Duration::from_secs(3600);
        backoff.number();
        backoff.recall("http://held", Some(until));
        for n in 0..10 * MANY {
            backoff.number();
            backoff.recall(&format!("http://h{n}"), None);
        }
        let queued = backoff.number();
        backoff.recall("http://queued", None);
        for n in 1..queue {
            backoff.number();
            backoff.recall(&format!("http://later{n}"), None);
            assert!(backoff.is_recalled("http://queued", queued), "{n} later");
        }
        let last = backoff.submitted.load(Ordering::Relaxed);
        assert!(backoff.is_recalled("http://held", last));
        assert!(!backoff.is_recalled("http://h0", 2), "with a worker by now");
    }

    /// Runs two jobs of one origin on one worker, both in the queue before the first is answered with this
    /// status and header. Returns true if the second was deferred.
    fn defers_the_second(status: u16, header: &str, adapts: bool) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let head =
            format!("HTTP/1.1 {status}\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let lines = BufReader::new(&stream).lines();
                let _ = lines
                    .map_while(Result::ok)
                    .find(|line| line.is_empty())
                    .map(|_| (&stream).write_all(head.as_bytes()));
            }
        });
        let text = format!("http://{address}/");
        let target = Arc::new(Target {
            index: 0,
            location: Location::parse(&text, DefaultScheme::Http).expect("a URL"),
            verb: Verb::Get,
            headers: None,
            output: None,
            sha256: None,
            meta: None,
        });
        let backoff = Arc::new(Backoff::new(RetryPolicy::default(), 2, adapts));
        let fetcher = Fetcher::new(FetchConfig::default(), StopToken::new(), None);
        let pool = fetcher.pool(Pool::builder().workers(1).queue(2));
        let actions = [backoff.number(), backoff.number()].map(|number| WithBackoff {
            action: FetchAction::Get,
            backoff: Arc::clone(&backoff),
            number,
            route: None,
            has_begun: false,
        });
        let jobs = actions.map(|action| pool.submit(action, Arc::clone(&target)));
        let [first, second] = jobs.map(|job| job.join().expect("no job panics"));
        assert!(matches!(first, JobOutput::Fetched(_)), "{first:?}");
        matches!(second, JobOutput::Deferred)
    }

    #[test]
    fn a_push_back_defers_the_jobs_in_the_queue_and_any_other_answer_runs_them() {
        let wait = "Retry-After: 30\r\n";
        for (status, header, adapts, is_deferred) in [
            (503, "", true, true),
            (503, wait, true, true),
            (503, "", false, false),
            (503, wait, false, true),
            (429, "", true, true),
            (200, wait, true, false),
            (404, "", true, false),
            (500, "", true, false),
        ] {
            let found = defers_the_second(status, header, adapts);
            assert_eq!(found, is_deferred, "{status} {header:?}, adapts: {adapts}");
        }
    }
}
