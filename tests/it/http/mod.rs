//! The fetch layer through its public API, against real servers on the loopback.

mod answers;
mod connections;
mod faults;
mod framing;
mod large;
mod limits;
mod names;
mod rate_limit;
mod redirects;
mod support;
