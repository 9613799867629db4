//! CDXJ: the index of a WARC file's responses, a sorted line each: the URL as a sort key (SURT), the time, and a
//! JSON object.

use std::time::SystemTime;

use super::surt::surt;
use serde::Serialize;

/// A response, at its position in the file or in a member.
#[derive(Debug, Clone)]
pub(in crate::save::pack) struct IndexEntry {
    pub(super) url: String,
    pub(super) date: SystemTime,
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) digest: String,
    pub(in crate::save::pack) offset: u64,
    pub(super) length: u64,
}

/// The JSON object of a line. Readers know numbers as text.
#[derive(Serialize)]
struct IndexFields<'a> {
    url: &'a str,
    mime: &'a str,
    status: String,
    digest: &'a str,
    length: String,
    offset: String,
    filename: &'a str,
}

impl IndexEntry {
    /// The line of the response, in the file with this name, whose member begins at `base`.
    pub(in crate::save::pack) fn line(&self, base: u64, filename: &str) -> String {
        let mime = self.content_type.as_deref();
        let mime = mime.filter(|mime| !mime.is_empty()).unwrap_or("unk");
        let fields = IndexFields {
            url: &self.url,
            mime: mime.split([';', ' ']).next().unwrap_or(mime),
            status: self.status.to_string(),
            digest: &self.digest,
            length: self.length.to_string(),
            offset: (base + self.offset).to_string(),
            filename,
        };
        let fields = serde_json::to_string(&fields).expect("an object of texts has a text");
        format!("{} {} {fields}\n", surt(&self.url), timestamp(self.date))
    }
}

/// The time as `YYYYMMDDhhmmss`.
fn timestamp(date: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(date).to_string();
    text.chars().filter(char::is_ascii_digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_position_in_the_file() {
        let entry = IndexEntry {
            url: "http://example.com/ {".replace(' ', "%20"),
            date: SystemTime::UNIX_EPOCH,
            status: 200,
            content_type: Some("text/html; charset=x".to_owned()),
            digest: "D".to_owned(),
            offset: 7,
            length: 11,
        };
        let line = entry.line(100, "a.warc.gz");
        assert_eq!(
            line,
            "com,example)/%20{ 19700101000000 {\"url\":\"http://example.com/%20{\",\"mime\":\"text/html\",\
             \"status\":\"200\",\"digest\":\"D\",\"length\":\"11\",\"offset\":\"107\",\
             \"filename\":\"a.warc.gz\"}\n"
        );
    }
}
