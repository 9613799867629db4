//! Own options without a value that have one in other programs: what stands behind them would be a URL, or letters
//! of options that there are none of.

use std::ffi::OsStr;

use super::meaning::Hint;
use super::values;
use crate::model::text::excerpt;

/// The most characters of a value that are shown.
pub(super) const MAX_SHOWN: usize = 20;

/// The hint for an own option without a value that has `value` behind it, in the same argument or in the next. What
/// stands in the next may be a URL.
pub(super) fn value_of(spelling: &str, value: &OsStr, is_joined: bool) -> Option<Hint> {
    let text = value.to_string_lossy();
    let is_none = match is_joined {
        // More letters are more options.
        true => !text.starts_with(|c: char| c.is_alphabetic()),
        false => values::is_quantity(&text) || text == "{}",
    };
    is_none.then(|| Hint::from(words(spelling, &excerpt(&text, MAX_SHOWN))))
}

fn words(spelling: &str, value: &str) -> String {
    match spelling {
        "-q" | "--quiet" if value.bytes().all(|byte| byte.is_ascii_digit()) => format!(
            "it shows failures alone here and has no value; how many URLs start in a second is --rate {value}/s"
        ),
        "-k" => "it is --insecure here and has no value; a file comes over one connection, in one piece".to_owned(),
        "-I" if value.contains("{}") => {
            "it asks for headers alone here and has no value; URLs come through a pipe or with -i FILE, \
             without xargs"
                .to_owned()
        }
        "--compare" => format!("it has no value; how often each arm runs is --runs {value}"),
        "--fail-fast" => {
            format!("it has no value; how many failures are no failure of the run is --max-failures {value}")
        }
        _ => format!("it has no value here; leave {value} out"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_place_for_one_is_the_value_of_another_program() {
        for (spelling, value, is_joined, expected) in [
            ("-q", "50", false, Some("--rate 50/s")),
            ("-q", "50", true, Some("--rate 50/s")),
            ("-k", "1M", true, Some("--insecure")),
            ("-k", "1M", false, Some("--insecure")),
            ("-I", "{}", false, Some("without xargs")),
            ("-I", "{}", true, Some("without xargs")),
            ("-v", "3", false, Some("leave 3 out")),
            ("-k", "=yes", true, Some("--insecure")),
            ("--compare", "5", false, Some("--runs 5")),
            ("--fail-fast", "3", false, Some("--max-failures 3")),
            ("-v", "host", false, None),
            ("-v", "1host", false, None),
            ("-v", "127.0.0.1", false, None),
            ("-v", "qI", true, None),
            ("-v", "", false, None),
        ] {
            let hint = value_of(spelling, OsStr::new(value), is_joined);
            let is_expected = match expected {
                Some(expected) => hint
                    .as_ref()
                    .is_some_and(|hint| hint.text.contains(expected)),
                None => hint.is_none(),
            };
            assert!(is_expected, "{spelling} {value} {is_joined}: {hint:?}");
        }
    }
}
