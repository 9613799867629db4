//! The recognition of web pages by their first bytes, after the MIME Sniffing Standard (WHATWG), 7.1: a link
//! that has expired often leads to one, in the place of the file.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// The most bytes that are looked at.
const MOST: usize = 512;

/// The beginnings of HTML, in small letters; a blank or `>` follows each but the last.
const BEGINNINGS: [&[u8]; 17] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<script",
    b"<iframe",
    b"<h1",
    b"<div",
    b"<font",
    b"<table",
    b"<a",
    b"<style",
    b"<title",
    b"<b",
    b"<body",
    b"<br",
    b"<p",
    COMMENT,
];

const COMMENT: &[u8] = b"<!--";

/// Returns true if the file begins like a web page. One that cannot be read does not.
pub(super) fn is_page(file: &File) -> bool {
    let mut bytes = [0; MOST];
    let count = file.read_at(&mut bytes, 0).unwrap_or_default();
    begins_page(&bytes[..count])
}

/// Returns true if bytes begin like a web page.
pub(super) fn begins_page(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bytes = bytes.trim_ascii_start();
    BEGINNINGS.iter().any(|beginning| {
        let Some((tag, rest)) = bytes.split_at_checked(beginning.len()) else {
            return false;
        };
        let ends = matches!(
            rest.first(),
            Some(b' ' | b'>' | b'\t' | b'\n' | b'\r' | 0x0c)
        );
        tag.eq_ignore_ascii_case(beginning) && (ends || *beginning == COMMENT)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_page_is_recognised_by_its_first_bytes() {
        for text in [
            "<!DOCTYPE html>",
            "<!doctype HTML PUBLIC",
            "\u{feff}\r\n <html lang=en>",
            "<HTML>",
            "<body>",
            "<p>log in",
            "<!-- a comment",
        ] {
            assert!(begins_page(text.as_bytes()), "{text:?}");
        }
        for text in [
            "",
            "<",
            "<html",
            "<pre-alpha>",
            "<?xml version='1.0'?><svg>",
            "PK\u{3}\u{4}",
            "text <html>",
        ] {
            assert!(!begins_page(text.as_bytes()), "{text:?}");
        }
    }
}
