//! CDXJ: the index of a WARC file's responses, a sorted line each: the URL as a sort key (SURT), the time, and a
//! JSON object.

use std::time::SystemTime;

use serde::Serialize;
use url::{Host, Url};

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
        let mime = self.content_type.as_deref().unwrap_or("unk");
        let fields = IndexFields {
            url: &self.url,
            mime: mime.split(';').next().unwrap_or(mime).trim(),
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

/// The sort key of a URL, as pywb and the wayback machine look it up: in lower case, `www.` and default ports
/// left out, the labels of the host from the last to the first, and the arguments of the query sorted.
fn surt(url: &str) -> String {
    let lower = url.to_ascii_lowercase();
    let Ok(url) = Url::parse(&lower) else {
        return lower.replace(' ', "%20");
    };
    let host = match url.host() {
        Some(Host::Domain(name)) => {
            let mut labels: Vec<&str> = name.trim_end_matches('.').split('.').collect();
            let is_www = labels.len() > 2
                && labels[0]
                    .strip_prefix("www")
                    .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            if is_www {
                labels.remove(0);
            }
            labels.reverse();
            labels.join(",")
        }
        Some(address) => address.to_string(),
        None => String::new(),
    };
    let port = url
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let path = match url.path() {
        "/" => "/",
        path => path.trim_end_matches('/'),
    };
    let mut key = format!("{host}{port}){path}");
    if let Some(query) = url.query().filter(|query| !query.is_empty()) {
        let mut arguments: Vec<&str> = query.split('&').collect();
        arguments.sort_unstable();
        key.push('?');
        key += &arguments.join("&");
    }
    // Parsing encodes by digits in upper case.
    key.to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_are_those_that_readers_look_up() {
        for (url, expected) in [
            ("http://example.com/", "com,example)/"),
            ("https://www.Example.com:443/A/b/", "com,example)/a/b"),
            ("http://www2.example.com/", "com,example)/"),
            ("http://www.com/", "com,www)/"),
            ("http://wwwx.example.com/", "com,example,wwwx)/"),
            (
                "http://h.example:8080/a?c=1&b=2",
                "example,h:8080)/a?b=2&c=1",
            ),
            ("http://127.0.0.1:80/?", "127.0.0.1)/"),
            ("http://[::1]/a", "[::1])/a"),
        ] {
            assert_eq!(surt(url), expected, "{url}");
        }
    }

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
            "com,example)/%20%7b 19700101000000 {\"url\":\"http://example.com/%20{\",\"mime\":\"text/html\",\
             \"status\":\"200\",\"digest\":\"D\",\"length\":\"11\",\"offset\":\"107\",\
             \"filename\":\"a.warc.gz\"}\n"
        );
    }
}
