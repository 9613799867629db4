//! tar files: names of members, headers, padding.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::outcome::Outcome;

/// The unit of a tar file in bytes.
pub(super) const BLOCK: u64 = 512;

/// The end of a tar file: two blocks of zeros.
pub(super) const END: [u8; 2 * BLOCK as usize] = [0; 2 * BLOCK as usize];

/// The longest extension that is taken from a URL.
const MAX_EXTENSION: usize = 8;

/// The extension of a body of which nothing is known.
const UNKNOWN: &str = "bin";

/// Media types that say less than a URL's extension may.
const VAGUE: [(&str, &str); 3] = [
    ("application/octet-stream", UNKNOWN),
    ("binary/octet-stream", UNKNOWN),
    ("text/plain", "txt"),
];

/// Extensions of media types, as webdataset's decoders and most people know them.
const EXTENSIONS: [(&str, &str); 34] = [
    ("application/epub+zip", "epub"),
    ("application/gzip", "gz"),
    ("application/javascript", "js"),
    // "json" alone is the result's.
    ("application/json", "body.json"),
    ("application/msword", "doc"),
    ("application/pdf", "pdf"),
    ("application/rtf", "rtf"),
    ("application/x-tar", "tar"),
    ("application/xhtml+xml", "html"),
    ("application/xml", "xml"),
    ("application/zip", "zip"),
    ("application/zstd", "zst"),
    ("audio/aac", "aac"),
    ("audio/flac", "flac"),
    ("audio/mp4", "m4a"),
    ("audio/mpeg", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("image/avif", "avif"),
    ("image/bmp", "bmp"),
    ("image/gif", "gif"),
    ("image/jpeg", "jpg"),
    ("image/png", "png"),
    ("image/svg+xml", "svg"),
    ("image/tiff", "tiff"),
    ("image/webp", "webp"),
    ("text/css", "css"),
    ("text/csv", "csv"),
    ("text/html", "html"),
    ("text/javascript", "js"),
    ("text/xml", "xml"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
];

/// The key of the target with this index: what the names of its members begin with.
pub(super) fn key(index: u64) -> String {
    format!("{index:010}")
}

/// The extension of the target's body: by its media type, else by the URL that answered. It is never `json`,
/// which is the result's.
pub(super) fn extension(outcome: &Outcome) -> String {
    let stated = outcome.content_type().unwrap_or_default();
    let stated = stated.split(';').next().unwrap_or_default().trim();
    let find = |table: &[(&str, &'static str)]| {
        let found = table
            .iter()
            .find(|(media_type, _)| stated.eq_ignore_ascii_case(media_type));
        found.map(|(_, extension)| *extension)
    };
    if let Some(known) = find(&EXTENSIONS) {
        return known.to_owned();
    }
    let url = outcome.final_url().unwrap_or(&outcome.url);
    match (of_url(url), find(&VAGUE)) {
        (Some(extension), _) => extension,
        (None, vague) => vague.unwrap_or(UNKNOWN).to_owned(),
    }
}

/// The extension in a URL's path, if it looks like one.
fn of_url(url: &str) -> Option<String> {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = after_scheme.split(['?', '#']).next().unwrap_or_default();
    let (_, path) = path.split_once('/')?;
    let (stem, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let is_one = !stem.is_empty()
        && (1..=MAX_EXTENSION).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let extension = extension.to_ascii_lowercase();
    is_one.then(|| match extension.as_str() {
        "json" => "body.json".to_owned(),
        _ => extension,
    })
}

/// The header of a regular file with this name and length. The modification time is that of the fetch.
pub(super) fn header(name: &str, length: u64, outcome: &Outcome) -> tar::Header {
    let fetched = outcome.last.started_at.unwrap_or(UNIX_EPOCH);
    let mtime = SystemTime::duration_since(&fetched, UNIX_EPOCH).unwrap_or_default();
    let mut header = tar::Header::new_ustar();
    header.set_mode(0o644);
    header.set_mtime(mtime.as_secs());
    header.set_entry_type(tar::EntryType::Regular);
    next_header(&header, name, length)
}

/// The header of another file, of this name and length and else as the one before it.
pub(super) fn next_header(before: &tar::Header, name: &str, length: u64) -> tar::Header {
    let mut header = before.clone();
    // A key and an extension are shorter than the field, and nothing in them is a separator.
    let (field, _) = header
        .as_old_mut()
        .name
        .split_at_mut_checked(name.len())
        .expect("a key and an extension are shorter than the 100 bytes of a name");
    field.copy_from_slice(name.as_bytes());
    header.as_old_mut().name[name.len()..].fill(0);
    header.set_size(length);
    header.set_cksum();
    header
}

/// The zeros after so many bytes, up to the next block.
pub(super) fn padding(length: u64) -> &'static [u8] {
    let past = usize::try_from(length % BLOCK).expect("less than a block");
    match past {
        0 => &[],
        past => &END[past..BLOCK as usize],
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::target::Verb;

    fn extension_of(url: &str, content_type: Option<&str>) -> String {
        let mut outcome = Outcome::new(0, url.into(), Verb::Get);
        outcome.last.content_type = content_type.map(|text| Arc::new(text.to_owned()));
        extension(&outcome)
    }

    #[test]
    fn extensions_come_from_the_media_type_and_then_from_the_url() {
        for (url, content_type, expected) in [
            ("http://h/a", Some("image/jpeg"), "jpg"),
            ("http://h/a.png", Some("IMAGE/JPEG; q=1"), "jpg"),
            ("http://h/a.PNG?x=y.gif#z.bmp", None, "png"),
            ("http://h/a.png", Some("application/octet-stream"), "png"),
            ("http://h/a", Some("application/octet-stream"), "bin"),
            ("http://h/a.rs", Some("text/plain"), "rs"),
            ("http://h/a", Some("text/plain; charset=utf-8"), "txt"),
            ("http://h/a.tar.gz", Some("unknown/type"), "gz"),
            ("http://h/.png", None, "bin"),
            ("http://h.png", None, "bin"),
            ("http://h.png/", None, "bin"),
            ("http://h/a.b/c", None, "bin"),
            ("http://h/a.superlongextension", None, "bin"),
            ("http://h/a.j%2Fg", None, "bin"),
            ("http://h/a", Some(""), "bin"),
            // The result's own extension is never a body's.
            ("http://h/a.json", None, "body.json"),
            ("http://h/a.JSON", Some("text/plain"), "body.json"),
            ("http://h/a", Some("application/json"), "body.json"),
        ] {
            let found = extension_of(url, content_type);
            assert_eq!(found, expected, "{url} {content_type:?}");
        }
    }

    #[test]
    fn a_member_ends_at_a_block() {
        for length in [0, 1, 511, 512, 513, 1024, u64::MAX - 511] {
            let all = length + padding(length).len() as u64;
            assert_eq!(all % BLOCK, 0, "{length}");
            assert!(padding(length).len() < 512, "{length}");
        }
    }

    #[test]
    fn a_header_has_lengths_past_those_of_octal_digits() {
        let outcome = Outcome::new(0, "http://h/".into(), Verb::Get);
        for length in [0, 1, 0o77777777777, 1 << 33, 1 << 40] {
            let header = header("0000000000.bin", length, &outcome);
            assert_eq!(header.size().expect("it is a number"), length);
        }
    }

    #[test]
    fn the_next_header_has_nothing_of_the_name_and_the_length_before_it() {
        let outcome = Outcome::new(0, "http://h/".into(), Verb::Get);
        let first = header("0000000000.body.json", 1 << 40, &outcome);
        let next = next_header(&first, "0000000000.json", 9);
        let fresh = header("0000000000.json", 9, &outcome);
        assert_eq!(next.as_bytes(), fresh.as_bytes());
        let mut checked = next.clone();
        checked.set_cksum();
        assert_eq!(checked.as_bytes(), next.as_bytes());
        let path = next.path().expect("it is text");
        assert_eq!(path.as_ref(), std::path::Path::new("0000000000.json"));
    }
}
