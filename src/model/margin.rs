//! The margin of a verdict: the share below which a difference of times is hardly worth knowing.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::model::json::schema_by_name;
use crate::stats::{Finding, Interval};

/// The share by which a time has to differ for the difference to matter in practice: 0.1 for 10 %. A difference can be
/// shown and still not be worth a worker, so a verdict tells the two apart, as equivalence tests do (Schuirmann, "A
/// Comparison of the Two One-Sided Tests Procedure", Journal of Pharmacokinetics and Biopharmaceutics 15, 1987).
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub struct Margin(#[schemars(range(min = 0.0, max = 1.0))] f64);

impl Default for Margin {
    fn default() -> Self {
        Margin(0.1)
    }
}

/// Error in a margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MarginError {
    /// It is no number with a percent sign.
    #[error("a margin is a share, as 10%")]
    NoShare,
    /// It is below 0 or above 100 %.
    #[error("a margin is from 0% to 100%")]
    OutOfRange,
}

impl TryFrom<f64> for Margin {
    type Error = MarginError;

    fn try_from(share: f64) -> Result<Self, MarginError> {
        match (0.0..=1.0).contains(&share) {
            // A negative zero would be written with its sign.
            true => Ok(Margin(share.abs())),
            false => Err(MarginError::OutOfRange),
        }
    }
}

impl FromStr for Margin {
    type Err = MarginError;

    fn from_str(text: &str) -> Result<Self, MarginError> {
        let number = text.strip_suffix('%').ok_or(MarginError::NoShare)?;
        let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let percent = number.parse::<f64>().map_err(|_| MarginError::NoShare)?;
        match is_plain {
            true => Margin::try_from(percent / 100.0),
            false if percent.is_finite() => Err(MarginError::OutOfRange),
            false => Err(MarginError::NoShare),
        }
    }
}

impl fmt::Display for Margin {
    /// Writes the margin in percent: `10 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded, so that binary fractions do not show.
        write!(f, "{} %", (self.0 * 1e6).round() / 1e4)
    }
}

impl Margin {
    /// The ratios of times that differ by less: from 1 / 1.1 to 1.1 for 10 %. Which time is divided by which makes no
    /// difference.
    pub fn ratios(self) -> Interval {
        let high = 1.0 + self.0;
        Interval {
            low: 1.0 / high,
            high,
        }
    }

    /// True if a ratio is so near to 1 that a real difference is hardly one.
    pub fn is_within(self, ratio: f64) -> bool {
        let Interval { low, high } = self.ratios();
        (low..high).contains(&ratio)
    }

    /// True if the whole interval of a ratio is within the margin, which shows that there is no difference that matters.
    pub fn contains(self, interval: Interval) -> bool {
        let Interval { low, high } = self.ratios();
        interval.low >= low && interval.high <= high
    }

    /// The verdict for a finding, the ratio of times that it is about, and the ratio's interval.
    pub fn verdict(
        self,
        finding: Finding,
        ratio: f64,
        interval: Option<Interval>,
    ) -> PracticalVerdict {
        match (finding, self.is_within(ratio)) {
            (Finding::Faster, true) => PracticalVerdict::HardlyFaster,
            (Finding::Faster, false) => PracticalVerdict::Faster,
            (Finding::Slower, true) => PracticalVerdict::HardlySlower,
            (Finding::Slower, false) => PracticalVerdict::Slower,
            (Finding::NoDifference, _) => {
                match interval.is_some_and(|interval| self.contains(interval)) {
                    true => PracticalVerdict::NoDifference,
                    false => PracticalVerdict::NoneShown,
                }
            }
        }
    }
}

/// The verdict on two times: what is shown, and whether it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum PracticalVerdict {
    /// It is shown to be faster, by the margin or more.
    Faster,
    /// It is shown to be faster, by less than the margin.
    HardlyFaster,
    /// It is shown that they differ by less than the margin.
    NoDifference,
    /// No difference is shown, nor that there is none.
    NoneShown,
    /// It is shown to be slower, by less than the margin.
    HardlySlower,
    /// It is shown to be slower, by the margin or more.
    Slower,
}

schema_by_name!(PracticalVerdict);

impl PracticalVerdict {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            PracticalVerdict::Faster => "faster",
            PracticalVerdict::HardlyFaster => "hardly faster",
            PracticalVerdict::NoDifference => "no difference",
            PracticalVerdict::NoneShown => "no difference shown",
            PracticalVerdict::HardlySlower => "hardly slower",
            PracticalVerdict::Slower => "slower",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_is_a_share_from_0_to_100_percent() {
        for (text, shown) in [
            ("10%", "10 %"),
            ("2.5%", "2.5 %"),
            ("0%", "0 %"),
            ("100%", "100 %"),
            ("7%", "7 %"),
            (".1%", "0.1 %"),
        ] {
            let margin = text.parse::<Margin>().map(|margin| margin.to_string());
            assert_eq!(margin.as_deref(), Ok(shown), "{text}");
        }
        for (text, error) in [
            ("10", MarginError::NoShare),
            ("", MarginError::NoShare),
            ("%", MarginError::NoShare),
            ("ten%", MarginError::NoShare),
            ("nan%", MarginError::NoShare),
            ("inf%", MarginError::NoShare),
            ("1.2.3%", MarginError::NoShare),
            ("-1%", MarginError::OutOfRange),
            ("101%", MarginError::OutOfRange),
        ] {
            assert_eq!(text.parse::<Margin>(), Err(error), "{text}");
        }
        for bad in [f64::NAN, f64::INFINITY, -0.1, 1.1] {
            assert_eq!(Margin::try_from(bad), Err(MarginError::OutOfRange), "{bad}");
        }
    }

    #[test]
    fn the_margin_tells_what_is_shown_from_what_matters() {
        use PracticalVerdict::{
            Faster, HardlyFaster, HardlySlower, NoDifference, NoneShown, Slower,
        };
        for (margin, low, ratio, high, verdict) in [
            ("10%", 1.2, 1.3, 1.4, Faster),
            ("10%", 1.05, 1.1, 1.15, Faster),
            ("10%", 1.05, 1.09, 1.15, HardlyFaster),
            ("5%", 1.05, 1.09, 1.15, Faster),
            ("30%", 1.2, 1.25, 1.4, HardlyFaster),
            ("10%", 0.95, 1.0, 1.05, NoDifference),
            ("2%", 0.95, 1.0, 1.05, NoneShown),
            ("10%", 0.8, 1.0, 1.2, NoneShown),
            ("20%", 0.85, 1.0, 1.2, NoDifference),
            ("10%", 0.93, 0.95, 0.97, HardlySlower),
            ("0%", 0.998, 0.999, 0.9995, Slower),
            ("10%", 0.4, 0.5, 0.6, Slower),
        ] {
            let interval = Interval { low, high };
            let finding = Finding::of(interval);
            let parsed: Margin = margin.parse().expect("it is a margin");
            let found = parsed.verdict(finding, ratio, Some(interval));
            assert_eq!(found, verdict, "{margin}: {low} {ratio} {high}");
        }
    }
}
