//! A run in a few words, for programs that use pfetch as a library.

use std::io;
use std::time::Duration;

use super::input::{Source, TargetSender};
use super::{Bodies, CutShort, Order, RunConfig, Work};
use crate::http::{FetchConfig, Fetcher};
use crate::model::event::{Event, Listener};
use crate::model::outcome::Outcome;
use crate::model::summary::Summary;
use crate::model::target::Target;
use crate::pool::{Pool, StopToken, default_workers};

/// The jobs that wait for a worker at least, as in the program.
const MIN_QUEUE: usize = 128;

/// The URLs of a run with its settings; made by [`fetch_all`].
#[derive(Debug)]
pub struct FetchAll<U> {
    urls: U,
    workers: usize,
    bodies: Bodies,
    fetch: FetchConfig,
    run: RunConfig,
    stop: StopToken,
}

/// Fetches all these URLs, some at once: the beginning of a run, which [`run`](FetchAll::run) makes.
///
/// The defaults are those of the program: `min(32, cpus + 4)` workers, two retries, servers that push back are asked
/// less often, and bodies are read to their end and dropped. No proxy of the environment is used.
///
/// ```no_run
/// let urls = ["https://example.com/", "https://example.org/"];
/// let summary = pfetch::fetch_all(urls)
///     .workers(8)
///     .collect_bodies(1 << 20)
///     .run(|outcome| match outcome.error() {
///         Some(error) => eprintln!("{}: {}", outcome.url, error.message),
///         None => println!("{}: {} bytes", outcome.url, outcome.bytes),
///     })?;
/// println!("{} of {} in {:?}", summary.ok, summary.targets(), summary.makespan);
/// # std::io::Result::Ok(())
/// ```
pub fn fetch_all<U>(urls: U) -> FetchAll<U::IntoIter>
where
    U: IntoIterator,
    U::Item: AsRef<str>,
{
    FetchAll {
        urls: urls.into_iter(),
        workers: default_workers(),
        bodies: Bodies::Drop,
        fetch: FetchConfig::default(),
        run: RunConfig::default(),
        stop: StopToken::new(),
    }
}

impl<U> FetchAll<U>
where
    U: Iterator,
    U::Item: AsRef<str>,
{
    /// Fetches so many at once, one at least.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// Gives each outcome its [body](Outcome::body), decoded. A URL whose body has more than `limit` bytes fails.
    #[must_use]
    pub fn collect_bodies(mut self, limit: u64) -> Self {
        self.bodies = Bodies::Collect { limit };
        self
    }

    /// Gives the outcomes in the order of the URLs, and not as they are done.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.run.order = Order::Input;
        self
    }

    /// Tries a URL again up to so many times, where that may help.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.run.retry.retries = retries;
        self
    }

    /// Ends the whole run after this time. URLs that are not done by then are skipped.
    #[must_use]
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.run.deadline = Some(limit);
        self
    }

    /// Ends the run when this token is stopped. URLs that were read and not done by then are skipped, or of a list whose
    /// end is not known those that were under way.
    #[must_use]
    pub fn stop_token(mut self, stop: &StopToken) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Fetches with these settings: headers, time limits, proxies, TLS.
    #[must_use]
    pub fn fetch_config(mut self, config: FetchConfig) -> Self {
        self.fetch = config;
        self
    }

    /// Runs with these settings: limits on starts, retries, order. Replaces what was set of them before.
    #[must_use]
    pub fn run_config(mut self, config: RunConfig) -> Self {
        self.run = config;
        self
    }

    /// Fetches the URLs, and gives each outcome to `on_outcome`, failed ones too, on this thread. A text that is no
    /// URL is a failed outcome. The iterator is read as the run goes on, by a thread of its own; it may have any
    /// number of URLs. Returns the figures.
    ///
    /// # Errors
    ///
    /// If the thread for the URLs cannot be started, or what waits in a temporary file cannot be read back.
    pub fn run(self, mut on_outcome: impl FnMut(&Outcome)) -> io::Result<Summary>
    where
        U: Send + 'static,
    {
        let (urls, run) = self.split();
        let source = Source::urls(urls)?;
        run.run(
            source,
            &mut OutcomeListener(|outcome: &Outcome| on_outcome(outcome)),
        )
    }

    /// Fetches the URLs and those that `on_outcome` adds to the [`Frontier`], until there are none left. Else as
    /// [`run`](FetchAll::run), but the iterator is read to its end first.
    ///
    /// # Errors
    ///
    /// If what waits in a temporary file cannot be read back.
    pub fn crawl(self, mut on_outcome: impl FnMut(&Outcome, &mut Frontier)) -> io::Result<Summary> {
        let (urls, run) = self.split();
        let (sender, source) = Source::channel();
        let mut frontier = Frontier {
            sender: Some(sender),
            unfinished: 0,
        };
        urls.for_each(|url| frontier.add_url(url.as_ref()));
        frontier.close_if_done();
        run.run(
            source,
            &mut OutcomeListener(|outcome: &Outcome| {
                on_outcome(outcome, &mut frontier);
                frontier.unfinished -= 1;
                frontier.close_if_done();
            }),
        )
    }

    fn split(self) -> (U, UrllessRun) {
        let FetchAll {
            urls,
            workers,
            bodies,
            mut fetch,
            run,
            stop,
        } = self;
        fetch.dns.lookups = workers;
        fetch.idle_connections = fetch.idle_connections.max(workers);
        // A second request at once on a new connection would break the pace that is asked for.
        fetch.resend &= run.limits.is_unpaced();
        let run = UrllessRun {
            workers,
            bodies,
            fetch,
            run,
            stop,
        };
        (urls, run)
    }
}

