//! Behaviour against servers that fail, ask for back-off, or send too much: through the real binary and
//! the library, against real servers on the loopback.

mod addresses;
mod bodies;
mod coding_notices;
mod codings;
mod deadline;
mod encoders;
mod hanging;
mod hosts;
mod last_answer;
mod politeness;
mod retries;
mod retry_after;
mod servers;
mod verbose;
