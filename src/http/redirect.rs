//! Redirects: the decision to follow one, and its destination.

use http::StatusCode;

use crate::model::outcome::{Failure, FailureKind};
use crate::model::target::{Location, without_userinfo};
use crate::model::text::excerpt;

use super::FetchConfig;

/// The URL that a response redirects to; `None` if it does not, or if redirects are not followed.
///
/// # Errors
///
/// If the redirect is one too many, not a URL, or leads from https to http.
pub(super) fn destination<'a>(
    from: &Location,
    status: StatusCode,
    mut locations: impl Iterator<Item = &'a [u8]>,
    followed: usize,
    config: &FetchConfig,
) -> Result<Option<Location>, Failure> {
    let is_redirect = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    if !is_redirect || config.max_redirects == 0 {
        return Ok(None);
    }
    let Some(reference) = locations.next() else {
        return Ok(None);
    };
    if followed >= config.max_redirects as usize {
        return Err(failure(format!(
            "more than {} redirects (--max-redirects)",
            config.max_redirects
        )));
    }
    // Some servers send raw UTF-8 here, against the standard. Browsers accept it.
    let reference = String::from_utf8_lossy(reference);
    let to = from.join(&reference).map_err(|error| {
        failure(format!(
            "cannot follow to \"{}\": {error}",
            excerpt(&without_userinfo(&reference), 100)
        ))
    })?;
    if from.is_https() && !to.is_https() && !config.allow_downgrade {
        return Err(failure(format!(
            "leads from https to http, to {} (--allow-downgrade to follow)",
            to.text()
        )));
    }
    Ok(Some(to))
}

fn failure(message: String) -> Failure {
    Failure {
        kind: FailureKind::Redirect,
        phase: None,
        message,
        is_transient: false,
    }
}
