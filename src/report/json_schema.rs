//! The JSON Schema of what is written for programs: JSON Lines, the JSON document and the baseline file. It is made
//! from the very types that are written, so that it cannot say anything else than they do.
//!
//! Three things that the types leave open are closed here. An object has no other members than those listed. A record
//! that is written into the line or the object around it ([`serde`]'s `flatten` and `tag`) is listed there member by
//! member, because an object with two lists of members could not be closed. And texts are those of the documentation,
//! without what only Rust knows.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Map, Value};

use super::dry_run::PlannedRecord;
use super::export::JsonDocument;
use super::schema::{SCHEMA, TaggedLine};
use crate::measure::baseline::BaselineFile;

/// Keywords about reading what was written, and names of Rust's types of numbers.
const FOREIGN: &[&str] = &["default", "readOnly", "format"];

/// Returns the JSON Schema (draft 2020-12) of the reports for programs, as indented JSON. A line of JSON Lines is a
/// `#/$defs/line`, the JSON document a `#/$defs/document`, the file of `--save-baseline` a `#/$defs/baseline`.
pub fn json_schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut generator = settings.into_generator();
    let baseline = generator.subschema_for::<BaselineFile>();
    let document = generator.subschema_for::<JsonDocument<'_>>();
    let planned = generator.subschema_for::<PlannedRecord<'_>>();
    let line = generator.subschema_for::<TaggedLine<'_>>();
    let definitions = closed_definitions(&mut generator, planned);
    let schema = json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("pfetch reports, schema {SCHEMA}"),
        "description": "A line of JSON Lines is a #/$defs/line, the JSON document a #/$defs/document, \
            the file of --save-baseline a #/$defs/baseline.",
        "oneOf": [line, document, baseline],
        "$defs": definitions,
    });
    let mut text = format!("{:#}", schema.as_value());
    text.push('\n');
    text
}

/// The definitions, closed. `planned` is the line of a dry run, which belongs to no run and so is no record of one.
fn closed_definitions(generator: &mut SchemaGenerator, planned: Schema) -> Map<String, Value> {
    let mut definitions = generator.take_definitions(false);
    let mut closing = Closing {
        open: definitions.clone(),
    };
    for definition in definitions.values_mut().filter_map(as_schema) {
        closing.transform(definition);
    }
    let line = definitions.get_mut(&*TaggedLine::schema_name());
    if let Some(Value::Array(lines)) = line.and_then(|line| line.get_mut("oneOf")) {
        lines.push(planned.to_value());
    }
    definitions
}

/// Closes objects, and tidies their texts.
struct Closing {
    /// The definitions as they were made.
    open: Map<String, Value>,
}

impl Transform for Closing {
    fn transform(&mut self, schema: &mut Schema) {
        self.list_members(schema);
        transform_subschemas(self, schema);
        let Some(keywords) = schema.as_object_mut() else {
            return;
        };
        for foreign in FOREIGN {
            keywords.remove(*foreign);
        }
        if let Some(Value::String(text)) = keywords.get_mut("description") {
            *text = plain(text);
        }
        if keywords.contains_key("properties") {
            let rest = keywords.entry("additionalProperties");
            rest.or_insert(Value::Bool(false));
        }
    }
}

impl Closing {
    /// Lists all members of an object in one place: those of the definition that it refers to, and, where it is one of
    /// several alternatives, those that all have.
    fn list_members(&self, schema: &mut Schema) {
        let members = schema.as_object_mut();
        let Some(members) = members.filter(|members| members.contains_key("properties")) else {
            return;
        };
        if let Some(record) = self.referred(members) {
            members.remove("$ref");
            add_members(members, &record);
        }
        let Some(Value::Array(mut alternatives)) = members.remove("oneOf") else {
            return;
        };
        for alternative in alternatives.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(record) = self.referred(alternative) {
                alternative.remove("$ref");
                add_members(alternative, &record);
            }
            add_members(alternative, members);
        }
        members.retain(|key, _| key == "description");
        members.insert("oneOf".to_owned(), alternatives.into());
    }

    fn referred(&self, schema: &Map<String, Value>) -> Option<Map<String, Value>> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        self.open.get(name)?.as_object().cloned()
    }
}

/// Adds the members of `record` to those that `object` lists.
fn add_members(object: &mut Map<String, Value>, record: &Map<String, Value>) {
    for (key, more) in record {
        match (object.get_mut(key), more) {
            (Some(Value::Object(listed)), Value::Object(more)) => {
                listed.extend(more.iter().map(|(name, of)| (name.clone(), of.clone())));
            }
            (Some(Value::Array(listed)), Value::Array(more)) => {
                let new: Vec<&Value> = more.iter().filter(|name| !listed.contains(name)).collect();
                listed.extend(new.into_iter().cloned());
            }
            (Some(_), _) => {}
            (None, _) => {
                object.insert(key.clone(), more.clone());
            }
        }
    }
}

