//! What the program does when servers fail, ask for patience, or send too much: through the real
//! binary and the library, against real servers on the loopback.

#[path = "../support/pfetch.rs"]
mod pfetch;
#[path = "../support/raw.rs"]
mod raw;
#[path = "../support/server.rs"]
mod server;

mod addresses;
mod bodies;
mod deadline;
mod patience;
mod politeness;
mod retries;
mod verbose;
