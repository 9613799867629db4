//! Save paths: the paths of files below the folder, made safe.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::model::file_name::{NameLimits, fitted, sanitised, stable_hash};
use crate::model::location::Location;
use crate::model::text::excerpt;
use percent_encoding::percent_decode_str;

/// The longest save path of a URL or an input line, in bytes. A system takes about 4,096 for a whole path,
/// of which the folder and the numbers that keep names apart need some.
const MAX_BYTES: usize = 1000;

/// The most components of a save path.
const MAX_DEPTH: usize = 64;

/// The file name for a URL path that ends in a slash, as wget has it.
const INDEX: &str = "index.html";

/// The layout of files below the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// All files in the folder itself, named after the last segment of their URLs.
    #[default]
    Flat,
    /// The structure of the URLs: host, folders, file.
    Tree,
}

/// The path of a file below the folder: one or more safe components, joined by '/'.
///
/// No save path leads out of the folder, is hidden, or is refused or misread by a file system, unless it
/// was made [verbatim](SavePath::verbatim).
///
/// ```
/// use pfetch::model::save_path::{Layout, SavePath};
/// use pfetch::model::target::{DefaultScheme, Location};
///
/// let url = Location::parse("h:8080/a/%2e%2e%2fetc%2fb.txt?c=d", DefaultScheme::Http).unwrap();
/// assert_eq!(SavePath::of_url(&url, Layout::Flat).as_str(), "_._etc_b.txt");
/// assert_eq!(SavePath::of_url(&url, Layout::Tree).as_str(), "h+8080/a/_._etc_b.txt");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SavePath(Arc<str>);

/// A text that is not a save path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SavePathError {
    /// The text is empty.
    #[error("the file name is empty")]
    Empty,
    /// A path that begins with a slash.
    #[error("\"{0}\" is an absolute path; a file name is relative to the folder")]
    Absolute(String),
    /// A path with a `..` component.
    #[error("\"{0}\" goes up with '..'; a file name stays in the folder")]
    Up(String),
    /// A path that ends with a slash.
    #[error("\"{0}\" names a folder, not a file")]
    Folder(String),
    /// A path that is too long or too deep.
    #[error(
        "the file name is too long: at most {MAX_BYTES} bytes and {MAX_DEPTH} folders and file"
    )]
    TooLong,
    /// A path that is not safe as it stands.
    #[error("\"{text}\" is not a safe file name; \"{safe}\" is")]
    Unsafe {
        /// The text, safe to show.
        text: String,
        /// The safe path that is like it.
        safe: String,
    },
}

impl SavePath {
    /// The path below the folder, with '/' between components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A file of this very name, safe or not: one that the user chose, in a folder that the user chose.
    pub fn verbatim(name: &str) -> SavePath {
        SavePath(Arc::from(name))
    }

