//! Saving, as a user sees it: files that are complete or absent, whatever servers say and whatever
//! lies in the folder already. Through the real binary, against real servers on the loopback.

mod dates;
mod exists;
mod files;
mod flush;
mod growing;
mod hostile;
mod lies;
mod limits;
mod named;
mod one_name;
mod own_files;
mod pages;
mod pieces;
mod races;
mod range_liar;
mod ranges;
mod redirected;
mod refused;
mod replaced;
mod resume;
mod room;
mod slices;
mod small;
mod sums;
pub(crate) mod support;
mod unasked;
mod ways;
