//! One URL to fetch, with all that the input says about it.

use http::HeaderMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::location::Location;
pub use super::secret::{Secret, without_userinfo};
pub use super::url_error::{MAX_URL_BYTES, UrlError};
pub use super::url_text::DefaultScheme;
pub(crate) use super::url_text::split_scheme;
use crate::model::meta::Meta;
use crate::model::save_path::SavePath;

/// The method of a target's request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// GET, with the body.
    #[default]
    Get,
    /// HEAD, without a body.
    Head,
}

/// One URL to fetch.
#[derive(Debug, Clone)]
pub struct Target {
    /// Position in the whole input, from 0.
    pub index: u64,
    /// The URL.
    pub location: Location,
    /// The method.
    pub verb: Verb,
    /// Headers of this target alone, in addition to the run's.
    pub headers: Option<Box<HeaderMap>>,
    /// The path of its file below the folder, if the input names one. Otherwise the URL decides.
    pub output: Option<SavePath>,
    /// The SHA-256 that its body must have.
    pub sha256: Option<Box<[u8; 32]>>,
    /// JSON that its result has as well.
    pub meta: Option<Meta>,
}

impl Target {
    /// A target that is fetched with its body. Text without a scheme is taken for http.
    ///
    /// # Errors
    ///
    /// [`UrlError`] says what is wrong with the text.
    pub fn get(url: &str) -> Result<Self, UrlError> {
        Ok(Target {
            index: 0,
            location: Location::parse(url, DefaultScheme::Http)?,
            verb: Verb::Get,
            headers: None,
            output: None,
            sha256: None,
            meta: None,
        })
    }

    /// A target of which the headers are asked for. Else as [`get`](Target::get).
    ///
    /// # Errors
    ///
    /// As `get`'s.
    pub fn head(url: &str) -> Result<Self, UrlError> {
        Ok(Target {
            verb: Verb::Head,
            ..Target::get(url)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Targets cross from the reader's thread to the run's and on to a worker, each time by value.
    #[test]
    fn a_target_takes_two_cache_lines_at_most() {
        assert!(size_of::<Target>() <= 128, "{}", size_of::<Target>());
    }
}
