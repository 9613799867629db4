//! The kinds of failure of a target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

/// The kinds of failure, each with a stable name for scripts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
#[non_exhaustive]
pub enum FailureKind {
    /// The line of input is not a target.
    Input,
    /// The host name could not be resolved.
    Dns,
    /// No connection could be made.
    Connect,
    /// The TLS handshake failed, or the certificate is not valid.
    Tls,
    /// A time limit passed.
    Timeout,
    /// Less than 1 KiB came within the stall time-out.
    Stall,
    /// The server closed or reset the connection before the end of its response.
    Closed,
    /// The response is not valid HTTP, or does not fit the request.
    Protocol,
    /// The proxy refused, or failed.
    Proxy,
    /// The address is not public (`--block-private`).
    Private,
    /// The body is not what its Content-Encoding says, or is a decompression bomb.
    Encoding,
    /// The body has more bytes than `--max-bytes`, or than the file system allows.
    TooLarge,
    /// A redirect that cannot or may not be followed.
    Redirect,
    /// The status is not an accepted one.
    Status,
    /// The media type of the answer is not an expected one.
    Type,
    /// The body broke off after a part of it was written to the output, and cannot be resumed.
    Broken,
    /// The SHA-256 of the body is not the given one.
    Checksum,
    /// The file cannot be written, or another one has its name.
    File,
    /// The disk is full, or has no room for a body of this length.
    DiskFull,
    /// Its origin was given up, because all requests there failed.
    GivenUp,
    /// The run's deadline passed before it was done (`--deadline`).
    Deadline,
    /// The run was stopped.
    Stopped,
    /// A failure of this machine: out of threads, file descriptors or ports, or a bug.
    Local,
}

impl FailureKind {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// True for a failure whose cause is on this machine, whatever the servers do.
    pub fn is_local(self) -> bool {
        matches!(
            self,
            FailureKind::File | FailureKind::DiskFull | FailureKind::Local
        )
    }
}
