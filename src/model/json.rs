//! JSON forms of times, shared by the reports, the run log and the baseline files. One definition keeps what
//! one part writes readable by the others.

use std::time::{Duration, SystemTime};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// Longest time that is read, in seconds: a hundred years. No run lasts longer, and sums of more would
/// overflow.
pub(crate) const MAX_SECONDS: f64 = 100.0 * 366.0 * 86_400.0;

/// A duration as a number of seconds, from 0 to [a hundred years](MAX_SECONDS).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "f64")]
pub(crate) struct Seconds(#[schemars(with = "f64", range(min = 0.0))] pub(crate) Duration);

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl TryFrom<f64> for Seconds {
    type Error = &'static str;

    fn try_from(seconds: f64) -> Result<Self, Self::Error> {
        let wrong = "a time is a number of seconds, from 0 to a hundred years";
        if !(0.0..=MAX_SECONDS).contains(&seconds) {
            return Err(wrong);
        }
        Duration::try_from_secs_f64(seconds)
            .map(Seconds)
            .map_err(|_| wrong)
    }
}

/// A wall-clock time in RFC 3339, in UTC and to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
pub(crate) struct Rfc3339(
    #[schemars(
        with = "String",
        regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$")
    )]
    pub(crate) SystemTime,
);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&humantime::format_rfc3339_micros(self.0))
    }
}

impl TryFrom<String> for Rfc3339 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match humantime::parse_rfc3339(&text) {
            Ok(time) => Ok(Rfc3339(time)),
            Err(error) => Err(format!("no RFC 3339 time: {error}")),
        }
    }
}

/// Implements `JsonSchema` for an enum that reports write by its `as_str`: its schema lists those names.
macro_rules! schema_by_name {
    ($name:ident) => {
        impl ::schemars::JsonSchema for $name {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let names = <$name as ::strum::VariantArray>::VARIANTS.iter();
                let names: Vec<&str> = names.map(|variant| variant.as_str()).collect();
                ::schemars::json_schema!({ "type": "string", "enum": names })
            }
        }
    };
}

pub(crate) use schema_by_name;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_outside_a_century_are_refused() {
        assert_eq!(
            Seconds::try_from(0.25),
            Ok(Seconds(Duration::from_millis(250)))
        );
        assert!(Seconds::try_from(MAX_SECONDS).is_ok());
        for seconds in [-1e-9, 4e9, f64::INFINITY, f64::NAN] {
            assert!(Seconds::try_from(seconds).is_err(), "{seconds}");
        }
    }

    #[test]
    fn written_times_read_back_to_the_microsecond() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_234_567_890_123_456);
        let text = serde_json::to_string(&Rfc3339(time)).expect("text is JSON");
        assert_eq!(text, "\"2009-02-13T23:31:30.123456Z\"");
        let read: Rfc3339 = serde_json::from_str(&text).expect("it was written here");
        assert_eq!(read, Rfc3339(time));
        assert!(serde_json::from_str::<Rfc3339>("\"today\"").is_err());
    }
}
