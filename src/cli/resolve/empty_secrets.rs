//! Credentials without a secret in them, as `-H "Authorization: Bearer $TOKEN"` has them where no such variable is set.

use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};

use crate::cli::args::RequestArgs;
use crate::http::is_secret_name;
use crate::model::headers::GivenHeader;

/// Schemes of authentication, as stand before a secret.
const SCHEMES: [&str; 4] = ["Basic", "Bearer", "Digest", "Token"];

/// Headers that pfetch may send by itself, with what a URL, a .netrc file or a redirect gives.
const OWN: [HeaderName; 3] = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];

/// The warning of credentials that are empty, if there are any. A name without a password (`-u NAME:`) is none: it is
/// the way to send a key alone.
pub(super) fn warning(args: &RequestArgs, given: &[GivenHeader]) -> Option<String> {
    let user = args.user.as_deref().filter(|user| *user == ":");
    let user = user.map(|_| "-u".to_owned());
    let headers = given.iter().filter(|header| is_empty(header));
    let headers = headers.map(|header| format!("-H '{}: …'", header.name()));
    let mut empty: Vec<String> = user.into_iter().chain(headers).collect();
    empty.dedup();
    (!empty.is_empty()).then(|| {
        format!(
            "warning: no secret is in {}: was a variable to be there that is not set?",
            empty.join(", ")
        )
    })
}

/// Tells whether a header for credentials has none. Written without a blank, `NAME:` and `NAME;` say that there are to
/// be none.
fn is_empty(header: &GivenHeader) -> bool {
    match header {
        GivenHeader::Sent(name, value) => {
            let value = value.as_bytes();
            let is_scheme = |scheme: &str| value.eq_ignore_ascii_case(scheme.as_bytes());
            OWN.contains(name) && SCHEMES.iter().any(|scheme| is_scheme(scheme))
        }
        GivenHeader::Removed { name, has_blank } => {
            is_secret_name(name.as_str()) && (*has_blank || !OWN.contains(name))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;
    use crate::model::headers::parse;

    fn of_header(text: &str) -> Option<String> {
        let given = parse(text.as_bytes()).expect("it is a header");
        warning(&RequestArgs::default(), &[given])
    }

    #[test]
    fn a_header_for_a_secret_without_one_is_warned_of() {
        for text in [
            "Authorization: Bearer ",
            "Authorization: bearer",
            "Authorization:Token ",
            "Authorization: ",
            "Cookie: ",
            "X-Api-Key: ",
            "X-Api-Key:",
            "PRIVATE-TOKEN: ",
        ] {
            let warning = of_header(text).unwrap_or_default();
            let (name, _) = text.split_once(':').expect("it has a colon");
            let shown = format!("no secret is in -H '{}: …':", name.to_lowercase());
            assert!(warning.contains(&shown), "{text}: {warning}");
        }
        for text in [
            "Authorization:",
            "Cookie:",
            "Authorization;",
            "X-Api-Key;",
            "Authorization: Bearer x",
            "Authorization: x",
            "X-Api-Key: Bearer",
            "Accept: ",
            "Accept:",
            "X-Cache-Key: ",
        ] {
            assert_eq!(of_header(text), None, "{text}");
        }
    }

    #[test]
    fn credentials_without_a_name_and_a_password_are_warned_of_with_all_others_at_once() {
        let of_user = |user: &str| {
            let args = RequestArgs {
                user: Some(OsString::from(user)),
                ..RequestArgs::default()
            };
            let given = ["X-Token: ", "X-Key: "].map(|text| parse(text.as_bytes()));
            let given = given.map(|given| given.expect("it is a header"));
            warning(&args, &given).expect("two are empty")
        };
        assert!(of_user(":").contains("in -u, -H 'x-token: …', -H 'x-key: …':"));
        for user in ["name:", ":password", "name:password"] {
            assert!(!of_user(user).contains("-u"), "{user}");
        }
    }
}
