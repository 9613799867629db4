//! JSON Lines whose numbers are not those of any run: they are refused, or every export can be made.

use std::collections::HashSet;
use std::io::{self, Write};

use pfetch::model::event::{Event, Listener};
use pfetch::report::export::Export;
use pfetch::report::replay::{ReplayError, ReplayFile, replay};
use pfetch::report::{Baseline, Human, HumanStyle};
use proptest::prelude::*;
use serde_json::Value;

use crate::exhaustive::is_exhaustive;
use crate::export::events::{
    MS, comparison, exported, faster, outcomes, run, swept, with_assertions,
};

/// What stands in the place of a number.
const EXTREMES: [&str; 7] = [
    "0",
    "-1",
    "4294967296",
    "9007199254740992",
    "9223372036854775808",
    "1e308",
    "null",
];

/// More than any report of the few results here has.
const MOST: usize = 4 << 20;

/// A file that is not to grow without end.
struct Bounded(usize);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        assert!(self.0 <= MOST, "a report without end");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All exports, and the report for people.
struct All(Vec<Box<dyn Listener>>);

impl Listener for All {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|one| one.event(event))
    }

    fn close(&mut self) -> io::Result<()> {
        self.0.iter_mut().try_for_each(|one| one.close())
    }
}

/// Makes every report of the lines. They may be refused, with a line's number.
#[track_caller]
fn survives(lines: &[Value]) {
    let mut text = String::new();
    for line in lines {
        text.push_str(&format!("{line}\n"));
    }
    let mut all = All(Vec::new());
    all.0
        .push(Box::new(Human::new(Bounded(0), HumanStyle::default())));
    for name in Export::names() {
        let export = Export::by_name(name).unwrap();
        let out = Box::new(Bounded(0));
        all.0
            .push(export.listener(out, Baseline::Estimate).unwrap());
    }
    let file = ReplayFile::of_bytes("x", text.clone().into_bytes());
    match replay(&[file], &mut all, || false) {
        Ok(()) => all.close().unwrap(),
        Err(ReplayError::Line { line, reason, .. }) => {
            assert!(line >= 1 && line <= lines.len() as u64, "{line}\n{text}");
            assert!(!reason.contains('\n'), "{reason}");
        }
        Err(error) => panic!("{error}\n{text}"),
    }
}

/// The lines of a run, of a comparison and of a sweep.
fn logs() -> Vec<Vec<Value>> {
    let all = [
        run(outcomes(), Some(80 * MS)),
        with_assertions(comparison(faster())),
        swept(),
    ];
    let lines = |events: Vec<Event>| {
        let text = exported(Export::JsonLines, &events);
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    };
    all.map(lines).into()
}

/// Where the numbers are.
fn numbers(value: &Value, path: &mut String, found: &mut Vec<String>) {
    let length = path.len();
    match value {
        Value::Number(_) => found.push(path.clone()),
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                path.push_str(&format!("/{place}"));
                numbers(item, path, found);
                path.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                path.push_str(&format!("/{name}"));
                numbers(field, path, found);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

fn places(lines: &[Value]) -> Vec<(usize, String)> {
    let mut places = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let mut found = Vec::new();
        numbers(line, &mut String::new(), &mut found);
        places.extend(found.into_iter().map(|path| (number, path)));
    }
    places
}

fn put(lines: &mut [Value], (line, path): &(usize, String), extreme: &str) {
    *lines[*line].pointer_mut(path).unwrap() = serde_json::from_str(extreme).unwrap();
}

/// Puts every extreme in every kind of place; outside CI in every eighth of these pairs, which is each
/// extreme and most kinds (see [`is_exhaustive`]).
#[test]
fn no_number_of_a_log_can_bring_a_report_down() {
    let step = if is_exhaustive() { 1 } else { 8 };
    let mut pairs = 0;
    for lines in logs() {
        survives(&lines);
        let places = places(&lines);
        assert!(places.len() > 20, "{lines:?}");
        // One of each kind is enough.
        let kind = |(line, path): &(usize, String)| {
            let fields = path
                .split('/')
                .filter(|field| field.parse::<u32>().is_err());
            format!("{}{}", lines[*line]["type"], fields.collect::<String>())
        };
        let mut seen = HashSet::new();
        for place in places.iter().filter(|place| seen.insert(kind(place))) {
            for extreme in EXTREMES {
                pairs += 1;
                if pairs % step == 0 {
                    let mut altered = lines.clone();
                    put(&mut altered, place, extreme);
                    survives(&altered);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nor_can_several_of_them(
        log in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..EXTREMES.len()), 2..6),
    ) {
        let mut lines = logs().swap_remove(log);
        let places = places(&lines);
        for (place, extreme) in changes {
            put(&mut lines, &places[place.index(places.len())], EXTREMES[extreme]);
        }
        survives(&lines);
    }
}
