//! The tests of `http_date`.

use proptest::prelude::*;

use super::*;

/// Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's examples.
const EXAMPLE: u64 = 784_111_777;

fn seconds(text: &str) -> Option<u64> {
    let time = parse(text.as_bytes())?;
    Some(time.duration_since(UNIX_EPOCH).unwrap().as_secs())
}

#[test]
fn every_form_of_a_date_is_read() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " Sun, 06 Nov 1994 08:49:37 GMT\t",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 8:49:37 GMT",
        "Sun,06 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 Z",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 09:49:37 +0100",
        "Sun, 06 Nov 1994 09:49:37 +01:00",
        "Sat, 05 Nov 1994 23:49:37 -0900",
        "Sun, 06 Nov 1994 03:49:37 EST",
        "Sun, 06 Nov 1994 14:19:37 +0530",
        "Sun, 06 Nov 1994 09:49:37 CET",
        "Sun Nov  6 08:49:37 GMT 1994",
        "Sun Nov 06 1994 09:49:37 GMT+0100 (Central European Standard Time)",
        "1994-11-06T08:49:37Z",
        "1994-11-06 08:49:37",
    ] {
        assert_eq!(seconds(text), Some(EXAMPLE), "{text}");
    }
    assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(seconds("Tue, 19 Jan 38 03:14:08 GMT"), Some(1 << 31));
    assert_eq!(
        seconds("Fri, 31 Dec 9999 23:59:60 GMT"),
        Some(253_402_300_799)
    );
}

#[test]
fn years_of_two_digits_and_leap_days_are_those_of_the_calendar() {
    // By `date -u -d 2096-02-29 +%s` and its like.
    for (text, expected) in [
        ("Thu, 01-Jan-70 00:00:01 GMT", Some(1)),
        ("Tue, 01-Jan-69 00:00:00 GMT", Some(3_124_224_000)),
        ("Tue, 29 Feb 1972 00:00:00 GMT", Some(68_169_600)),
        ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400)),
        ("Wed, 29 Feb 2096 00:00:00 GMT", Some(3_981_312_000)),
        ("Tue, 29 Feb 2400 00:00:00 GMT", Some(13_574_563_200)),
        ("Thu, 29 Feb 2001 00:00:00 GMT", None),
        ("Mon, 29 Feb 2100 00:00:00 GMT", None),
        ("Fri, 30 Feb 2096 00:00:00 GMT", None),
    ] {
        assert_eq!(seconds(text), expected, "{text}");
    }
}

#[test]
fn a_text_of_a_hundred_bytes_is_looked_at_and_a_longer_one_is_not() {
    let (day, rest) = ("Sun,", "06 Nov 1994 08:49:37 GMT");
    for (length, expected) in [(100, Some(EXAMPLE)), (101, None)] {
        let blanks = " ".repeat(length - day.len() - rest.len());
        assert_eq!(
            seconds(&format!("{day}{blanks}{rest}")),
            expected,
            "{length}"
        );
    }
}

#[test]
fn what_is_no_date_or_has_no_one_meaning_is_not_read() {
    for text in [
        "",
        "0",
        "-1",
        "now",
        "Sun, 06 Nov 1994",
        "08:49:37",
        "Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 08:49:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 31 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37:00 GMT",
        "Sun, 06 Nov 1994 08:49:37 XYZ",
        "Sun, 06 Nov 1994 08:49:37 +1",
        "Sun, 06 Nov 1994 08:49:37 +2400",
        "Sun, 06 Nov 1994 08:49:37 -0060",
        "Sun, 06 Nov9 1994 08:49:37 GMT",
        "Sun, 06 Novembering 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 008:49:37 GMT",
        "Sun, 06 Nov 1994 08:+9:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT GMT",
        "Sun, 06 Nov 1994 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Thu, 01 Jan 1970 00:00:00 +0100",
        "Sun, 06 Nov 19944 08:49:37 GMT",
        "Sun, 06 N\u{f6}v 1994 08:49:37 GMT",
        "(Sun, 06 Nov 1994 08:49:37 GMT)",
        &format!("{}06 Nov 1994 08:49:37 GMT", " ,".repeat(100)),
    ] {
        assert_eq!(seconds(text), None, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn every_date_that_a_strict_parser_writes_is_read_the_same(time in 0_u64..253_402_300_800) {
        let time = UNIX_EPOCH + Duration::from_secs(time);
        prop_assert_eq!(parse(httpdate::fmt_http_date(time).as_bytes()), Some(time));
    }

    #[test]
    fn no_bytes_panic(value in "[0-9:+-]{0,3}[A-Za-z ,]{0,4}[ -~]{0,30}", bytes: Vec<u8>) {
        parse(value.as_bytes());
        parse(&bytes);
    }
}
