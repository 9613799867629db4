//! The tests of `save_path`.

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
