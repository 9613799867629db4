//! The tests of `slip`.

use super::*;

fn find(text: &str) -> Option<Slip> {
    Slip::find(text, DefaultScheme::Http)
}

#[test]
fn urls_that_other_programs_take_are_no_slips() {
    for text in [
        "http://h/",
        "HTTPS://h/a b",
        "http://h/?u=http://x/",
        "http://h/?u=a,http://x/",
        "http://h/a,http://h/b",
        "http://h/web/2020/http://x/",
        "web.archive.org/web/2020/http://x/",
        "h?u=http://x/",
        "h/#http://x/",
        "http://u:p@h/",
        "u=1@h/x",
        "localhost:8080",
        "10.0.0.1",
        "10:80",
        "10/",
        "http://10/",
        "1.example",
        "1m/",
        "10x",
        "4chan",
        "m",
        "k1",
        "1m:80",
        "h/a=b",
        "h/it's",
        "ftp://h/",
        "blob:http://h/1",
        "view-source:http://h/",
        "mailto:me@h",
        "http://h/a name",
        "h/a name",
        "\thttp://h/a\t",
        "[a]",
        "/relative/path",
        "xhttp://h/",
        "http//h",
        "h/a://b",
        "http://h/a :// b",
        "müller.example/ü",
        "",
    ] {
        assert_eq!(find(text), None, "{text}");
    }
}

#[test]
fn numbers_alone_are_no_urls() {
    for text in [
        "0",
        "10",
        "-1",
        "+5",
        "1.5",
        "10.",
        "4294967296",
        "1M",
        "10k",
        "1.5G",
        "1Mi",
        "500MB",
        "1kib",
        "10s",
        "5m",
    ] {
        assert_eq!(find(text), Some(Slip::Number("http://")), "{text}");
    }
    assert_eq!(
        Slip::find("10", DefaultScheme::Https),
        Some(Slip::Number("https://"))
    );
}

#[test]
fn text_before_a_url_is_found() {
    for text in [
        "\"http://h/\"",
        "'h/x'",
        "“https://h/”",
        "`http://h/`",
        "\"h:80\"",
    ] {
        assert_eq!(find(text), Some(Slip::Quoted), "{text}");
    }
    for text in [
        "1,http://h/",
        "url=http://h/",
        "- http://h/",
        "<http://h/>",
        "(http://h/)",
        "GET http://h/ HTTP/1.1",
        "ü,http://h/",
        "a:HTTP://h/",
        "example.com http://h/",
    ] {
        assert_eq!(find(text), Some(Slip::TextBefore("http://")), "{text}");
    }
    assert_eq!(find("1;https://h/"), Some(Slip::TextBefore("https://")));
}

#[test]
fn a_second_url_on_the_line_is_found() {
    for text in [
        "http://h/a http://h/b",
        "http://h/a\thttp://h/b",
        "http://h/a, http://h/b",
        "http://h/a ftp://h/b",
        "http://h/a -> HTTP://h/b",
        "http://h/a \"https://h/b\"",
        "http://h/a\u{a0}http://h/b",
        "http://h/?q=x http://h/b",
        "h/a http://h/b",
        "h/a mirror=http://h/b",
    ] {
        assert_eq!(find(text), Some(Slip::SecondUrl), "{text}");
    }
}

#[test]
fn a_column_behind_a_tab_and_markup_are_found() {
    for text in ["http://h/a\tname", "h/a\tname", "h\t1\t2"] {
        assert_eq!(find(text), Some(Slip::Column("a TAB", "%09")), "{text:?}");
    }
    let advice = Slip::Column("a TAB", "%09").to_string();
    assert!(
        advice.contains("{\"url\": \"…\", \"output\": \"name\"}"),
        "{advice}"
    );
    for (text, markup) in [
        ("[a](http://h/)", Markup::Markdown),
        ("<a href=\"http://h/\">a</a>", Markup::Html),
        ("<li>http://h/a http://h/b", Markup::Html),
    ] {
        assert_eq!(find(text), Some(Slip::Markup(markup)), "{text}");
    }
}

#[test]
fn options_of_lists_are_named_by_what_stands_for_them() {
    for (text, option) in [
        ("out=a.bin", ListOption::Out),
        ("checksum=sha-256=00", ListOption::Checksum),
        ("header=A: b", ListOption::Header),
        ("referer=http://h/", ListOption::Header),
        ("dir=/tmp", ListOption::Dir),
        ("max-connection-per-server=2", ListOption::Other),
        ("out = a", ListOption::Out),
    ] {
        assert_eq!(
            Slip::find_option(text),
            Some(Slip::Option(option)),
            "{text}"
        );
        assert!(option.advice().contains("\"url\""), "{text}");
    }
    for text in [
        "http://h/?a=b",
        "h.example/a=b",
        "u:p=@h",
        "Out=1",
        "=x",
        "x",
    ] {
        assert_eq!(Slip::find_option(text), None, "{text}");
    }
}

#[test]
fn a_comment_has_a_blank_before_it() {
    for (text, expected) in [
        ("http://h/ # main", "http://h/"),
        ("http://h/\t#main # two", "http://h/"),
        ("http://h/#part", "http://h/#part"),
        ("http://h/#part # main", "http://h/#part"),
        ("http://h/a b #c", "http://h/a b"),
        ("h\u{a0}#c", "h"),
        ("#", "#"),
    ] {
        assert_eq!(without_comment(text), expected, "{text}");
    }
}
