//! Saving, as a user sees it: files that are complete or absent, whatever servers say and whatever
//! lies in the folder already. Through the real binary, against real servers on the loopback.

mod exists;
mod files;
mod flush;
mod hostile;
mod lies;
mod limits;
mod named;
mod pieces;
mod races;
mod refused;
mod resume;
mod room;
mod slices;
mod small;
mod support;
