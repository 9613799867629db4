//! The rules for a component, each by example, then over arbitrary text.

use super::*;
use proptest::prelude::*;

/// Checks the sanitised form of each text.
fn check(pairs: &[(&str, &str)]) {
    for (text, safe) in pairs {
        assert_eq!(sanitised(text), *safe, "of {text:?}");
    }
}

#[test]
fn ordinary_names_stay_as_they_are() {
    for name in [
        "a.txt",
        "a b (1).tar.gz",
        "Übergrößenträger.pdf",
        "日本語.html",
        "½~#%$&+=@,;'!",
    ] {
        assert_eq!(sanitised(name), name);
    }
}

// CVE-2016-0754: a colon named another drive. CVE-2010-3842, CVE-2002-1344: separators led out
// of the folder.
#[test]
fn separators_and_reserved_characters_are_replaced() {
    check(&[
        ("../../etc/passwd", "_._.._etc_passwd"),
        ("..\\..\\x", "_._.._x"),
        ("C:\\x", "C__x"),
        ("file.txt:stream", "file.txt_stream"),
        ("a*b?c\"d<e>f|g", "a_b_c_d_e_f_g"),
        ("a\0b\x1b[2J\r\n\x7f\u{85}", "a_b_[2J____"),
    ]);
}

#[test]
fn characters_that_become_separators_or_dots_are_replaced() {
    check(&[
        ("a／b＼c：d", "a_b_c_d"),
        ("‥／x…y․z", "__x_y_z"),
        ("a∕b⁄c∖d", "a_b_c_d"),
        ("≮≯", "__"),
        ("<\u{338}", "_\u{338}"),
        ("\u{f05c}\u{f03a}", "__"),
    ]);
}

#[test]
fn invisible_and_bidirectional_characters_are_replaced() {
    check(&[
        ("photo\u{202e}gpj.exe", "photo_gpj.exe"),
        (
            "a\u{200b}b\u{ad}c\u{feff}d\u{fe0f}e\u{2028}f\u{e0041}g",
            "a_b_c_d_e_f_g",
        ),
        ("a\u{2066}\u{2069}\u{3164}\u{ffff}", "a____"),
    ]);
}

// CVE-2010-2251: a server could have a file written that a shell or a program reads by itself.
#[test]
fn no_name_is_hidden_or_an_option_or_loses_its_end_on_windows() {
    check(&[
        (".bashrc", "_bashrc"),
        ("-rf", "_rf"),
        ("－rf", "_rf"),
        (" a", "_a"),
        ("\u{a0}a\u{3000}", "_a_"),
        ("a.", "a_"),
        ("a...", "a.._"),
        ("a ", "a_"),
    ]);
}

#[test]
fn a_dot_or_two_or_nothing_at_all_becomes_a_name() {
    check(&[
        ("", "_"),
        (".", "_"),
        ("..", "__"),
        ("...", "_._"),
        (" ", "_"),
    ]);
}

#[test]
fn windows_devices_get_a_prefix() {
    check(&[
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("nul .tar.gz", "_nul .tar.gz"),
        ("com1", "_com1"),
        ("COM¹.log", "_COM¹.log"),
        ("lpt0", "_lpt0"),
        ("ＡＵＸ", "_ＡＵＸ"),
        ("conin$", "_conin$"),
        ("CLOCK$", "_CLOCK$"),
        ("console", "console"),
        ("com10", "com10"),
        ("com", "com"),
    ]);
}

#[test]
fn the_suffix_of_a_partial_file_is_not_taken() {
    check(&[
        ("a.part", "a.part_"),
        ("a.PART", "a.PART_"),
        (".part", "_part"),
        ("a.part1", "a.part1"),
    ]);
}

#[test]
fn names_are_in_normal_form_c() {
    check(&[("e\u{301}", "é"), ("\u{212b}", "\u{c5}")]);
}

#[test]
fn long_names_are_cut_between_characters_and_stay_different() {
    let long = |last: &str| sanitised(&format!("{}{last}", "日".repeat(200)));
    let (one, other) = (long("a.tar.gz"), long("b.tar.gz"));
    assert_ne!(one, other);
    for name in [&one, &other] {
        assert!(
            name.len() <= MAX_BYTES && name.len() > MAX_BYTES - 4,
            "{name}"
        );
        assert!(
            name.starts_with("日日") && name.ends_with(".tar.gz"),
            "{name}"
        );
    }
    let extension = sanitised(&format!("a.{}", "x".repeat(300)));
    assert_eq!(extension.len(), 1 + 9 + 16);
    assert!(extension.starts_with("a~") && extension.ends_with(".xxxxxxxxxxxxxxx"));
    assert!(sanitised(&format!("{}.part", "a".repeat(180))).ends_with(".part_"));
    // Names of files outlast a program, so the hash in them must not change.
    assert_eq!(
        sanitised(&"a".repeat(181)),
        format!("{}~f17fd7f8", "a".repeat(171))
    );
}

#[test]
fn a_number_goes_before_the_extension() {
    for (name, safe) in [
        ("a.txt", "a-1.txt"),
        ("a.tar.gz", "a-1.tar.gz"),
        ("a.TAR.Z", "a-1.TAR.Z"),
        ("a.b.gz", "a.b-1.gz"),
        ("_tar.gz", "_tar-1.gz"),
        ("README", "README-1"),
        (
            "No. 1 of all the long titles",
            "No. 1 of all the long titles-1",
        ),
    ] {
        assert_eq!(numbered(name, 1, NameLimits::default()), safe);
        assert_eq!(numbered(name, 0, NameLimits::default()), name);
    }
    let long = numbered(&"é".repeat(99), 12_345, NameLimits::default()).into_owned();
    assert!(
        long.len() <= MAX_NUMBERED_BYTES && long.ends_with("é-12345"),
        "{long}"
    );
}

