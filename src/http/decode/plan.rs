//! The decision about a body: which of its codings are undone, and what the result says about them.

use super::coding::{Coding, Codings, ContentEncoding, UndecodableError};
use crate::model::notice::ResponseNotice;

/// The use that is made of a body, as far as its codings depend on it.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct BodyUse<'a> {
    /// Bodies are decoded (`--compressed`).
    pub(in crate::http) is_decoded: bool,
    /// The request named codings that it accepts, or the body's bytes are not kept anyway. If false, the
    /// server was asked for a body without any.
    pub(in crate::http) may_be_encoded: bool,
    /// The name of the file that the body becomes, if it becomes one.
    pub(in crate::http) file_name: Option<&'a str>,
}

/// The decision about one body.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct BodyPlan {
    /// The codings to undo.
    pub(in crate::http) codings: Option<Codings>,
    /// Remarks for the result.
    pub(in crate::http) notices: Vec<ResponseNotice>,
}

impl BodyPlan {
    /// Decides from the values of all `Content-Encoding` lines.
    ///
    /// # Errors
    ///
    /// If the body is to be decoded and cannot be.
    pub(in crate::http) fn new<'a>(
        values: impl Iterator<Item = &'a [u8]>,
        usage: BodyUse<'_>,
    ) -> Result<Self, UndecodableError> {
        let mut encoding = ContentEncoding::of(values);
        if encoding.is_empty() {
            return Ok(BodyPlan::default());
        }
        let kept = usage
            .file_name
            .and_then(|name| encoding.take_undecodable_of_file(name));
        // The packed file itself is what such a URL stands for, and its published checksum is of it.
        // Servers label it by a coding all the same.
        let packed = usage.file_name.and_then(Coding::from_file_name);
        if !usage.is_decoded {
            return Ok(BodyPlan {
                codings: None,
                notices: unasked(&encoding, packed, usage).into_iter().collect(),
            });
        }
        let mut plan = BodyPlan::default();
        plan.notices.extend(kept.map(ResponseNotice::KeptPacked));
        if let Some(names) = encoding.unknown_names() {
            plan.notices.push(ResponseNotice::UnknownCoding(names));
        }
        plan.codings = encoding.codings()?;
        if let (Some(codings), Some(packed)) = (plan.codings, packed)
            && codings.innermost() == Some(packed)
        {
            plan.codings = codings.without_innermost();
            let kept = ResponseNotice::KeptPacked(packed.as_str().to_owned());
            plan.notices.push(kept);
        }
        Ok(plan)
    }
}

/// The remark on a body that is encoded although the server was asked not to.
fn unasked(
    encoding: &ContentEncoding,
    packed: Option<Coding>,
    usage: BodyUse<'_>,
) -> Option<ResponseNotice> {
    let names = encoding.registered_names()?;
    let only = match encoding.codings() {
        Ok(Some(codings)) if codings.without_innermost().is_none() => codings.innermost(),
        _ => None,
    };
    let is_told = !usage.may_be_encoded && (packed.is_none() || only != packed);
    is_told.then_some(ResponseNotice::EncodedUnasked(names))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(value: &str, is_decoded: bool, file_name: Option<&str>) -> BodyPlan {
        let usage = BodyUse {
            is_decoded,
            may_be_encoded: is_decoded,
            file_name,
        };
        BodyPlan::new([value.as_bytes()].into_iter(), usage)
            .unwrap_or_else(|error| panic!("{value:?}: {error}"))
    }

    fn undone(plan: &BodyPlan) -> Vec<&'static str> {
        let codings = plan.codings.into_iter();
        codings
            .flat_map(Codings::outermost_first)
            .map(Coding::as_str)
            .collect()
    }

    #[test]
    fn the_coding_that_a_files_name_stands_for_is_left_and_others_are_undone() {
        for (value, name, expected, kept) in [
            ("gzip", Some("x.tar.gz"), &[][..], Some("gzip")),
            ("x-gzip", Some("x.TGZ"), &[], Some("gzip")),
            ("zstd", Some("x.zst"), &[], Some("zstd")),
            ("br", Some("x.js.br"), &[], Some("brotli")),
            // Codings that cannot be decoded, and need not be.
            ("x-compress", Some("x.tar.Z"), &[], Some("x-compress")),
            ("compress, gzip", Some("x.z"), &["gzip"], Some("compress")),
            ("pack200-gzip", Some("x.pack.gz"), &[], Some("pack200-gzip")),
            ("exi", Some("x.exi"), &[], Some("exi")),
            ("gzip, br", Some("x.gz"), &["brotli"], Some("gzip")),
            // A coding of another kind than the name's was added on the way.
            ("br", Some("x.gz"), &["brotli"], None),
            ("gzip", Some("x.zip"), &["gzip"], None),
            ("br, gzip", Some("x.gz"), &["gzip", "brotli"], None),
            ("gzip", Some("x.txt"), &["gzip"], None),
            // No file, no name.
            ("gzip", None, &["gzip"], None),
        ] {
            let plan = plan(value, true, name);
            assert_eq!(undone(&plan), expected, "{value} {name:?}");
            let kept = kept.map(|coding| ResponseNotice::KeptPacked(coding.to_owned()));
            assert_eq!(plan.notices, Vec::from_iter(kept), "{value} {name:?}");
        }
    }

    #[test]
    fn names_that_are_no_coding_are_told_when_codings_are_undone() {
        for (value, is_decoded, told) in [
            ("none", true, Some("none")),
            ("utf-8, gzip", true, Some("utf-8")),
            ("none", false, None),
            ("identity", true, None),
            ("", true, None),
        ] {
            let plan = plan(value, is_decoded, None);
            let told = told.map(|name| ResponseNotice::UnknownCoding(name.to_owned()));
            assert_eq!(plan.notices, Vec::from_iter(told), "{value:?} {is_decoded}");
        }
    }

    #[test]
    fn a_coding_that_was_not_asked_for_is_told_unless_the_files_name_says_it() {
        for (value, name, told) in [
            ("gzip", Some("page.html"), Some("gzip")),
            ("compress", Some("page.html"), Some("compress")),
            ("gzip, br", Some("page.html"), Some("gzip, br")),
            ("gzip", Some("page.html.gz"), None),
            ("gzip, gzip", Some("page.html.gz"), Some("gzip, gzip")),
            ("br", Some("page.html.gz"), Some("br")),
            ("compress", Some("page.html.gz"), Some("compress")),
            ("compress", Some("page.html.Z"), None),
            ("compress, gzip", Some("page.html.Z"), Some("gzip")),
            ("gzip", None, Some("gzip")),
            ("identity", Some("page.html"), None),
        ] {
            let plan = plan(value, false, name);
            assert_eq!(plan.codings, None, "{value} {name:?}");
            let told = told.map(|names| ResponseNotice::EncodedUnasked(names.to_owned()));
            assert_eq!(plan.notices, Vec::from_iter(told), "{value} {name:?}");
        }
        let usage = BodyUse {
            is_decoded: false,
            may_be_encoded: true,
            file_name: Some("page.html"),
        };
        let gzip: &[u8] = b"gzip";
        let plan = BodyPlan::new([gzip].into_iter(), usage);
        assert_eq!(plan, Ok(BodyPlan::default()));
    }
}
