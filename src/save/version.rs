//! The version of a body: the validators by which a server names it, the requests that are made with
//! them, and the ranges and lengths that are compared.

use std::time::SystemTime;

/// Validators of a representation, in the server's words (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag` header.
    pub etag: Option<String>,
    /// The `Last-Modified` header.
    pub modified: Option<String>,
    /// True if `modified` is so much older than the response that it is a strong validator (RFC 9110,
    /// 8.8.2.2). An `ETag` says of itself whether it is one.
    pub is_old: bool,
}

impl Validators {
    /// The strong validator, if there is one: no two versions that differ in a byte share it. Only such
    /// a one may go into `If-Range`.
    pub fn strong(&self) -> Option<&str> {
        match &self.etag {
            Some(etag) if etag.starts_with("W/") => None,
            Some(etag) => Some(etag),
            None if self.is_old => self.modified.as_deref(),
            None => None,
        }
    }

    /// Returns true if there is no validator at all.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.modified.is_none()
    }
}

/// The version of a body, as the headers of its response describe it.
#[derive(Debug, Clone, Default)]
pub struct Version {
    /// The validators.
    pub validators: Validators,
    /// The time of the last change (`Last-Modified`).
    pub modified: Option<SystemTime>,
    /// The length of the whole body in bytes, if it is known.
    pub length: Option<u64>,
    /// The fewest bytes that the body may have, if its length is not stated: an earlier response with the
    /// same strong validator has brought so many.
    pub least_length: u64,
    /// The file name in `Content-Disposition`, as the server wrote it: not safe to use as it is.
    pub server_name: Option<String>,
    /// True if the body is stored without being decoded. Only then do positions in the file mean
    /// positions in the body, so that a range of it can be requested later.
    pub is_plain: bool,
}

/// The `Content-Range` header of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentRange {
    /// The position of the first byte.
    pub first: u64,
    /// The position of the last byte, which is included.
    pub last: u64,
    /// The length of the whole body in bytes; `None` if the server does not know it (`*`).
    pub length: Option<u64>,
}

impl ContentRange {
    /// The position after the last byte.
    pub fn end(&self) -> u64 {
        self.last.saturating_add(1)
    }

    /// The number of bytes; `None` if the last one is before the first.
    pub fn count(&self) -> Option<u64> {
        self.end()
            .checked_sub(self.first)
            .filter(|count| *count > 0)
    }
}

/// The length of a body according to an earlier response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLength {
    /// The length in bytes.
    pub length: u64,
    /// True if the length was stated. If false, so many bytes were received, and there may be more.
    pub is_exact: bool,
    /// True if both responses have the same strong `ETag`. If false, no validator shows that they are of
    /// two versions, which is less.
    pub is_same_version: bool,
}

/// The conditions of a request: conditional (`If-None-Match`, `If-Modified-Since`) and range headers.
#[derive(Debug, Default)]
pub struct Conditions<'a> {
    /// The validators of the file that is saved already: the server is to send the body only if its
    /// version is another.
    pub unless: Option<&'a Validators>,
    /// The first position to send and a strong validator (`Range`, `If-Range`): the server is to send
    /// the whole body if its version is another. Without a validator the body's SHA-256 tells the version.
    pub range: Option<(u64, Option<&'a str>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_validator_that_no_other_version_has_is_strong() {
        let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
        // ETag, Last-Modified and its age; then: the strong one, and no validator at all.
        for (etag, last_modified, is_old, strong, is_empty) in [
            (None, None, true, None, true),
            (Some("\"e\""), None, false, Some("\"e\""), false),
            (Some("\"e\""), Some(modified), true, Some("\"e\""), false),
            (Some("W/\"e\""), None, false, None, false),
            // A weak one says that the bytes may differ, whatever the date is.
            (Some("W/\"e\""), Some(modified), true, None, false),
            (None, Some(modified), true, Some(modified), false),
            (None, Some(modified), false, None, false),
        ] {
            let validators = Validators {
                etag: etag.map(str::to_owned),
                modified: last_modified.map(str::to_owned),
                is_old,
            };
            assert_eq!(validators.strong(), strong, "{validators:?}");
            assert_eq!(validators.is_empty(), is_empty, "{validators:?}");
        }
    }
}
