//! The keys by which the lines about a target are found: 64 bits of a digest.

use ring::digest::{Context, SHA256};

use crate::model::request_digest::RequestDigest;
use crate::model::target::Verb;

/// The key of a target. Should two targets have the same, one of them is fetched again: the line that is found
/// by it is compared.
pub(super) fn key(
    verb: Verb,
    url: &str,
    name: Option<&str>,
    request: Option<RequestDigest>,
) -> u64 {
    let verb = match verb {
        Verb::Get => 0,
        Verb::Head => 1,
    };
    let mut context = Context::new(&SHA256);
    // The URL's length before it, so that no two pairs of URL and name, or digest, are the same bytes.
    context.update(&[verb, u8::from(name.is_some())]);
    context.update(&(url.len() as u64).to_le_bytes());
    context.update(url.as_bytes());
    match (name, request) {
        (Some(name), _) => context.update(name.as_bytes()),
        (None, Some(request)) => context.update(&request.bits().to_le_bytes()),
        (None, None) => {}
    }
    let digest = context.finish();
    let (part, _) = digest
        .as_ref()
        .split_first_chunk()
        .expect("SHA-256 has 32 bytes");
    u64::from_le_bytes(*part)
}

/// The key of the target with this index, in a run that packs.
pub(super) fn key_of_index(index: u64) -> u64 {
    // Apart from those of digests only by chance, and the line that is found is compared.
    index.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}
