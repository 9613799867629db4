//! pfetch fetches many URLs at once, and tells the truth about how long it took.
//!
//! This is the library behind the `pfetch` program. Its parts are of use on their own: the thread
//! [`pool`] knows nothing of HTTP, the [`fetch`] room nothing of command lines, and a [`report`] is
//! whatever listens to [events](event::Event).
//!
//! # The walk of one URL
//!
//! ```text
//! text ──input──▶ Target ──schedule──▶ Job(action, args) ──crossbeam channel──▶ Worker
//!                                                                                │ runs the Action
//! report ◀── Event ◀── run (one thread, puts in order) ◀── notice ◀── Slot ◀─────┘ (a blocking GET)
//! ```
//!
//! 1. [`input`] reads URL text lazily (arguments, files, standard input) and yields a
//!    [`Target`](target::Target), or says what is wrong and where.
//! 2. [`schedule`] decides which target may start now: limits per origin, the rate of the run,
//!    retries that are not due. It is pure; waiting is its business, never a worker's.
//! 3. [`run`] turns a target into a job, `(action, args)`, with an empty [`Slot`](pool::Slot), and
//!    feeds the pool's bounded channel.
//! 4. A fixed [`pool`] of OS threads pulls jobs. A worker owns its state, a
//!    [`Client`](fetch::Client) with its connections and buffers; it runs the action, writes the
//!    slot once, then gives notice.
//! 5. [`run`] turns notices into [`Event`](event::Event)s in one order. Nothing below [`report`]
//!    prints.
//! 6. At the end [`compare`] sets the run's figures against a serial baseline, and [`cli`] maps how
//!    it ended to an exit code.
//!
//! # Rooms
//!
//! | room | owns | may import |
//! |---|---|---|
//! | `main` | parse, run, map to an exit code | cli, app |
//! | [`cli`] | what was typed, what is meant ([`Plan`](cli::Plan)), exit codes | everyone's small settings |
//! | [`app`] | builds the parts that a plan asks for, and runs them | all below |
//! | `signals` | SIGINT, SIGTERM and SIGHUP | pool |
//! | [`report`] | one small file per format, over an injected writer | compare, file, stats, data |
//! | [`replay`] | reports of runs that are over, back into events | stats, data |
//! | [`journal`] | the run log, and what an earlier one says is done | file, data |
//! | [`baseline`] | saved runs, and later ones against them | stats, data |
//! | [`compare`] | the serial baseline, estimated and measured | run, fetch, input, pool, retry, stats, data |
//! | [`run`](mod@run) | feeds the pool, emits events, stops cleanly | input, journal, schedule, retry, fetch, store, pool, data |
//! | [`schedule`] | which target may start now | std |
//! | [`retry`] | whether an attempt is worth another, and when | data |
//! | [`fetch`] | actions, client, redirects, proxies, TLS, errors; transport and resolver below ureq | store, pool, retry, data |
//! | [`store`] | files that are complete or absent, names, validators, bodies in order | file, data |
//! | [`input`] | URL text to targets | data |
//! | [`gate`] | assertions on a run's figures | stats, data |
//! | [`stats`] | summaries, intervals, percentiles, scaling laws | std, hdrhistogram |
//! | [`file`](mod@file) | a file that is written whole or not at all, and errors at close | std, tempfile, nix |
//! | [`pool`] | the worker pool | std, crossbeam, num_cpus |
//! | data: [`target`], [`outcome`], [`comparison`], [`timing`], [`event`], [`summary`], [`lanes`], [`header`], [`place`], [`text`] | plain data and its words | one another, stats |
//!
//! Arrows point down this table only; a test reads the imports and holds them against it.
//!
//! # What holds throughout
//!
//! * Memory does not grow with the length of the list: targets are read lazily, and a slot lives as
//!   long as its job.
//! * One place decides each thing: the success of a status ([`fetch`]), the exit code
//!   ([`cli::Ending`]), what a duration looks like ([`report::duration`]), what is a secret
//!   ([`target`]).
//! * There is no global state, and closing is structural: drop the sender, drain, join.
//! * A duration in a result is measured where it happens or it is `None`; an estimate is called one.
//!
//! The schema of the JSON Lines report is with [`report::JsonLines`], that of the run log with
//! [`journal::Journal`].

pub mod app;
pub mod cli;
pub mod engine;
pub mod http;
pub mod measure;
pub mod model;
pub mod pool;
pub mod report;
pub mod save;
pub mod stats;
