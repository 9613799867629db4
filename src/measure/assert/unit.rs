//! Thresholds and their units.

use std::fmt;

/// Dimension of a threshold: the units that it can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dimension {
    Factor,
    Time,
    CountOrShare,
    ByteRate,
    Rate,
}

/// Unit of a threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A plain number.
    One,
    /// `%`: a share of 100.
    Percent,
    /// `us`, or `µs`: microseconds.
    Micros,
    /// `ms`: milliseconds.
    Millis,
    /// `s`: seconds.
    Seconds,
    /// `m`, or `min`: minutes.
    Minutes,
    /// `h`: hours.
    Hours,
    /// `B/s`: bytes per second.
    Bytes,
    /// `kB/s`, or `K/s`: thousands of bytes per second.
    Kilobytes,
    /// `MB/s`, or `M/s`: millions of bytes per second.
    Megabytes,
    /// `GB/s`, or `G/s`.
    Gigabytes,
    /// `KiB/s`, or `Ki/s`: 1024 bytes per second.
    Kibibytes,
    /// `MiB/s`, or `Mi/s`.
    Mebibytes,
    /// `GiB/s`, or `Gi/s`.
    Gibibytes,
}

use Unit::{
    Bytes, Gibibytes, Gigabytes, Hours, Kibibytes, Kilobytes, Mebibytes, Megabytes, Micros, Millis,
    Minutes, One, Percent, Seconds,
};

impl Dimension {
    /// The spellings of its units.
    fn units(self) -> &'static [(&'static str, Unit)] {
        match self {
            // A report says "3.7x", so that is what people copy.
            Dimension::Factor => &[("", One), ("x", One)],
            Dimension::Rate => &[("", One), ("/s", One)],
            Dimension::CountOrShare => &[("", One), ("%", Percent)],
            Dimension::Time => &[
                ("us", Micros),
                ("µs", Micros),
                ("ms", Millis),
                ("s", Seconds),
                ("m", Minutes),
                ("min", Minutes),
                ("h", Hours),
            ],
            Dimension::ByteRate => &[
                ("B/s", Bytes),
                ("kB/s", Kilobytes),
                ("KB/s", Kilobytes),
                ("k/s", Kilobytes),
                ("K/s", Kilobytes),
                ("MB/s", Megabytes),
                ("M/s", Megabytes),
                ("GB/s", Gigabytes),
                ("G/s", Gigabytes),
                ("KiB/s", Kibibytes),
                ("Ki/s", Kibibytes),
                ("MiB/s", Mebibytes),
                ("Mi/s", Mebibytes),
                ("GiB/s", Gibibytes),
                ("Gi/s", Gibibytes),
            ],
        }
    }

    /// The dimension in words, and examples of a threshold.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Dimension::Factor => ("factor", "a plain number, as 2 or 1.1"),
            Dimension::Time => ("time", "500ms or 5s"),
            Dimension::CountOrShare => {
                ("number or share", "a whole number, as 3, or a share, as 1%")
            }
            Dimension::ByteRate => ("rate of bytes", "10MB/s or 512KiB/s"),
            Dimension::Rate => ("rate", "a plain number, as 100"),
        }
    }

    /// Parses a threshold for the metric of this name, or returns the error in it.
    pub(super) fn parse(self, name: &str, text: &str) -> Result<Threshold, String> {
        let (kind, example) = self.words();
        let refused =
            || format!("{text:?} is no {kind}, which {name} takes; give one as {example}");
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
        let (digits, unit) = text.split_at(end.unwrap_or(text.len()));
        let unit = unit.trim_start();
        let number: f64 = digits.parse().map_err(|_| refused())?;
        let spelling = self.units().iter().find(|(spelling, _)| *spelling == unit);
        let Some((_, unit)) = spelling else {
            return Err(match unit {
                "" => format!("{text:?} has no unit; {name} takes a {kind}, as {example}"),
                _ => refused(),
            });
        };
        let threshold = Threshold {
            number,
            unit: *unit,
        };
        if !threshold.value().is_finite() {
            return Err(format!("{text:?} is more than can be counted"));
        }
        if self == Dimension::CountOrShare {
            match unit {
                Percent if number > 100.0 => {
                    return Err(format!("{text:?} is more than all; {name} goes up to 100%"));
                }
                One if number.fract() != 0.0 => return Err(refused()),
                _ => {}
            }
        }
        Ok(threshold)
    }
}

impl Unit {
    /// Converts a number of this unit to the base unit of its metric.
    fn to_base(self, number: f64) -> f64 {
        match self {
            One | Percent | Seconds | Bytes => number,
            // Divided, so that 500 ms is the same number as half a second.
            Micros => number / 1e6,
            Millis => number / 1e3,
            Minutes => number * 60.0,
            Hours => number * 3600.0,
            Kilobytes => number * 1e3,
            Megabytes => number * 1e6,
            Gigabytes => number * 1e9,
            Kibibytes => number * 1024.0,
            Mebibytes => number * 1_048_576.0,
            Gibibytes => number * 1_073_741_824.0,
        }
    }
}

impl fmt::Display for Unit {
    /// The canonical spelling.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            One => "",
            Percent => "%",
            Micros => "us",
            Millis => "ms",
            Seconds => "s",
            Minutes => "m",
            Hours => "h",
            Bytes => "B/s",
            Kilobytes => "kB/s",
            Megabytes => "MB/s",
            Gigabytes => "GB/s",
            Kibibytes => "KiB/s",
            Mebibytes => "MiB/s",
            Gibibytes => "GiB/s",
        })
    }
}

/// A threshold, in the unit in which it was given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    number: f64,
    unit: Unit,
}

impl Threshold {
    /// The value in the base unit of its metric: seconds, bytes per second, percent, or a plain number.
    pub fn value(self) -> f64 {
        self.unit.to_base(self.number)
    }

    /// Its unit as it was given.
    pub fn unit(self) -> Unit {
        self.unit
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit)
    }
}
