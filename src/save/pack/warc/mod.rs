//! WARC 1.1 (ISO 28500:2017): a gzip member for each record, the request and the response of every hop.
//!
//! * `exchange` collects one request and its response.
//! * `record` writes records; `cdxj` indexes the responses, by the keys of `surt`.

pub(super) mod cdxj;
mod exchange;
mod record;
mod surt;

pub(super) use exchange::Archive;
pub use exchange::ArchivedHead;
pub(super) use record::warcinfo;
