//! Errors of decoding, each with the kind of failure that it is.

use super::MAX_RATIO;
use crate::model::outcome::FailureKind;
use crate::model::text::byte_count;

/// A failure to decode a body. An error of the encoded body itself passes through unchanged.
#[derive(Debug, thiserror::Error)]
pub(in crate::http) enum DecodeError {
    #[error("the body is not valid {coding}: {reason}")]
    Invalid {
        coding: &'static str,
        reason: String,
    },
    /// The decoded form is out of proportion to what was sent.
    #[error(
        "the body grows to more than {MAX_RATIO} times its size when decoded; refused as a bomb (a limit by \
         --max-bytes takes the place of this one)"
    )]
    Bomb,
    /// One of the forms that the body is decoded through is longer than `--max-bytes`.
    #[error("the body has more than {} (--max-bytes)", byte_count(*.0))]
    TooLarge(u64),
    #[error("no memory left to decode the body: use fewer workers (-j)")]
    NoMemory,
}

impl DecodeError {
    pub(in crate::http) fn kind(&self) -> FailureKind {
        match self {
            DecodeError::Invalid { .. } | DecodeError::Bomb => FailureKind::Encoding,
            DecodeError::TooLarge(_) => FailureKind::TooLarge,
            DecodeError::NoMemory => FailureKind::Local,
        }
    }
}
