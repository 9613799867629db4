//! Where a file goes: the name that a URL asks for, made safe.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::model::file_name::{sanitised, stable_hash};
use crate::model::text::excerpt;

/// The longest place that a URL or an input line may ask for. A system takes about 4,096 bytes for a
/// whole path, of which the folder and the numbers that keep names apart need some.
const MAX_BYTES: usize = 1000;

/// The most components that a URL or an input line may ask for.
const MAX_DEPTH: usize = 64;

/// The name of what is fetched from a path that ends in a slash, as wget has it.
const INDEX: &str = "index.html";

/// How files are laid out below the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// All in the folder itself, named after the last segment of their URLs.
    #[default]
    Flat,
    /// As the URLs have it: host, folders, file.
    Tree,
}

/// Where a file goes below the folder: one or more safe components, joined by '/'.
///
/// There is no way to make one that leads out of the folder, that is hidden, or that some file
/// system would refuse or take for something else.
///
/// ```
/// use pfetch::model::save_path::{Layout, Place};
///
/// let url = url::Url::parse("http://h:8080/a/%2e%2e%2fetc%2fb.txt?c=d").unwrap();
/// assert_eq!(Place::of(&url, Layout::Flat).as_str(), "_._etc_b.txt");
/// assert_eq!(Place::of(&url, Layout::Tree).as_str(), "h+8080/a/_._etc_b.txt");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place(Arc<str>);

/// Why some text is not taken for a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceError {
    /// There is nothing there.
    #[error("the file name is empty")]
    Empty,
    /// It begins with a slash.
    #[error("\"{0}\" is an absolute path; a file name is relative to the folder")]
    Absolute(String),
    /// It goes up.
    #[error("\"{0}\" goes up with '..'; a file name stays in the folder")]
    Up(String),
    /// It ends with a slash.
    #[error("\"{0}\" names a folder, not a file")]
    Folder(String),
    /// It is too long or too deep.
    #[error(
        "the file name is too long: at most {MAX_BYTES} bytes and {MAX_DEPTH} folders and file"
    )]
    TooLong,
    /// It would have to be changed.
    #[error("\"{text}\" is not a safe file name; \"{safe}\" is")]
    Unsafe {
        /// The text, safe to show.
        text: String,
        /// What would be taken instead.
        safe: String,
    },
}

impl Place {
    /// The path below the folder, with '/' between components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A file with just this name, safe or not: one that the user chose for it, in a folder that the
    /// user chose.
    pub fn outright(name: &str) -> Place {
        Place(Arc::from(name))
    }