    /// All components but the last.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.split().0.into_iter().flat_map(|all| all.split('/'))
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.split().1
    }

    /// Another file in the same folder; `name` is made one safe component.
    pub fn with_file_name(&self, name: &str) -> SavePath {
        let name = sanitised(name);
        match self.split().0 {
            Some(folders) => SavePath(Arc::from(format!("{folders}/{name}"))),
            None => SavePath(Arc::from(name)),
        }
    }

    /// The same path with each component cut to these limits.
    pub(crate) fn fitted(self, limits: NameLimits) -> SavePath {
        let is_short = |component: &str| matches!(fitted(component, limits), Cow::Borrowed(_));
        if self.0.split('/').all(is_short) {
            return self;
        }
        let components: Vec<_> = self.0.split('/').map(|c| fitted(c, limits)).collect();
        SavePath(Arc::from(components.join("/")))
    }

    /// The save path of a URL: the last segment of its path, in a [tree](Layout::Tree) behind the host and
    /// the other segments. The query is not part of it.
    pub fn of_url(url: &Location, layout: Layout) -> SavePath {
        let (before, last) = url.path().rsplit_once('/').unwrap_or(("", url.path()));
        let file = match last {
            "" => INDEX.to_owned(),
            last => decoded(last),
        };
        if layout == Layout::Flat {
            return SavePath(Arc::from(file));
        }
        let host = host(url);
        let folders: Vec<String> = before
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(decoded)
            .collect();
        let folders = folders.join("/");
        let between = if folders.is_empty() { "" } else { "/" };
        let whole = format!("{host}{between}{folders}/{file}");
        if fits(&whole) {
            return SavePath(Arc::from(whole));
        }
        let hash = stable_hash(&folders);
        SavePath(Arc::from(format!("{host}/{hash:016x}/{file}")))
    }

    /// Parses a path that the user wrote (the `output` of a JSON input line). It is used unchanged or
    /// refused, because the user will look for the file under that name.
    ///
    /// # Errors
    ///
    /// [`SavePathError`] says what is wrong with it, and which path would be safe.
    pub fn parse(text: &str) -> Result<SavePath, SavePathError> {
        let shown = || excerpt(text, 100);
        if text.is_empty() {
            return Err(SavePathError::Empty);
        }
        if text.starts_with('/') {
            return Err(SavePathError::Absolute(shown()));
        }
        if text.split('/').any(|component| component == "..") {
            return Err(SavePathError::Up(shown()));
        }
        if text.ends_with('/') {
            return Err(SavePathError::Folder(shown()));
        }
        let safe = text
            .split('/')
            .filter(|component| !matches!(*component, "" | "."))
            .map(sanitised)
            .collect::<Vec<_>>()
            .join("/");
        if safe.is_empty() {
            return Err(SavePathError::Folder(shown()));
        }
        if !fits(&safe) {
            return Err(SavePathError::TooLong);
        }
        if safe != text {
            let text = shown();
            return Err(SavePathError::Unsafe { text, safe });
        }
        Ok(SavePath(Arc::from(safe)))
    }

    /// A path whose components are safe already.
    pub(crate) fn from_safe(path: String) -> SavePath {
        SavePath(Arc::from(path))
    }

    fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folders, file)) => (Some(folders), file),
            None => (None, &self.0),
        }
    }
}

impl fmt::Display for SavePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fits(path: &str) -> bool {
    path.len() <= MAX_BYTES && path.split('/').count() <= MAX_DEPTH
}

/// A segment of a URL's path as a component. It is decoded once, and only if the result is UTF-8.
fn decoded(segment: &str) -> String {
    match percent_decode_str(segment).decode_utf8() {
        Ok(text) => sanitised(&text),
        Err(_) => sanitised(segment),
    }
}

