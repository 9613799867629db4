//! What the program does when servers fail, ask for patience, or send too much: through the real
//! binary and the library, against real servers on the loopback.

mod addresses;
mod bodies;
mod deadline;
mod patience;
mod politeness;
mod retries;
mod verbose;
