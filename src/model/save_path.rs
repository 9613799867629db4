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
mod tests;
