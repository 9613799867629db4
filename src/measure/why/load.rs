//! The load of this machine while a run is made: the processor time of pfetch and of everything else.
//!
//! The times are the kernel's own. Linux also tells for how long a thread was ready to run and waited for a processor
//! (`/proc/PID/schedstat`, sched-stats.rst in its documentation), be it that others had it, that this process is bound
//! to few of them or that the quota of its cgroup was used up. Elsewhere that is unknown.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use rustix::time::{ClockId, clock_gettime};

/// The folder of this process's threads.
const THREADS: &str = "/proc/self/task";

/// The times of all processors since the machine started.
const PROCESSORS: &str = "/proc/stat";

/// Processor times up to some moment.
#[derive(Debug, Clone)]
pub(super) struct LoadMark {
    at: Instant,
    /// Processor time of this process, and of the calling thread alone, in seconds.
    process: f64,
    thread: f64,
    /// The waits of this process's threads for a processor.
    waited: Option<ThreadWaits>,
    /// Ticks in which the machine's processors were busy, and all ticks.
    machine: Option<[u64; 2]>,
}

/// The load while a run was made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct RunLoad {
    pub(super) seconds: f64,
    /// The processors' worth of time that this process used.
    pub(super) used: f64,
    /// The same of the one thread that is the engine's.
    pub(super) engine: f64,
    /// The number of threads, on average, that waited for a processor.
    pub(super) waiting: Option<f64>,
    /// The share of all processors' time in which they were busy with anything.
    pub(super) busy: Option<f64>,
}

impl LoadMark {
    pub(super) fn now() -> Self {
        LoadMark {
            at: Instant::now(),
            process: seconds(ClockId::ProcessCPUTime),
            thread: seconds(ClockId::ThreadCPUTime),
            waited: waited(),
            machine: fs::read_to_string(PROCESSORS)
                .ok()
                .and_then(|text| machine_ticks(&text)),
        }
    }

    /// The load from then to now. The threads of the run still have to be there, since their times go with them.
    pub(super) fn to_now(&self) -> RunLoad {
        let now = LoadMark::now();
        let seconds = (now.at - self.at).as_secs_f64().max(f64::MIN_POSITIVE);
        let since = |now: f64, then: f64| (now - then).max(0.0) / seconds;
        let busy = self.machine.zip(now.machine);
        let busy = busy.and_then(|([busy, all], [busy_now, all_now])| {
            let ticks = all_now.checked_sub(all).filter(|ticks| *ticks > 0)?;
            Some((busy_now.saturating_sub(busy) as f64 / ticks as f64).min(1.0))
        });
        RunLoad {
            seconds,
            used: since(now.process, self.process),
            engine: since(now.thread, self.thread),
            waiting: (self.waited.as_ref())
                .zip(now.waited.as_ref())
                .map(|(then, now)| waited_since(then, now) / seconds),
            busy,
        }
    }
}

fn seconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The seconds that each thread has waited for a processor since it was started, by its identifier.
type ThreadWaits = BTreeMap<u32, f64>;

/// The waits of the threads that there are. `None` where the kernel does not tell.
fn waited() -> Option<ThreadWaits> {
    let threads = fs::read_dir(THREADS).ok()?;
    let mut waits = ThreadWaits::new();
    for thread in threads.flatten() {
        // A thread may end meanwhile.
        let text = fs::read_to_string(thread.path().join("schedstat"));
        let waited = text.ok().and_then(|text| thread_wait(&text));
        let name = thread.file_name();
        let id = name.to_str().and_then(|name| name.parse().ok());
        waits.extend(id.zip(waited));
    }
    Some(waits).filter(|waits| !waits.is_empty())
}

/// The seconds that threads waited between two moments, all together. Each is set against its own earlier wait: a thread
/// that has ended takes its wait with it, which must not be subtracted from that of the others.
fn waited_since(then: &ThreadWaits, now: &ThreadWaits) -> f64 {
    let waits = now.iter();
    let waits = waits.map(|(id, now)| (now - then.get(id).unwrap_or(&0.0)).max(0.0));
    waits.sum()
}

/// The second number of a thread's `schedstat`, in seconds: nanoseconds on a processor, waiting for one, and slices.
fn thread_wait(text: &str) -> Option<f64> {
    let nanoseconds: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

/// The busy ticks and all ticks of `/proc/stat` (proc_stat(5)): of `user nice system idle iowait irq softirq steal`, all
/// but idle and iowait are busy. Stolen time is that of another guest on the same machine.
fn machine_ticks(text: &str) -> Option<[u64; 2]> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Option<Vec<u64>> = line
        .split_ascii_whitespace()
        .take(8)
        .map(|ticks| ticks.parse().ok())
        .collect();
    let ticks = ticks.filter(|ticks| ticks.len() >= 5)?;
    let all: u64 = ticks.iter().sum();
    Some([all - ticks[3] - ticks[4], all])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_figures_are_read_and_others_are_none() {
        assert_eq!(thread_wait("45621293 2000000000 54\n"), Some(2.0));
        for text in ["", "1", "1 x 2", "-1 -2 3"] {
            assert_eq!(thread_wait(text), None, "{text}");
        }
        let stat = "cpu  10 20 30 400 500 1 2 3 0 0\ncpu0 1 2 3 4 5 6 7 8 0 0\n";
        assert_eq!(machine_ticks(stat), Some([66, 966]));
        for text in ["", "cpu0 1 2 3 4 5", "cpu  1 2 3 4", "cpu  1 2 x 4 5"] {
            assert_eq!(machine_ticks(text), None, "{text}");
        }
    }

    #[test]
    fn a_thread_that_ends_takes_nothing_from_the_waits_of_the_others() {
        let then = ThreadWaits::from([(1, 2.0), (2, 30.0), (3, 0.5)]);
        let now = ThreadWaits::from([(1, 2.5), (3, 0.5), (4, 0.25)]);
        assert_eq!(waited_since(&then, &now), 0.75);
        // The identifier of one that has ended may be that of a new one.
        let again = ThreadWaits::from([(2, 0.125)]);
        assert_eq!(waited_since(&then, &again), 0.0);
    }

    #[test]
    fn a_thread_that_runs_is_in_the_load_of_its_process_and_in_its_own() {
        let mark = LoadMark::now();
        let began = seconds(ClockId::ThreadCPUTime);
        while seconds(ClockId::ThreadCPUTime) - began < 0.02 {}
        let load = mark.to_now();
        assert!(load.engine * load.seconds >= 0.02, "{load:?}");
        // The clocks are read one after the other.
        assert!(load.used * load.seconds >= 0.02, "{load:?}");
        assert!(load.busy.is_none_or(|busy| busy <= 1.0), "{load:?}");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn threads_that_want_one_processor_wait_for_it() {
        use std::sync::Barrier;
        use std::thread;

        let threads = num_cpus::get() * 2 + 1;
        let spin = || {
            let began = seconds(ClockId::ThreadCPUTime);
            while seconds(ClockId::ThreadCPUTime) - began < 0.05 {}
        };
        let (ready, done, told) = (
            Barrier::new(threads + 1),
            Barrier::new(threads + 1),
            Barrier::new(threads + 1),
        );
        let load = thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    ready.wait();
                    spin();
                    done.wait();
                    told.wait();
                });
            }
            let mark = LoadMark::now();
            ready.wait();
            done.wait();
            let load = mark.to_now();
            told.wait();
            load
        });
        // A kernel without these figures has none.
        if let Some(waiting) = load.waiting {
            assert!(waiting * load.seconds > 0.04, "{load:?}");
        }
    }
}
