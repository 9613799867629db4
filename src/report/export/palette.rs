//! Colours of the page and of the pictures: the one table of them, for light and dark backgrounds.
//!
//! Style sheets name a colour as `var(--wait)`. The page defines these properties ([`properties`]). A picture
//! that stands alone has the values themselves ([`resolved`]), because not every viewer of SVG knows
//! properties.

use std::fmt::Write as _;

/// A colour, as `#rrggbb`, on a light background and on a dark one.
struct Shade {
    name: &'static str,
    light: &'static str,
    dark: &'static str,
}

const fn shade(name: &'static str, light: &'static str, dark: &'static str) -> Shade {
    Shade { name, light, dark }
}

/// The colours. Text in one of the second group can be read on each of the first (WCAG 2.2, 1.4.3), and
/// a bar in one of the third can be seen on a card (1.4.11).
///
/// The phases begin from those of Okabe and Ito ("Color Universal Design", 2008), which colour-blind readers
/// can tell apart, made darker until they can be seen. Green is left to success and red to failure: a slow
/// server's `wait` is neither. The phases that make up most of a picture, `wait` and `receive`, differ in
/// lightness too.
const PALETTE: [Shade; 26] = [
    shade("page", "#f6f7f9", "#12161c"),
    shade("card", "#ffffff", "#1a2028"),
    shade("bad-wash", "#fdf1f0", "#331f20"),
    // Text.
    shade("ink", "#1c2430", "#e4e8ee"),
    shade("soft", "#59636f", "#a1abb8"),
    shade("accent", "#0b62a8", "#7ab8ee"),
    shade("good", "#00684a", "#4cc79c"),
    shade("bad", "#d1242f", "#ff7b72"),
    // Bars and lines that mean something.
    shade("blocked", "#8b939d", "#7d8794"),
    shade("dns", "#c87600", "#f0a030"),
    shade("connect", "#7b5cb8", "#a98be0"),
    shade("ssl", "#c4639d", "#dd8fbd"),
    shade("send", "#958000", "#d6c23c"),
    shade("wait", "#3a94d3", "#6bbcf2"),
    shade("receive", "#00507f", "#3183c8"),
    shade("other", "#8a6a4f", "#b08f73"),
    shade("failed", "#d1242f", "#ff7b72"),
    shade("count", "#5b93c9", "#4f86ba"),
    shade("point", "#0b62a8", "#7ab8ee"),
    shade("serial", "#8a6a4f", "#b08f73"),
    shade("fitted", "#c87600", "#f0a030"),
    shade("mark", "#1c2430", "#e4e8ee"),
    // What may be faint, because it is said otherwise too.
    shade("line", "#dde1e7", "#303945"),
    shade("lane", "#f1f3f5", "#262e38"),
    shade("band", "#cfe2f3", "#24425c"),
    shade("warn", "#e69f00", "#e9a820"),
];

/// Condition under which the dark colours hold. Paper is white.
const DARK: &str = "@media screen and (prefers-color-scheme: dark)";

/// Style sheet that defines every colour as a property of the document.
pub(super) fn properties() -> String {
    let list = |value: fn(&Shade) -> &'static str| {
        PALETTE.iter().fold(String::new(), |mut list, shade| {
            // Writing to a string cannot fail.
            let _ = write!(list, " --{}: {};", shade.name, value(shade));
            list
        })
    };
    format!(
        ":root {{{} }}\n{DARK} {{ :root {{{} }} }}\n",
        list(|shade| shade.light),
        list(|shade| shade.dark)
    )
}

/// The rules with the values of their colours, for light backgrounds and then for dark ones.
pub(super) fn resolved(rules: &str) -> String {
    let with = |value: fn(&Shade) -> &'static str| {
        PALETTE.iter().fold(rules.to_owned(), |rules, shade| {
            rules.replace(&format!("var(--{})", shade.name), value(shade))
        })
    };
    format!(
        "{}{DARK} {{\n{}}}\n",
        with(|shade| shade.light),
        with(|shade| shade.dark)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::timing::Phase;

    fn find(name: &str) -> &'static Shade {
        let shade = PALETTE.iter().find(|shade| shade.name == name);
        shade.unwrap_or_else(|| panic!("{name} is not in the table"))
    }

    /// The relative luminance of WCAG 2.2.
    fn luminance(colour: &str) -> f64 {
        let part = |place: usize| {
            let digits = &colour[1 + 2 * place..3 + 2 * place];
            let value = u8::from_str_radix(digits, 16).expect("two hexadecimal digits");
            match f64::from(value) / 255.0 {
                value if value <= 0.04045 => value / 12.92,
                value => ((value + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * part(0) + 0.7152 * part(1) + 0.0722 * part(2)
    }

    /// The contrast ratio of WCAG 2.2 on light and on dark backgrounds, the smaller of both.
    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (find(one), find(other));
        let ratio = |one: &str, other: &str| {
            let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
            (one / other).max(other / one)
        };
        ratio(one.light, other.light).min(ratio(one.dark, other.dark))
    }

    #[test]
    fn text_can_be_read_on_every_background() {
        for text in ["ink", "soft", "accent", "good", "bad", "mark"] {
            for background in ["page", "card", "bad-wash"] {
                let ratio = contrast(text, background);
                assert!(ratio >= 4.5, "{text} on {background}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn bars_and_points_can_be_seen_on_a_card() {
        let phases = Phase::ALL.map(Phase::as_str);
        for bar in [
            "other", "failed", "count", "point", "serial", "fitted", "mark",
        ]
        .iter()
        .chain(&phases)
        {
            let ratio = contrast(bar, "card");
            assert!(ratio >= 3.0, "{bar}: {ratio:.2}");
        }
    }

    #[test]
    fn waiting_is_neither_green_nor_red_and_lighter_than_receiving() {
        let wait = find("wait");
        for colour in [wait.light, wait.dark] {
            let part = |at: usize| u8::from_str_radix(&colour[at..at + 2], 16);
            let [red, green, blue] = [1, 3, 5].map(|at| part(at).expect("digits"));
            assert!(blue > green && blue > red, "{colour}");
        }
        let ratio = contrast("wait", "receive");
        assert!(ratio > 1.7, "{ratio:.2}");
    }

    #[test]
    fn rules_are_resolved_for_light_and_for_dark() {
        let resolved = resolved(".a { fill: var(--wait); }\n");
        let wait = find("wait");
        assert_eq!(
            resolved,
            format!(
                ".a {{ fill: {}; }}\n{DARK} {{\n.a {{ fill: {}; }}\n}}\n",
                wait.light, wait.dark
            )
        );
        assert!(properties().contains(&format!("--wait: {};", wait.light)));
        assert!(properties().contains(&format!("--wait: {};", wait.dark)));
    }

    #[test]
    fn names_are_unique_and_every_phase_has_a_colour() {
        for (place, shade) in PALETTE.iter().enumerate() {
            for colour in [shade.light, shade.dark] {
                assert!(colour.len() == 7 && colour.starts_with('#'), "{colour}");
            }
            let again = PALETTE[..place]
                .iter()
                .find(|other| other.name == shade.name);
            assert!(again.is_none(), "{} stands there twice", shade.name);
        }
        for phase in Phase::ALL {
            find(phase.as_str());
        }
    }
}
