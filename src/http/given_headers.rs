//! The headers and credentials that the user gives or removes, as far as they decide what pfetch adds.

use http::{HeaderName, header};

use super::FetchConfig;
use crate::model::target::{Secret, Target};

/// Headers that make a request conditional or ask for a range. If the user gives one, pfetch adds none
/// of its own.
const CONDITIONAL_HEADERS: [HeaderName; 6] = [
    header::RANGE,
    header::IF_RANGE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// True if the user's headers make the request conditional or ask for a range, or if the user removes such
/// headers.
pub(super) fn has_conditions(config: &FetchConfig, target: &Target) -> bool {
    // Nearly always, and for each request.
    let has_none = config.headers.is_empty() && target.headers.is_none();
    if has_none && config.removed_headers.is_empty() {
        return false;
    }
    CONDITIONAL_HEADERS
        .iter()
        .any(|name| is_given(config, target, name) || is_removed(config, name))
}

/// True if the user's headers ask for a range.
pub(super) fn has_range(config: &FetchConfig, target: &Target) -> bool {
    is_given(config, target, &header::RANGE)
}

/// True if the user removes this header from all requests.
pub(super) fn is_removed(config: &FetchConfig, name: &HeaderName) -> bool {
    config.removed_headers.contains(name)
}

/// True if the user's headers say which content codings are accepted.
pub(super) fn accepts_codings(config: &FetchConfig, target: &Target) -> bool {
    is_given(config, target, &header::ACCEPT_ENCODING)
}

/// The credentials for the origin that the user named: those of the URL, of `-u`, or of the .netrc file.
pub(super) fn given_authorization<'a>(
    config: &'a FetchConfig,
    target: &'a Target,
) -> Option<&'a Secret> {
    let of_target = target.location.authorization();
    of_target.or_else(|| {
        // A line's own header takes precedence over the options for all targets, and a header over the file.
        let own = target.headers.as_deref();
        if own.is_some_and(|own| own.contains_key(header::AUTHORIZATION)) {
            return None;
        }
        config.authorization.as_ref().or_else(|| {
            let netrc = config.netrc.as_ref();
            let netrc = netrc.filter(|_| !config.headers.contains_key(header::AUTHORIZATION));
            netrc.and_then(|netrc| netrc.authorization(&target.location))
        })
    })
}

/// True if the user gives this header, for all targets or for this one.
fn is_given(config: &FetchConfig, target: &Target, name: &HeaderName) -> bool {
    let own = target.headers.as_deref();
    config.headers.contains_key(name) || own.is_some_and(|own| own.contains_key(name))
}
