//! The registry by example, then held against a model over arbitrary lists of URLs.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path};

use super::*;
use crate::model::file_name::NameLimits;
use crate::model::file_name::{MAX_BYTES, MAX_NUMBERED_BYTES};
use crate::model::save_path::Layout;
use crate::model::target::{DefaultScheme, Location};
use proptest::prelude::*;

fn place(text: &str) -> SavePath {
    SavePath::parse(text).unwrap()
}

/// Claims these from a new registry, in this order.
fn claims(wanted: &[&str]) -> Vec<String> {
    let mut names = NameRegistry::new();
    let claim = |text: &&str| names.claim(place(text)).to_string();
    wanted.iter().map(claim).collect()
}

#[test]
fn a_name_that_is_taken_gets_a_number() {
    assert_eq!(
        claims(&["a.txt", "a.txt", "a.txt", "b", "b"]),
        ["a.txt", "a-1.txt", "a-2.txt", "b", "b-1"]
    );
}

#[test]
fn a_number_that_is_taken_is_passed_over() {
    assert_eq!(
        claims(&["a-1", "a-2", "a", "a", "a", "a-1"]),
        ["a-1", "a-2", "a", "a-3", "a-4", "a-1-1"]
    );
}

#[test]
fn names_that_differ_in_case_or_normal_form_only_are_one() {
    assert_eq!(
        claims(&["README", "readme", "Readme", "straße", "STRASSE", "ﬁ", "fi"]),
        [
            "README",
            "readme-1",
            "Readme-2",
            "straße",
            "STRASSE-1",
            "ﬁ",
            "fi-1"
        ]
    );
}

#[test]
fn the_same_name_in_two_folders_is_two_names() {
    assert_eq!(
        claims(&["a/x", "b/x", "x", "A/X"]),
        ["a/x", "b/x", "x", "A/X-1"]
    );
}

#[test]
fn a_path_is_a_file_or_a_folder_and_the_later_claim_gives_way() {
    assert_eq!(
        claims(&["h/a", "h/a/b", "h/A/c", "h/a", "h/a/b/c"]),
        ["h/a", "h/a-1/b", "h/A-1/c", "h/a-2", "h/a-1/b-1/c"]
    );
    assert_eq!(claims(&["h/a/b", "h/a", "h"]), ["h/a/b", "h/a-1", "h-1"]);
}

#[test]
fn what_exists_is_passed_over_on_request() {
    let mut names = NameRegistry::new();
    let there = ["a.txt", "a-1.txt", "a-3.txt"];
    let mut claim = || {
        names
            .claim_free(place("a.txt"), |p| there.contains(&p.as_str()))
            .to_string()
    };
    assert_eq!([claim(), claim()], ["a-2.txt", "a-4.txt"]);
}

#[test]
fn only_names_that_are_free_are_looked_for() {
    let mut names = NameRegistry::new();
    names.claim(place("a"));
    let looks = Cell::new(0);
    let claimed = names.claim_free(place("a"), |p| {
        looks.set(looks.get() + 1);
        p.as_str() == "a"
    });
    assert_eq!((claimed.as_str(), looks.get()), ("a-1", 1));
}

#[test]
fn a_place_that_was_given_out_can_be_wanted_again_without_growing_for_ever() {
    let mut names = NameRegistry::new();
    let mut wanted = place(&"a".repeat(MAX_BYTES));
    let mut seen = HashSet::new();
    for _ in 0..50 {
        names.claim(wanted.clone());
        wanted = names.claim(wanted);
        assert!(wanted.as_str().len() <= MAX_NUMBERED_BYTES);
        assert!(seen.insert(wanted.clone()), "{wanted} twice");
    }
}

#[test]
fn a_number_is_not_looked_for_from_the_beginning_each_time() {
    let mut names = NameRegistry::new();
    for _ in 0..1000 {
        names.claim(place("h/index.html"));
        names.claim(place("h/index.html/x"));
    }
    let tried = Cell::new(0);
    let claimed = names.claim_free(place("h/index.html"), |_| {
        tried.set(tried.get() + 1);
        false
    });
    assert_eq!(claimed.as_str(), "h/index-1001.html");
    // Else a million of one name would take half a million times a million steps.
    assert_eq!(tried.get(), 1);
}