fn as_schema(value: &mut Value) -> Option<&mut Schema> {
    value.try_into().ok()
}

/// The first paragraph of a documentation comment in one line, with the names of links and without their targets, and with JSON's
/// `null` for Rust's `None`.
fn plain(comment: &str) -> String {
    let paragraph = comment.split("\n\n").next().unwrap_or(comment);
    let mut text = paragraph.replace('\n', " ").replace("`None`", "`null`");
    while let Some((name, rest)) = text.split_once("](") {
        let (before, name) = name.rsplit_once('[').unwrap_or((name, ""));
        let (_, after) = rest.split_once(')').unwrap_or(("", rest));
        text = [before, name, after].concat();
    }
    text.replace("[`", "`").replace("`]", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        serde_json::from_str(&json_schema()).expect("it is JSON")
    }

    /// Calls `check` with each schema in `value` and its place.
    fn each(value: &Value, place: &str, check: &mut impl FnMut(&Map<String, Value>, &str)) {
        match value {
            Value::Object(members) => {
                check(members, place);
                for (key, value) in members {
                    each(value, &format!("{place}/{key}"), check);
                }
            }
            Value::Array(items) => {
                for (n, item) in items.iter().enumerate() {
                    each(item, &format!("{place}/{n}"), check);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn every_object_has_the_listed_members_and_no_others() {
        let mut objects = 0;
        each(&schema(), "#", &mut |schema, place| {
            if !schema.get("properties").is_some_and(Value::is_object)
                || place.ends_with("/properties")
            {
                return;
            }
            objects += 1;
            let rest = schema.get("additionalProperties");
            assert_eq!(rest, Some(&Value::Bool(false)), "{place}: {schema:#?}");
            for other in ["$ref", "oneOf", "anyOf", "allOf"] {
                assert!(
                    !schema.contains_key(other),
                    "{other} in {place}: {schema:#?}"
                );
            }
        });
        assert!(objects > 40, "{objects}");
    }

    #[test]
    fn every_definition_is_there_and_in_use() {
        let schema = schema();
        let definitions = schema["$defs"].as_object().expect("an object");
        let mut unused: Vec<&str> = definitions.keys().map(String::as_str).collect();
        each(&schema, "#", &mut |schema, place| {
            let Some(Value::String(reference)) = schema.get("$ref") else {
                return;
            };
            let name = reference.trim_start_matches("#/$defs/");
            assert!(definitions.contains_key(name), "{reference} in {place}");
            unused.retain(|unused| *unused != name);
        });
        // Those of the types of lines are listed in the lines.
        unused.retain(|name| !name.ends_with("Record"));
        assert_eq!(unused, ["ArmRun"]);
    }

    #[test]
    fn each_line_has_its_type_and_its_run_but_for_a_dry_run() {
        let schema = schema();
        let lines = &schema["$defs"]["line"]["oneOf"];
        let mut types = Vec::new();
        for line in lines.as_array().expect("a list") {
            let Some(name) = line["properties"]["type"]["const"].as_str() else {
                assert_eq!(line["$ref"], "#/$defs/PlannedRecord", "{line:#}");
                continue;
            };
            let required = line["required"].as_array().expect("a list");
            for always in ["type", "run"] {
                assert!(required.contains(&always.into()), "{always} in {line:#}");
            }
            types.push(name);
        }
        let all = "run result warning arm arm_summary comparison sweep against gate summary";
        assert_eq!(types.join(" "), all);
    }

    #[test]
    fn names_in_the_schema_are_those_that_are_written() {
        let definitions = &schema()["$defs"];
        for (name, written) in [
            ("HttpVersion", ["HTTP/1.0", "HTTP/1.1"].as_slice()),
            (
                "PracticalVerdict",
                &["faster", "no difference shown", "hardly slower"],
            ),
        ] {
            let listed = definitions[name]["enum"].as_array().expect("a list");
            for word in written {
                assert!(listed.contains(&(*word).into()), "{word} in {listed:?}");
            }
        }
    }

    #[test]
    fn a_comment_is_told_without_what_only_rust_knows() {
        for (comment, text) in [
            ("A time.\n\nIts source.", "A time."),
            ("Two\nlines.", "Two lines."),
            (
                "See [`Why`](crate::Why) and [that](Sample::of).",
                "See `Why` and that.",
            ),
            (
                "The [`Target`]; `None` if none.",
                "The `Target`; `null` if none.",
            ),
            ("A list] (of none", "A list] (of none"),
            ("[no](end", "noend"),
        ] {
            assert_eq!(plain(comment), text, "{comment}");
        }
    }
}