    /// All components but the last.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.split().0.into_iter().flat_map(|all| all.split('/'))
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.split().1
    }

    /// The same folders with another file in them; `name` is made safe, as one component.
    pub fn with_file_name(&self, name: &str) -> Place {
        let name = sanitised(name);
        match self.split().0 {
            Some(folders) => Place(Arc::from(format!("{folders}/{name}"))),
            None => Place(Arc::from(name)),
        }
    }

    /// The name that a URL asks for: the last segment of its path, with the host and the other
    /// segments before it in a [tree](Layout::Tree). The query is no part of it.
    pub fn of(url: &Url, layout: Layout) -> Place {
        let (before, last) = url.path().rsplit_once('/').unwrap_or(("", url.path()));
        let file = match last {
            "" => INDEX.to_owned(),
            last => decoded(last),
        };
        if layout == Layout::Flat {
            return Place(Arc::from(file));
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
            return Place(Arc::from(whole));
        }
        let hash = stable_hash(&folders);
        Place(Arc::from(format!("{host}/{hash:016x}/{file}")))
    }

    /// A place named outright (the `output` of a JSON input line). It is taken as it stands or not at
    /// all, since whoever wrote it will look for the file under that name.
    ///
    /// # Errors
    ///
    /// [`PlaceError`] says what is wrong with it, and the name that would do if there is one.
    pub fn parse(text: &str) -> Result<Place, PlaceError> {
        let shown = || excerpt(text, 100);
        if text.is_empty() {
            return Err(PlaceError::Empty);
        }
        if text.starts_with('/') {
            return Err(PlaceError::Absolute(shown()));
        }
        if text.split('/').any(|component| component == "..") {
            return Err(PlaceError::Up(shown()));
        }
        if text.ends_with('/') {
            return Err(PlaceError::Folder(shown()));
        }
        let safe = text
            .split('/')
            .filter(|component| !matches!(*component, "" | "."))
            .map(sanitised)
            .collect::<Vec<_>>()
            .join("/");
        if safe.is_empty() {
            return Err(PlaceError::Folder(shown()));
        }
        if !fits(&safe) {
            return Err(PlaceError::TooLong);
        }
        if safe != text {
            let text = shown();
            return Err(PlaceError::Unsafe { text, safe });
        }
        Ok(Place(Arc::from(safe)))
    }

    /// A place of components that are safe already.
    pub(crate) fn assembled(path: String) -> Place {
        Place(Arc::from(path))
    }

    fn split(&self) -> (Option<&str>, &str) {
        match self.0.rsplit_once('/') {
            Some((folders, file)) => (Some(folders), file),
            None => (None, &self.0),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn fits(path: &str) -> bool {
    path.len() <= MAX_BYTES && path.split('/').count() <= MAX_DEPTH
}

/// A segment of a URL's path as a component. It is decoded once, and not at all if what comes out is
/// not text.
fn decoded(segment: &str) -> String {
    match percent_decode_str(segment).decode_utf8() {
        Ok(text) => sanitised(&text),
        Err(_) => sanitised(segment),
    }
}

/// The host as a component, with the port if it is not the scheme's own.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    // The brackets of an IPv6 address only guard its colons, which are replaced.
    let host = host.trim_matches(['[', ']']);
    match url.port() {
        Some(port) => sanitised(&format!("{host}+{port}")),
        None => sanitised(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, layout: Layout) -> String {
        Place::of(&Url::parse(url).unwrap(), layout).to_string()
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

    // CVE-2010-3842, CVE-2016-0754: what is encoded in a URL must not become a path when it is
    // decoded.
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
            for place in [tree(url), flat(url)] {
                assert_eq!(Place::parse(&place).unwrap().as_str(), place, "of {url}");
            }
        }
        assert_eq!(tree("http://h/..%2fa/%2e%2e%5cb"), "h/_._a/_._b");
        assert_eq!(flat("http://h/%252e%252e"), "%2e%2e");
    }

    #[test]
    fn what_does_not_decode_to_text_stays_encoded() {
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
    fn a_place_has_folders_and_a_file_name() {
        let place = Place::parse("a/b/c.txt").unwrap();
        assert_eq!(place.folders().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(place.file_name(), "c.txt");
        let single = Place::parse("c").unwrap();
        assert_eq!((single.folders().count(), single.file_name()), (0, "c"));
    }

    // CVE-2010-2251 to 2253 and CVE-2020-8177: a name that the server chose. It is made safe in the
    // same way, and replaces the file's name only.
    #[test]
    fn another_file_name_is_made_safe_and_keeps_the_folders() {
        let place = Place::parse("h/a/b").unwrap();
        assert_eq!(
            place.with_file_name("../../.bashrc").as_str(),
            "h/a/_._.._.bashrc"
        );
        assert_eq!(place.with_file_name("").as_str(), "h/a/_");
        assert_eq!(Place::parse("x").unwrap().with_file_name("y").as_str(), "y");
    }

    #[test]
    fn a_place_named_outright_is_taken_as_it_stands_or_refused() {
        assert_eq!(Place::parse("a/b c.txt").unwrap().as_str(), "a/b c.txt");
        let message = |text: &str| Place::parse(text).unwrap_err().to_string();
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
