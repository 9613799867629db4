//! Guesses at misspelled options.

/// Length of a name from which on two letters may be wrong in it.
const LONG: usize = 6;

/// The option that differs least from an unknown one, dashes included, if it is at most two letters away. A
/// guess at more leads astray.
pub(crate) fn nearest<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let letters = unknown.trim_start_matches('-').chars().count();
    let most = if letters < LONG { 1 } else { 2 };
    known
        .map(|name| (strsim::osa_distance(unknown, name), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_by_a_letter_or_two_is_guessed() {
        let known = ["--workers", "--order", "--cat", "--color", "--retry"];
        for (unknown, expected) in [
            ("--workrs", Some("--workers")),
            ("--wokrers", Some("--workers")),
            ("--worker", Some("--workers")),
            ("--ordr", Some("--order")),
            ("--retrry", Some("--retry")),
            ("--cta", Some("--cat")),
            ("--data", None),
            ("--cookie", None),
            ("--follow", None),
            ("--tries", None),
            ("--map", None),
        ] {
            assert_eq!(nearest(unknown, known.into_iter()), expected, "{unknown}");
        }
    }
}
