//! pfetch downloads many URLs in parallel, and reports honestly how long that took and what parallelism
//! gained.
//!
//! This is the library behind the `pfetch` program. Its parts are of use on their own: the thread [`pool`]
//! knows nothing of HTTP, [`http`] nothing of command lines, and a [`report`] is any listener to the events
//! of a run. The [`guide`] tells how the program behaves: servers, files, figures, reports.
//!
//! # The walk of one URL
//!
//! ```text
//! text ──engine::input──▶ Target ──engine::schedule──▶ Job(action, args) ──crossbeam channel──▶ Worker
//!                                                                                 │ runs the action: http::Client,
//! report ◀── Event ◀── engine (one thread, one order) ◀── notice ◀── Slot ◀───────┘ a blocking GET
//! ```
//!
//! 1. [`engine::input`] reads URL text lazily (arguments, files, standard input) and yields targets, or an
//!    error with file and line.
//! 2. [`engine::schedule`] decides which target may start now: the limit per origin, the rate of the run,
//!    retries, Retry-After, and what each server was found to take. It is pure: time is an argument, and it has no clock, thread or
//!    socket of its own.
//! 3. [`engine`] turns a target into a job, `(action, args)`, with an empty slot, and feeds the pool's
//!    bounded channel.
//! 4. A fixed [`pool`] of OS threads pulls jobs. A worker owns its state, a [`http::Client`] with its
//!    buffers; it runs the action, writes the slot once, and gives notice. It never sleeps to be polite.
//! 5. [`engine`] turns notices into events ([`model::event`]) in one order, and reporters consume the events.
//!    Nothing below [`report`] prints.
//! 6. At the end [`measure`] works on the figures (estimate, comparison, sweep, reasons, assertions, saved runs), and
//!    [`cli::ExitReasons`] maps what happened to an exit code.
//!
//! # Modules
//!
//! Ten folders of code and one of text beside `main.rs` and this file. Imports point down this table only; `tests/it/layers.rs` reads
//! the imports and holds them against it.
//!
//! | module | owns | may import |
//! |---|---|---|
//! | `main` | parse, run, map to an exit code | app, cli |
//! | [`app`] | carrying a plan out: a session around a fetch, a measurement or a replay; signals, standard streams | all below but stats |
//! | [`cli`] | the options as typed, the [`Plan`](cli::Plan) that they mean, the exit code | all below but stats |
//! | [`report`] | one small file per format, over an injected writer; replays | engine (the run log), measure, model, save, stats |
//! | [`measure`] | estimate, comparison and its reasons (`why`), sweep, assertions, saved runs | engine, http, model, pool, stats |
//! | [`engine`] | the run: input, schedule, retries, events in order, the run log | http, model, pool, save |
//! | [`http`] | client, redirects, bodies, TLS, proxies, DNS, and the transport below ureq | model, pool, save |
//! | [`save`] | files that are complete or absent, their names, bodies in order, packs (tar, WARC) | model |
//! | [`model`] | plain data: target, outcome, event, summary, timing | stats |
//! | [`pool`] | the worker pool, usable alone | |
//! | [`stats`] | summaries, intervals, percentiles, scaling laws | |
//! | [`guide`] | how the program behaves, in words: no code | |
//!
//! [`pool`], [`http`], [`engine`], [`report`], [`model`] and [`stats`] are for other programs too. The rest
//! is public for the program and the tests alone, and may change at any time.
//!
//! # Where to find what
//!
//! * **Retry-After** is parsed in `http/retry_after.rs`, obeyed for one URL in `engine/retry.rs` and for an
//!   origin in `engine/schedule/probe.rs`.
//! * **A server's limits** (429, 503, refused connections) are learned in `engine/schedule/`: `window` how many
//!   at once, `pace` how often, `probe` whether at all.
//! * **Response heads** are read in `http/transport/head.rs`, and **the end of a body** is decided in
//!   `http/transport/framing.rs`.
//! * **Idle connections** are kept in `http/transport/connections.rs`; how many, within the limit on open
//!   files, is decided in `app/workers.rs`.
//! * **A file is made atomic** in `save`: `tmpfile` writes a small body to an unnamed file (`O_TMPFILE`) and
//!   links it, `part` and `publish` rename `NAME.part`, and reports and saved runs are temporary files that
//!   are renamed.
//! * **The exit code** is decided in `cli/exit.rs`, from the reasons that a session in `app/session.rs`
//!   collects.
//! * **A new export** is a file in `report/export/` with a listener, and an entry in `report/export/mod.rs`.
//! * **A new option** is a field of a group in `cli/args/`, and its meaning in `cli/resolve/`. What other
//!   programs call it is a row in `cli/habits/table/`.
//! * **The meaning of a response** (success, failure, retry) is decided in `http/classify.rs` and
//!   `engine/retry.rs`.
//! * **Schemas**: JSON Lines with [`report::JsonLines`], the run log with [`engine::resume`], saved runs with
//!   [`measure::baseline`].
//!
//! # Words of our own
//!
//! * **Worker**: a thread of the pool with its own state, numbered from 0.
//! * **Slot**: the write-once container of a job's result.
//! * **Target**: a URL to fetch with what the input says about it: method, headers, file name, checksum.
//! * **Outcome**: all that is known of a target once it is done with: its last response or failure, and all
//!   its attempts.
//! * **Attempt**: one try to fetch a target, redirects included. A retry is another attempt.
//! * **Arm**: one of the two sides of a comparison, serial or parallel.
//! * **Window**: the number of an origin's URLs that may be in flight, as in TCP's congestion control.
//! * **Probe**: the one URL that tries an origin which only fails, while its others wait.
//! * **Knee**: the fewest workers of a sweep that are not shown to be more than 5 % slower than the best.
//! * **Makespan**: the time from the first start of a run to its last finish, as in scheduling theory.
//!
//! # Invariants
//!
//! * Memory does not grow with the length of the list: targets are read lazily, and a slot lives as long as
//!   its job. The exceptions are names given with `-d` and the targets of `--resume`, some bytes each.
//! * One place decides each thing: the success of a status ([`http`]), the exit code ([`cli::ExitReasons`]),
//!   the text of a duration ([`report::duration`]), what is a secret ([`model::target`]).
//! * There is no global state. Closing is structural: drop the sender, drain, join.
//! * A duration in a result is measured where it happens, or it is `None`; an estimate is called one.

#[doc(hidden)]
pub mod app;
#[doc(hidden)]
pub mod cli;
pub mod engine;
pub mod guide;
pub mod http;
#[doc(hidden)]
pub mod measure;
pub mod model;
pub mod pool;
pub mod report;
#[doc(hidden)]
pub mod save;
pub mod stats;

pub use engine::{FetchAll, Frontier, fetch_all};
pub use model::outcome::Outcome;
pub use model::target::Target;

/// The README, whose code in Rust is compiled and run with the tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