/// URLs of few hosts and segments, so that they meet often.
fn url() -> impl Strategy<Value = Location> {
    let host = prop::sample::select(vec![
        "h",
        "H",
        "g:81",
        "[::1]",
        "nul",
        "h-1",
        "bücher.example",
    ]);
    let segment = prop_oneof![
        4 => prop::sample::select(vec![
            "a", "A", "a-1", "a-1-1", "b", "a.txt", "A.TXT", "a-1.txt", "x.tar.gz", "x-1.tar.gz", "nul", "CON.txt",
            "_nul", ".a", "_a", "%2e%2e", "..%2f..%2fa", "a%00", "a%5cb", "%FF", "%C3%A9", "e%CC%81", "É", "ß", "SS",
            "a.part", "a.part_", "", "index.html", "INDEX.html", "%20", "a.", "com¹", "ﬁ", "fi",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
        1 => (100..250_usize, "[aA.é]{0,3}").prop_map(|(n, end)| "a".repeat(n) + &end),
    ];
    let path = prop_oneof![
        9 => prop::collection::vec(segment.clone(), 0..4),
        1 => prop::collection::vec(segment, 50..80),
    ];
    let query = prop::sample::select(vec!["", "?q=1", "?/../x"]);
    (host, path, query).prop_filter_map("a URL", |(host, path, query)| {
        let text = format!("http://{host}/{}{query}", path.join("/"));
        Location::parse(&text, DefaultScheme::Http).ok()
    })
}

fn all(urls: &[Location], layout: Layout) -> Vec<SavePath> {
    let mut names = NameRegistry::new();
    urls.iter()
        .map(|url| names.claim(SavePath::of_url(url, layout)))
        .collect()
}

/// A folder, as it was before the run.
type HeldBy = HashMap<&'static str, Option<&'static str>>;

/// Claims places for these names and URLs in a folder that has these files, each of a URL or of nobody
/// known.
fn claims_for(folder: &HeldBy, wanted: &[(&str, &str)]) -> Vec<String> {
    let mut names = NameRegistry::new();
    let claim = |(name, url): &(&str, &str)| {
        let holder = |place: &SavePath, _| match folder.get(place.as_str()) {
            None => NameHolder::Nobody,
            Some(None) => NameHolder::Unknown,
            Some(Some(url)) => NameHolder::Url(UrlDigest::of(url)),
        };
        names.claim_for(place(name), url, holder).place.to_string()
    };
    wanted.iter().map(claim).collect()
}

#[test]
fn a_name_that_another_url_holds_is_left_to_it() {
    let folder = HeldBy::from([
        ("a", Some("x")),
        ("a-1", Some("y")),
        ("a-2", None),
        ("a-5", Some("z")),
    ]);
    for (wanted, expected) in [
        (&[("a", "x"), ("a", "y")][..], &["a", "a-1"][..]),
        (&[("a", "y"), ("a", "x")], &["a-1", "a"]),
        (
            &[("a", "new"), ("a", "x"), ("a", "y")],
            &["a-2", "a", "a-1"],
        ),
        (
            &[("a", "z"), ("a", "n"), ("a", "m")],
            &["a-5", "a-2", "a-3"],
        ),
        (&[("a", "x"), ("a", "x"), ("a", "x")], &["a", "a-2", "a-3"]),
        // A name that looks like one with a number is held as well.
        (
            &[("a-1", "q"), ("a", "y"), ("a-5", "z")],
            &["a-1-1", "a-1", "a-5"],
        ),
        (&[("b", "x"), ("b", "x")], &["b", "b-1"]),
    ] {
        assert_eq!(claims_for(&folder, wanted), expected, "{wanted:?}");
    }
}

#[test]
fn a_url_is_displaced_once_by_the_file_of_another() {
    let folder = HeldBy::from([("a", Some("x")), ("a-1", Some("y")), ("b", None)]);
    let mut names = NameRegistry::new();
    let mut is_displaced = |name, url| {
        let holder = |place: &SavePath, _| match folder.get(place.as_str()) {
            None => NameHolder::Nobody,
            Some(None) => NameHolder::Unknown,
            Some(Some(url)) => NameHolder::Url(UrlDigest::of(url)),
        };
        names.claim_for(place(name), url, holder).is_displaced
    };
    assert!(is_displaced("a", "new"), "its name is held by x");
    assert!(
        is_displaced("a", "newer"),
        "so it is, and its number by the one before"
    );
    assert!(!is_displaced("a", "y"), "it has a file of its own");
    assert!(!is_displaced("a", "x"), "it has its name");
    assert!(!is_displaced("a", "x"), "the list has the name twice");
    assert!(!is_displaced("b", "z"), "nobody is known to hold it");
    assert!(!is_displaced("c", "z"), "the name is free");
}

#[test]
fn a_fragment_is_no_part_of_the_url_that_holds_a_name() {
    let folder = HeldBy::from([("a", Some("http://h/a#top"))]);
    for url in ["http://h/a", "http://h/a#top", "http://h/a#end"] {
        assert_eq!(claims_for(&folder, &[("a", url)]), ["a"], "{url}");
    }
    assert_eq!(claims_for(&folder, &[("a", "http://h/a?top")]), ["a-1"]);
}

#[test]
fn a_url_that_holds_several_names_gets_each_once() {
    let folder = HeldBy::from([("a", Some("x")), ("a-1", Some("x")), ("a-3", Some("x"))]);
    let wanted = [("a", "n"), ("a", "x"), ("a", "x"), ("a", "x"), ("a", "x")];
    let expected = ["a-2", "a", "a-1", "a-3", "a-4"];
    assert_eq!(claims_for(&folder, &wanted), expected);
}

#[test]
fn parts_of_a_list_give_a_url_that_it_has_several_times_the_same_names() {
    let list = [
        ("a", "x"),
        ("a", "x"),
        ("b", "y"),
        ("a", "x"),
        ("a", "z"),
        ("a", "x"),
    ];
    let expected = ["a", "a-1", "b", "a-2", "a-3", "a-4"];
    let names = ["a", "a-1", "b", "a-2", "a-3", "a-4"];
    // Whichever of the files are there already, of shards or of a run that was killed.
    for there in 0..1 << list.len() {
        let is_there = |place: &usize| there >> place & 1 == 1;
        let files = (0..list.len()).filter(is_there);
        let folder: HeldBy = files
            .map(|file| (names[file], Some(list[file].1)))
            .collect();
        assert_eq!(claims_for(&folder, &list), expected, "{folder:?}");
    }
}

#[test]
fn files_of_unknown_origin_are_claimed_by_their_names() {
    let folder = HeldBy::from([("a", None), ("a-1", None)]);
    let wanted = [("a", "x"), ("a", "y"), ("a", "z")];
    assert_eq!(claims_for(&folder, &wanted), ["a", "a-1", "a-2"]);
}

#[test]
fn a_file_is_looked_for_beyond_some_that_are_absent() {
    let folder = |name| HeldBy::from([("a", Some("x")), (name, Some("y"))]);
    assert_eq!(claims_for(&folder("a-16"), &[("a", "y")]), ["a-16"]);
    assert_eq!(claims_for(&folder("a-17"), &[("a", "y")]), ["a-1"]);
}

#[test]
fn a_million_files_of_one_name_would_be_looked_at_once_each() {
    const FILES: u64 = 2_000;
    let looks = Cell::new(0_u64);
    let urls: Vec<String> = (0..FILES).map(|number| number.to_string()).collect();
    let holder = |place: &SavePath, number: u64| {
        looks.set(looks.get() + 1);
        match number < FILES && numbered("a", number, NameLimits::default()) == place.as_str() {
            true => NameHolder::Url(UrlDigest::of(&urls[number as usize])),
            false => NameHolder::Nobody,
        }
    };
    let mut names = NameRegistry::new();
    for (number, url) in urls.iter().enumerate().rev() {
        let claimed = names.claim_for(place("a"), url, holder).place;
        assert_eq!(
            claimed.as_str(),
            numbered("a", number as u64, NameLimits::default())
        );
    }
    let new = names.claim_for(place("a"), "new", holder).place;
    assert_eq!(new.as_str(), numbered("a", FILES, NameLimits::default()));
    assert!(looks.get() < 3 * FILES, "{} looks", looks.get());
}

proptest! {
    // A failing case is printed in full; no file of them is kept beside the sources.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    /// No two files share a path, no file is another's folder, and none is outside, whatever the file
    /// system makes of case; and the same list gets the same names again.
    #[test]
    fn every_claim_is_a_place_of_its_own(
        urls in prop::collection::vec(url(), 0..60),
        layout in prop::sample::select(vec![Layout::Flat, Layout::Tree]),
    ) {
        let places = all(&urls, layout);
        prop_assert_eq!(&all(&urls, layout), &places);
        let mut kinds: HashMap<String, &str> = HashMap::new();
        for place in &places {
            let mut path = String::new();
            for folder in place.folders() {
                path = path + &folded(folder) + "/";
                let kind = kinds.entry(path.clone()).or_insert("folder");
                prop_assert_eq!(*kind, "folder", "{}", place);
            }
            path = path + &folded(place.file_name()) + "/";
            prop_assert!(kinds.insert(path, "file").is_none(), "{} twice", place);
        }
        let folder = Path::new("/folder");
        for place in &places {
            let joined = folder.join(place.as_str());
            let below = joined.strip_prefix(folder).unwrap();
            prop_assert!(below.components().all(|c| matches!(c, Component::Normal(_))), "{}", place);
            prop_assert_eq!(below.components().count(), place.as_str().split('/').count());
            prop_assert!(layout == Layout::Tree || place.folders().count() == 0);
            prop_assert!(place.as_str().split('/').all(|c| c.len() <= MAX_NUMBERED_BYTES), "{}", place);
            prop_assert!(!place.as_str().contains('\\'), "{}", place);
        }
    }

    /// No name is given out that exists beforehand, and none is given out twice.
    #[test]
    fn what_is_there_stays(urls in prop::collection::vec(url(), 0..30), there in prop::collection::vec(url(), 0..30)) {
        let there: HashSet<SavePath> = there.iter().map(|url| SavePath::of_url(url, Layout::Flat)).collect();
        let mut names = NameRegistry::new();
        let mut given = HashSet::new();
        for url in &urls {
            let place = names.claim_free(SavePath::of_url(url, Layout::Flat), |p| there.contains(p));
            prop_assert!(!there.contains(&place));
            prop_assert!(given.insert(folded(place.as_str()).into_owned()), "{} twice", place);
        }
    }
}