/// The host as a component, with the port if it is not the scheme's default.
fn host(url: &Location) -> String {
    // The brackets of an IPv6 address only guard its colons, which are replaced.
    let host = url.host().trim_matches(['[', ']']);
    match url.port() {
        Some(port) => sanitised(&format!("{host}+{port}")),
        None => sanitised(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::url_text::DefaultScheme;

    fn of(url: &str, layout: Layout) -> String {
        let url = Location::parse(url, DefaultScheme::Http).unwrap();
        SavePath::of_url(&url, layout).to_string()
    }

    fn flat(url: &str) -> String {
        of(url, Layout::Flat)
    }

    fn tree(url: &str) -> String {
        of(url, Layout::Tree)
    }

    #[test]
    fn a_flat_name_is_the_last_segment_decoded() {
        assert_eq!(flat("http://h/a/b.txt?q=1/2#f"), "b.txt");
        assert_eq!(flat("http://h/a%20b%C3%A9.txt"), "a bé.txt");
        assert_eq!(flat("http://h/日本"), "日本");
        assert_eq!(flat("http://h"), "index.html");
        assert_eq!(flat("http://h/a/?q"), "index.html");
    }

    #[test]
    fn a_tree_begins_with_the_host_and_a_port_that_is_not_the_default() {
        assert_eq!(tree("http://u:p@H/a/b.txt?q"), "h/a/b.txt");
        assert_eq!(tree("http://h:80/"), "h/index.html");
        assert_eq!(tree("https://h:8443/a/"), "h+8443/a/index.html");
        assert_eq!(tree("http://[2001:db8::1]:81/x"), "2001_db8__1+81/x");
        assert_eq!(tree("http://nul/x"), "_nul/x");
        assert_eq!(tree("http://h./x"), "h_/x");
        assert_eq!(tree("http://h//a///b"), "h/a/b");
        assert_eq!(tree("http://h//"), "h/index.html");
    }

    // CVE-2010-3842, CVE-2016-0754: encoded separators in a URL must not become a path when decoded.
    #[test]
    fn encoded_dots_and_separators_stay_in_their_component() {
        for url in [
            "http://h/a/%2e%2e/%2E./x",
            "http://h/..%2f..%2fetc%2fpasswd",
            "http://h/a%5c..%5cx",
            "http://h/c%3ax",
            "http://h/%252e%252e/%252fx",
            "http://h/%00/%2e%2e%00",
        ] {
            for path in [tree(url), flat(url)] {
                assert_eq!(SavePath::parse(&path).unwrap().as_str(), path, "of {url}");
            }
        }
        assert_eq!(tree("http://h/..%2fa/%2e%2e%5cb"), "h/_._a/_._b");
        assert_eq!(flat("http://h/%252e%252e"), "%2e%2e");
    }

    #[test]
    fn a_segment_that_does_not_decode_to_text_stays_encoded() {
        assert_eq!(flat("http://h/%FF%FEa%20b"), "%FF%FEa%20b");
        assert_eq!(flat("http://h/100%"), "100%");
        assert_eq!(tree("http://h/%E9/%C3%A9"), "h/%E9/é");
    }

    #[test]
    fn a_tree_that_is_too_long_or_too_deep_keeps_host_and_file() {
        let deep = |folder: &str| {
            tree(&format!(
                "http://h/{}x.txt",
                format!("{folder}/").repeat(63)
            ))
        };
        let (one, other) = (deep("a"), deep("b"));
        assert_ne!(one, other);
        assert_eq!(one.len(), "h//x.txt".len() + 16, "{one}");
        assert!(one.starts_with("h/") && one.ends_with("/x.txt"), "{one}");
        let long = tree(&format!(
            "http://h/{}x",
            format!("{}/", "a".repeat(170)).repeat(6)
        ));
        assert_eq!(long.split('/').count(), 3, "{long}");
        let neither = tree(&format!("http://h/{}x", "a/".repeat(62)));
        assert_eq!(neither.split('/').count(), 64);
    }

    #[test]
    fn a_save_path_has_folders_and_a_file_name() {
        let path = SavePath::parse("a/b/c.txt").unwrap();
        assert_eq!(path.folders().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(path.file_name(), "c.txt");
        let single = SavePath::parse("c").unwrap();
        assert_eq!((single.folders().count(), single.file_name()), (0, "c"));
    }

    // CVE-2010-2251 to 2253 and CVE-2020-8177: a name that the server chose. It is made safe in the
    // same way, and replaces the file's name only.
    #[test]
    fn another_file_name_is_made_safe_and_keeps_the_folders() {
        let path = SavePath::parse("h/a/b").unwrap();
        assert_eq!(
            path.with_file_name("../../.bashrc").as_str(),
            "h/a/_._.._.bashrc"
        );
        assert_eq!(path.with_file_name("").as_str(), "h/a/_");
        assert_eq!(
            SavePath::parse("x").unwrap().with_file_name("y").as_str(),
            "y"
        );
    }

    #[test]
    fn a_path_that_the_user_wrote_is_used_unchanged_or_refused() {
        assert_eq!(SavePath::parse("a/b c.txt").unwrap().as_str(), "a/b c.txt");
        let message = |text: &str| SavePath::parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "the file name is empty");
        assert!(message("/etc/passwd").contains("absolute"));
        assert!(message("//h/x").contains("absolute"));
        assert!(message("a/../b").contains("goes up"));
        assert!(message("..").contains("goes up"));
        assert!(message("a/").contains("folder"));
        assert!(message(".").contains("folder"));
        assert_eq!(
            message("a/nul\u{1b}"),
            "\"a/nul\\u{1b}\" is not a safe file name; \"a/nul_\" is"
        );
        assert!(message("./a//b").ends_with("\"a/b\" is"));
        assert!(message("C:\\x").ends_with("\"C__x\" is"));
        assert!(message("a/.ssh").ends_with("\"a/_ssh\" is"));
        assert!(message(&"a/".repeat(80).replace("a/", "aa/b")).contains("too long"));
        assert!(message(&"a".repeat(181)).contains("not a safe"));
    }
}