#[test]
fn names_that_differ_in_case_or_form_only_fold_alike() {
    for (one, other) in [
        ("README", "readme"),
        ("STRASSE", "straße"),
        ("STRAẞE", "straße"),
        ("ΣΑΣ", "σας"),
        ("e\u{301}", "É"),
        ("ﬁ", "FI"),
        ("ı", "I"),
    ] {
        assert_eq!(folded(one), folded(other), "{one} and {other}");
    }
    assert_ne!(folded("a"), folded("b"));
}

#[test]
fn every_character_is_safe_or_replaced_by_one_that_is() {
    // All of the first plane but the Han and Hangul blocks, which are like one another, and of what
    // is above it the blocks that are not.
    let first = ('\0'..='\u{33ff}')
        .chain('\u{a000}'..='\u{abff}')
        .chain('\u{f900}'..='\u{ffff}');
    for c in first
        .chain('\u{1d400}'..='\u{1f2ff}')
        .chain('\u{e0000}'..='\u{e01ff}')
    {
        let text = format!("{c}<{c}.{c}");
        let once = sanitised(&text);
        assert_eq!(sanitised(&once), once, "of {text:?}");
        assert!(!once.contains(is_harmful), "{once:?} of {text:?}");
    }
}

/// Text with more special parts in it than chance would put there.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[a-zA-Z. _~-]{0,60}",
        prop::sample::select(vec![
            "nul",
            "CON",
            "com¹",
            ".",
            "..",
            " ",
            "-",
            ".part",
            ".tar",
            ".gz",
            "/",
            "\\",
            "：",
            "\u{301}",
            "\u{338}",
            "日日日日日日日日日日日日日日日日日日日日",
            "\u{202e}",
            "…",
            "~",
            "$",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    // A failing case is printed in full; no file of them is kept beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    /// Whatever the text is, there is a safe name for it, and that is its own safe name.
    #[test]
    fn sanitising_is_total_and_idempotent(text in text()) {
        let name = sanitised(&text);
        prop_assert_eq!(&sanitised(&name), &name);
        prop_assert!(!name.is_empty() && name.len() <= MAX_BYTES);
        prop_assert!(!name.contains(is_harmful));
        prop_assert!(!name.starts_with(['.', '-', ' ']) && !name.ends_with(['.', ' ']));
        prop_assert!(!is_device(&name) && !folded(&name).ends_with(PARTIAL));
        let path = std::path::Path::new(&name);
        prop_assert_eq!(path.file_name().and_then(|n| n.to_str()), Some(&*name));
    }

    /// A file system's limit and a number leave a safe name safe, but for what the number adds to its length.
    #[test]
    fn numbers_keep_names_safe(text in text(), number in any::<u64>(), longest in 64..300_usize) {
        let limits = NameLimits::within(longest);
        let name = sanitised(&text);
        let name = fitted(&name, limits);
        prop_assert!(name.len() <= limits.plain);
        prop_assert_eq!(&sanitised(&name), &name);
        let numbered = numbered(&name, number, limits);
        prop_assert!(numbered.len() <= limits.numbered);
        prop_assert!(numbered.len() + PARTIAL.len() <= longest);
        if numbered.len() <= MAX_BYTES {
            prop_assert_eq!(sanitised(&numbered), numbered);
        }
    }

    /// Case never tells two names apart. (The Greek iota that stands below a letter is left aside: in
    /// capitals it is a letter of its own, which an accent may then fall on. No file system writes
    /// names in capitals like that.)
    #[test]
    fn folding_forgets_case(text in text()) {
        let has_iota_below = Decomposing::new_nfkd().normalize(&text).contains('\u{345}');
        prop_assume!(!has_iota_below);
        let upper = text.to_uppercase();
        prop_assert_eq!(folded(&upper), folded(&text));
        let lower = text.to_lowercase();
        prop_assert_eq!(folded(&lower), folded(&text));
    }
}

#[test]
fn names_are_cut_to_what_a_file_system_takes_with_a_parts_suffix() {
    for (longest, plain, most) in [
        (usize::MAX, 180, 200),
        (255, 180, 200),
        (205, 180, 200),
        (143, 118, 138),
        // No name is left of less.
        (64, 39, 59),
        (12, 39, 59),
        (0, 39, 59),
    ] {
        let limits = NameLimits::within(longest);
        assert_eq!((limits.plain, limits.numbered), (plain, most), "{longest}");
    }
    assert_eq!(NameLimits::within(255), NameLimits::default());
    let limits = NameLimits::within(143);
    let long = format!("{}.tar.gz", "n".repeat(130));
    let fitting = fitted(&long, limits).into_owned();
    assert_eq!(fitting.len(), 118, "{fitting}");
    assert!(
        fitting.starts_with("nnn") && fitting.ends_with(".tar.gz"),
        "{fitting}"
    );
    let other = long.replace(".tar.gz", "n.tar.gz");
    assert_ne!(fitted(&other, limits), fitting);
    assert_eq!(fitted(&fitting, limits), fitting);
    assert!(matches!(
        fitted(&long, NameLimits::default()),
        Cow::Borrowed(_)
    ));
}

#[test]
fn a_temporary_name_has_room_for_its_suffix() {
    let name = "é".repeat(71);
    assert_eq!(with_room(&name, 255, 5), name);
    assert_eq!(with_room(&name, 147, 5), name);
    let cut = with_room(&name, 143, 5);
    assert!(cut.len() <= 138 && cut.starts_with("éé"), "{cut}");
    assert_eq!(cut, with_room(&name, 143, 5), "it is found again");
    assert_ne!(cut, with_room(&name.replacen('é', "ee", 1), 143, 5));
}
