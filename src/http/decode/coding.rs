//! The names in `Content-Encoding`: which codings can be decoded, which are refused, and which names are
//! no coding.

use crate::model::text::excerpt;

/// The most codings of one body that are decoded. Nobody applies more than two on purpose, and each
/// multiplies what a bomb grows to (CVE-2022-32206).
const MAX_CODINGS: usize = 5;

/// The most names that are shown, and the most characters of each.
const SHOWN_NAMES: usize = 3;
const SHOWN_CHARACTERS: usize = 40;

/// The registered content codings (IANA, RFC 9110, 16.6.1) that cannot be decoded. Misconfigured servers
/// name others, which stand for no coding: character sets, `none`, `aws-chunked`.
const UNDECODABLE: [&str; 7] = [
    "aes128gcm",
    "compress",
    "dcb",
    "dcz",
    "exi",
    "pack200-gzip",
    "x-compress",
];

/// The codings among them that the end of a file name stands for, in lower case.
const UNDECODABLE_FILES: [(&str, &[&str]); 3] = [
    (".z", &["compress", "x-compress"]),
    (".exi", &["exi"]),
    (".pack.gz", &["pack200-gzip"]),
];

/// A content coding that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of this name, in lower case.
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "gzip" | "x-gzip" => Some(Coding::Gzip),
            "deflate" => Some(Coding::Deflate),
            "br" => Some(Coding::Brotli),
            "zstd" => Some(Coding::Zstd),
            _ => None,
        }
    }

    /// The coding that the extension of a file name stands for: a file of that name is to stay packed.
    pub(super) fn from_file_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "gz" | "gzip" | "tgz" | "svgz" | "emz" | "wmz" | "cpgz" => Some(Coding::Gzip),
            "zz" | "zlib" => Some(Coding::Deflate),
            "br" | "tbr" => Some(Coding::Brotli),
            "zst" | "zstd" | "tzst" | "tzstd" => Some(Coding::Zstd),
            _ => None,
        }
    }

    /// The name in messages.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "brotli",
            Coding::Zstd => "zstd",
        }
    }
}

/// The codings of a body, at least one, in the order in which they were applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::http) struct Codings([Option<Coding>; MAX_CODINGS]);

impl Codings {
    /// The codings in the order in which they are undone.
    pub(super) fn outermost_first(self) -> impl Iterator<Item = Coding> {
        self.0.into_iter().rev().flatten()
    }

    /// The coding that was applied first, and is undone last.
    pub(super) fn innermost(self) -> Option<Coding> {
        self.0[0]
    }

    /// The codings without the innermost; `None` if there is no other.
    pub(super) fn without_innermost(mut self) -> Option<Self> {
        self.0.rotate_left(1);
        self.0[MAX_CODINGS - 1] = None;
        self.0[0].map(|_| self)
    }
}

/// A body whose codings cannot be undone.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::http) enum UndecodableError {
    /// A registered coding for which there is no decoder.
    #[error(
        "the body is encoded as \"{0}\", which cannot be decoded; without --compressed it is taken as it \
         is"
    )]
    Unsupported(String),
    #[error(
        "the body is encoded more than {MAX_CODINGS} times over (Content-Encoding), so it is not decoded; \
         without --compressed it is taken as it is"
    )]
    TooMany,
}

/// The names of a response's `Content-Encoding`, sorted.
#[derive(Debug, Default)]
pub(super) struct ContentEncoding {
    /// The names of codings, in the order in which they were applied, in lower case.
    registered: Vec<String>,
    /// The names that are no coding, as they came.
    unknown: Vec<String>,
}

impl ContentEncoding {
    /// Reads the values of all lines of the header. `identity` is no coding, by definition; empty
    /// elements of a list are none either (RFC 9110, 5.6.1.2).
    pub(super) fn of<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut all = ContentEncoding::default();
        for name in values.flat_map(|value| value.split(|&byte| byte == b',')) {
            let text = String::from_utf8_lossy(name.trim_ascii());
            let name = text.to_ascii_lowercase();
            if Coding::from_name(&name).is_some() || UNDECODABLE.contains(&name.as_str()) {
                all.registered.push(name);
            } else if !matches!(name.as_str(), "" | "identity") {
                all.unknown.push(text.into_owned());
            }
        }
        all
    }

    /// Takes out the innermost coding if it cannot be decoded and a file of this name is to stay packed by it,
    /// as `x.tar.Z` is. Returns its name.
    pub(super) fn take_undecodable_of_file(&mut self, file_name: &str) -> Option<String> {
        let file_name = file_name.to_ascii_lowercase();
        let innermost = self.registered.first()?.as_str();
        let is_of_file = UNDECODABLE_FILES
            .iter()
            .any(|(end, codings)| file_name.ends_with(end) && codings.contains(&innermost));
        is_of_file.then(|| self.registered.remove(0))
    }

    /// True if the header is missing, or says nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.registered.is_empty() && self.unknown.is_empty()
    }

    /// The codings to undo; `None` if there are none.
    ///
    /// # Errors
    ///
    /// If one of them cannot be decoded, or there are too many.
    pub(super) fn codings(&self) -> Result<Option<Codings>, UndecodableError> {
        let mut codings = Codings::default();
        for (place, name) in self.registered.iter().enumerate() {
            let Some(coding) = Coding::from_name(name) else {
                return Err(UndecodableError::Unsupported(name.clone()));
            };
            let slot = codings.0.get_mut(place);
            *slot.ok_or(UndecodableError::TooMany)? = Some(coding);
        }
        Ok(codings.innermost().map(|_| codings))
    }

    /// The names of codings, safe to show; `None` if there are none.
    pub(super) fn registered_names(&self) -> Option<String> {
        shown(&self.registered)
    }

    /// The names that are no coding, safe to show; `None` if there are none.
    pub(super) fn unknown_names(&self) -> Option<String> {
        shown(&self.unknown)
    }
}

fn shown(names: &[String]) -> Option<String> {
    let first = names.iter().take(SHOWN_NAMES);
    let mut first: Vec<String> = first.map(|name| excerpt(name, SHOWN_CHARACTERS)).collect();
    if names.len() > SHOWN_NAMES {
        first.push("…".to_owned());
    }
    (!first.is_empty()).then(|| first.join(", "))
}

#[cfg(test)]
mod tests;
