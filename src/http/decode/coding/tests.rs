//! The tests of `coding`.

use super::*;

fn of(values: &[&str]) -> ContentEncoding {
    ContentEncoding::of(values.iter().map(|value| value.as_bytes()))
}

fn undone(values: &[&str]) -> Vec<Coding> {
    let codings = of(values).codings();
    let codings = codings.unwrap_or_else(|error| panic!("{values:?}: {error}"));
    codings.map_or(Vec::new(), |codings| codings.outermost_first().collect())
}

#[test]
fn codings_of_one_line_or_several_are_undone_in_reverse_order() {
    use Coding::{Brotli, Deflate, Gzip, Zstd};
    for (values, expected) in [
        (&["gzip"][..], &[Gzip][..]),
        (&["X-GZip"], &[Gzip]),
        (&["\tdeflate "], &[Deflate]),
        (&["gzip, br"], &[Brotli, Gzip]),
        (&["gzip", "br"], &[Brotli, Gzip]),
        (&["gzip,,zstd,"], &[Zstd, Gzip]),
        (&["identity, gzip", "identity"], &[Gzip]),
        (&["aws-chunked,gzip"], &[Gzip]),
        (
            &["br, zstd, x-gzip", "deflate, gzip"],
            &[Gzip, Deflate, Gzip, Zstd, Brotli],
        ),
    ] {
        assert_eq!(undone(values), expected, "{values:?}");
    }
}

#[test]
fn a_name_that_is_no_coding_is_none_and_is_told_unless_it_says_nothing() {
    for name in [
        "none",
        "None",
        "binary",
        "UTF-8",
        "aws-chunked",
        "text/html",
        "zip",
        "gzip;q=1",
    ] {
        assert_eq!(undone(&[name]), [], "{name}");
        assert_eq!(of(&[name]).unknown_names().as_deref(), Some(name));
    }
    for values in [
        &[][..],
        &[""],
        &[" , "],
        &["identity"],
        &["IDENTITY", ""],
        &["gzip"],
    ] {
        assert_eq!(of(values).unknown_names(), None, "{values:?}");
    }
    let several = of(&["none, a\u{1b}b", "utf-8,\"x\""]);
    assert_eq!(
        several.unknown_names().as_deref(),
        Some("none, a\\u{1b}b, utf-8, …")
    );
    let not_text: &[u8] = b"\xff\0";
    let odd = ContentEncoding::of([not_text].into_iter());
    assert_eq!(odd.unknown_names().as_deref(), Some("\u{fffd}\\u{0}"));
}

#[test]
fn a_registered_coding_without_a_decoder_is_refused_by_name() {
    for name in [
        "compress",
        "x-compress",
        "DCB",
        "dcz",
        "exi",
        "aes128gcm",
        "pack200-gzip",
    ] {
        for values in [
            vec![name],
            vec!["gzip", name],
            vec![name, "br"],
            vec!["none", name],
        ] {
            let refused = UndecodableError::Unsupported(name.to_lowercase());
            assert_eq!(of(&values).codings(), Err(refused), "{values:?}");
        }
    }
}

#[test]
fn a_coding_without_a_decoder_is_left_only_to_files_that_are_named_after_it() {
    for (values, file_name, left) in [
        (&["compress"][..], "x.Z", true),
        (&["compress"], "x.gz", false),
        (&["gzip, compress"], "x.Z", false),
        (&["dcb"], "x.Z", false),
        (&["pack200-gzip"], "x.gz", false),
    ] {
        let mut encoding = of(values);
        let taken = encoding.take_undecodable_of_file(file_name);
        assert_eq!(taken.is_some(), left, "{values:?} {file_name}");
        assert_eq!(encoding.codings().is_ok(), left, "{values:?} {file_name}");
    }
}

#[test]
fn more_codings_than_five_are_refused() {
    let five = ["gzip"; 5];
    assert_eq!(undone(&five), [Coding::Gzip; 5]);
    assert_eq!(of(&["gzip"; 6]).codings(), Err(UndecodableError::TooMany));
    let one_line = "br,".repeat(10_000);
    assert_eq!(of(&[&one_line]).codings(), Err(UndecodableError::TooMany));
    let mixed = ["identity, none, gzip"; 5];
    assert_eq!(undone(&mixed), [Coding::Gzip; 5]);
}

#[test]
fn the_innermost_coding_can_be_left() {
    let codings = of(&["gzip, br, zstd"]).codings().unwrap().unwrap();
    assert_eq!(codings.innermost(), Some(Coding::Gzip));
    let outer = codings.without_innermost().unwrap();
    let order: Vec<Coding> = outer.outermost_first().collect();
    assert_eq!(order, [Coding::Zstd, Coding::Brotli]);
    let one = of(&["gzip"]).codings().unwrap().unwrap();
    assert_eq!(one.without_innermost(), None);
}

#[test]
fn names_of_packed_files_stand_for_their_coding() {
    for (name, coding) in [
        ("x.gz", Some(Coding::Gzip)),
        ("x.tar.GZ", Some(Coding::Gzip)),
        ("x.tgz", Some(Coding::Gzip)),
        ("drawing.svgz", Some(Coding::Gzip)),
        ("x.tar.zst", Some(Coding::Zstd)),
        ("x.tzst", Some(Coding::Zstd)),
        ("x.js.br", Some(Coding::Brotli)),
        ("x.zz", Some(Coding::Deflate)),
        ("x.gz.txt", None),
        ("gz", None),
        ("x.bz2", None),
        ("x.zip", None),
        ("", None),
    ] {
        assert_eq!(Coding::from_file_name(name), coding, "{name}");
    }
}
