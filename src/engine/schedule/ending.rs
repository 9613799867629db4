//! Ends of requests, as a schedule takes them, and its rulings on them.

use std::time::{Duration, Instant};

use super::push_back::Cause;

/// The end of an item's request, as far as it says something of its origin.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// The item's sequence number.
    pub sequence: u64,
    /// The start of its request.
    pub started: Instant,
    /// How it ended.
    pub kind: EndKind,
}

/// A way in which an item's request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// It was not sent.
    Deferred,
    /// It was answered, by anything but a push-back.
    Answered,
    /// It was answered by 429 or 503.
    PushedBack {
        /// The status.
        cause: Cause,
        /// The wait that the answer asks for. The schedule is told of it by
        /// [`hold`](super::Schedule::hold) too, since the origin that answered may be another.
        retry_after: Option<Duration>,
    },
    /// It failed without a byte of an answer.
    Silent {
        /// True if the connection was refused, reset or closed, and no time limit passed.
        is_refused: bool,
    },
    /// It says nothing of the origin: it failed for a local reason, or for one of its own.
    Unrelated,
}

/// The ruling on an item whose request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// What it ended with is its own: a success, or a failure that uses up a try.
    Judge,
    /// It uses up no try: [put it back](super::Schedule::put_back).
    Free,
}
