//! The digest of what a target's request has of its own, by which targets with one URL are told apart in a run log.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use http::HeaderMap;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize, Serializer};

use super::target::Target;
use super::text::parse_hex;

/// The beginning of the SHA-256 of a target's headers and credentials, in run logs 8 hexadecimal digits. Any of them
/// may be a secret, so it has only 32 bits: for a secret of any strength, very many others have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct RequestDigest(u32);

impl RequestDigest {
    /// The digest of this target; `None` if its request has nothing beside the method and the URL. The order of its
    /// headers does not matter, but for those with one name.
    pub fn of(target: &Target) -> Option<Self> {
        let headers = target.headers.as_deref().filter(|all| !all.is_empty());
        let authorization = target.location.authorization();
        if headers.is_none() && authorization.is_none() {
            return None;
        }
        let mut context = Context::new(&SHA256);
        if let Some(secret) = authorization {
            add(&mut context, b":", secret.reveal().as_bytes());
        }
        for (name, value) in headers.map(sorted).unwrap_or_default() {
            add(&mut context, name, value);
        }
        let digest = context.finish();
        let (part, _) = digest
            .as_ref()
            .split_first_chunk()
            .expect("SHA-256 has 32 bytes");
        Some(RequestDigest(u32::from_be_bytes(*part)))
    }

    /// Its bits.
    pub fn bits(self) -> u32 {
        self.0
    }
}

/// The names and values, those with one name in their order.
fn sorted(headers: &HeaderMap) -> Vec<(&[u8], &[u8])> {
    let fields = headers.iter();
    let mut all: Vec<_> = fields
        .map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()))
        .collect();
    all.sort_by_key(|(name, _)| *name);
    all
}

/// Adds a field. The lengths come first, so that no two lists of fields are the same bytes.
fn add(context: &mut Context, name: &[u8], value: &[u8]) {
    for part in [name, value] {
        context.update(&(part.len() as u64).to_le_bytes());
        context.update(part);
    }
}

impl Display for RequestDigest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl FromStr for RequestDigest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_hex(text)
            .map(|bytes| RequestDigest(u32::from_be_bytes(bytes)))
            .ok_or("the digest of a request is 8 hexadecimal digits")
    }
}

impl TryFrom<String> for RequestDigest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl Serialize for RequestDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::model::location::Location;
    use crate::model::target::{DefaultScheme, Verb};

    fn digest(url: &str, headers: &[(&'static str, &'static str)]) -> Option<RequestDigest> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        RequestDigest::of(&Target {
            index: 0,
            location: Location::parse(url, DefaultScheme::default()).expect(url),
            verb: Verb::Get,
            headers: Some(Box::new(map)),
            output: None,
            sha256: None,
            meta: None,
        })
    }

    #[test]
    fn requests_that_differ_have_differing_digests() {
        let requests: [(&str, &[(&str, &str)]); 9] = [
            ("http://h/", &[("a", "1")]),
            ("http://h/", &[("a", "2")]),
            ("http://h/", &[("b", "1")]),
            ("http://h/", &[("a", "1"), ("b", "1")]),
            ("http://h/", &[("a", "1"), ("a", "2")]),
            ("http://h/", &[("a", "2"), ("a", "1")]),
            ("http://h/", &[("ab", ""), ("c", "")]),
            ("http://u:p@h/", &[]),
            ("http://u:q@h/", &[]),
        ];
        let mut known = HashMap::new();
        for (url, headers) in requests {
            let digest = digest(url, headers).expect("it has something of its own");
            let other = known.insert(digest, (url, headers));
            assert!(other.is_none(), "{url} {headers:?} and {other:?}");
            assert_eq!(digest.to_string().parse(), Ok(digest));
        }
    }

    #[test]
    fn the_same_request_has_the_same_digest() {
        assert_eq!(digest("http://h/", &[]), None);
        let fields = [("b", "1"), ("a", "1"), ("a", "2")];
        let moved = [("a", "1"), ("b", "1"), ("a", "2")];
        assert_eq!(digest("http://h/", &fields), digest("http://h/x", &moved));
        for text in ["", "1234567", "123456789", "+1234567", "1234567g"] {
            assert!(text.parse::<RequestDigest>().is_err(), "{text:?}");
        }
    }
}