/// The URLs of a crawl that are still to be fetched.
#[derive(Debug)]
pub struct Frontier {
    /// Dropped when nothing is left that could add more, which ends the run.
    sender: Option<TargetSender>,
    /// Those that were added and have no outcome yet.
    unfinished: u64,
}

impl Frontier {
    /// Adds a URL. A text that is none becomes a failed outcome.
    pub fn add_url(&mut self, url: &str) {
        self.add_by(|sender| sender.send_url(url));
    }

    /// Adds a target: with headers of its own, or a HEAD.
    pub fn add(&mut self, target: Target) {
        self.add_by(|sender| sender.send(target));
    }

    fn add_by(&mut self, send: impl FnOnce(&mut TargetSender) -> bool) {
        if self.sender.as_mut().is_some_and(send) {
            self.unfinished += 1;
        }
    }

    fn close_if_done(&mut self) {
        if self.unfinished == 0 {
            self.sender = None;
        }
    }
}

/// The settings of a run without its URLs.
struct UrllessRun {
    workers: usize,
    bodies: Bodies,
    fetch: FetchConfig,
    run: RunConfig,
    stop: StopToken,
}

impl UrllessRun {
    fn run(self, source: Source, listener: &mut dyn Listener) -> io::Result<Summary> {
        let queue = self.workers.saturating_mul(2).max(MIN_QUEUE);
        let builder = Pool::builder().workers(self.workers).queue(queue);
        let pool = Fetcher::new(self.fetch, self.stop, None).pool(builder);
        let work = Work {
            source,
            bodies: self.bodies,
            done: None,
        };
        let report = super::run(self.run, work, &pool, listener);
        match report.cut_short {
            None => Ok(report.summary),
            Some(CutShort::Listener(error) | CutShort::Spool(error)) => Err(error),
            // Of settings that this run does not have.
            Some(other) => Err(io::Error::other(other)),
        }
    }
}

/// Listener that takes the outcomes alone.
struct OutcomeListener<F>(F);

impl<F: FnMut(&Outcome)> Listener for OutcomeListener<F> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Event::Finished(outcome) = event {
            (self.0)(outcome);
        }
        Ok(())
    }
}
