//! Holds the imports of `src/` against the table of rooms in the crate's documentation.

#![expect(
    clippy::unwrap_used,
    reason = "a tree that cannot be read fails the test, as it should"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The plain-data modules, which may import one another.
const DATA: &[&str] = &[
    "comparison",
    "event",
    "header",
    "lanes",
    "outcome",
    "place",
    "summary",
    "target",
    "text",
    "timing",
];

/// What they may import beside: it knows nothing of the rest.
const DATA_MAY: &[&str] = &["stats"];

/// Which other rooms each room may import, beside data (see [`allowed`]).
const ROOMS: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "baseline", "cli", "compare", "fetch", "file", "gate", "input", "journal", "pool",
            "replay", "report", "run", "signals", "store",
        ],
    ),
    ("baseline", &["stats"]),
    (
        "cli",
        &[
            "compare", "fetch", "gate", "input", "pool", "report", "retry", "run", "schedule",
            "store",
        ],
    ),
    (
        "compare",
        &["fetch", "input", "pool", "retry", "run", "stats"],
    ),
    ("fetch", &["pool", "retry", "store"]),
    ("file", &[]),
    ("gate", &["stats"]),
    ("input", &[]),
    ("journal", &["file"]),
    ("pool", &[]),
    ("replay", &["stats"]),
    ("report", &["compare", "file", "stats"]),
    ("retry", &[]),
    (
        "run",
        &[
            "fetch", "input", "journal", "pool", "retry", "schedule", "store",
        ],
    ),
    ("schedule", &[]),
    ("signals", &["pool"]),
    ("stats", &[]),
    ("store", &["file"]),
];

/// Rooms that know nothing of the rest, data included.
const CLOSED: &[&str] = &["file", "pool", "schedule", "stats"];

fn allowed(room: &str) -> BTreeSet<&'static str> {
    if DATA.contains(&room) {
        return DATA.iter().chain(DATA_MAY).copied().collect();
    }
    let (_, rooms) = ROOMS
        .iter()
        .find(|(name, _)| *name == room)
        .unwrap_or_else(|| panic!("src has a room \"{room}\" that the table does not know"));
    let data = if CLOSED.contains(&room) { &[] } else { DATA };
    rooms.iter().chain(data).copied().collect()
}

/// Every source file with the room it belongs to and its lines of code, comments left out.
fn sources() -> Vec<(PathBuf, String, Vec<String>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let relative = path.strip_prefix(&root).unwrap().to_path_buf();
            let first = relative.iter().next().unwrap().to_str().unwrap();
            let room = first.trim_end_matches(".rs").to_owned();
            let lines = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .map(str::trim)
                .filter(|line| !line.starts_with("//"))
                .map(str::to_owned)
                .collect();
            sources.push((relative, room, lines));
        }
    }
    assert!(sources.len() > 20, "only {} sources found", sources.len());
    sources
}

/// The rooms that a line names after `crate::`.
fn named_rooms(line: &str) -> Vec<String> {
    line.split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn imports_point_down_the_table_only() {
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, room, lines) in sources() {
        if ["lib", "main"].contains(&room.as_str()) {
            continue;
        }
        let allowed = allowed(&room);
        for line in &lines {
            assert!(
                !line.contains("crate::{"),
                "{}: write one `use crate::room` a line, so that this test can read it: {line}",
                path.display()
            );
            for named in named_rooms(line) {
                if named != room && !allowed.contains(named.as_str()) {
                    wrong.push(format!("{}: {line}", path.display()));
                }
                seen.entry(room.clone()).or_default().insert(named);
            }
        }
    }
    assert!(wrong.is_empty(), "against the table:\n{}", wrong.join("\n"));
    // The reader itself has to work: these arrows are known to be there.
    for (from, to) in [("run", "pool"), ("fetch", "outcome"), ("app", "cli")] {
        assert!(
            seen.get(from).is_some_and(|rooms| rooms.contains(to)),
            "no import of {to} found in {from}"
        );
    }
}

#[test]
fn outside_names_stay_in_their_rooms() {
    // A name, and the beginnings of the paths in which it may stand.
    let fences: &[(&str, &[&str])] = &[
        ("clap::", &["cli/"]),
        ("ureq::", &["fetch/"]),
        ("ureq::unversioned", &["fetch/transport", "fetch/resolver"]),
        (
            "rustls::",
            &["fetch/tls.rs", "fetch/transport", "fetch/trust.rs"],
        ),
        ("indicatif::", &["report/"]),
        ("signal_hook::", &["signals.rs"]),
        (
            "serde_json::",
            &["baseline/", "input/", "journal/", "replay/", "report/"],
        ),
        (
            "crossbeam_channel::",
            &["pool/", "input/", "run/", "store/"],
        ),
        ("csv::", &["report/export/csv.rs", "report/export/mod.rs"]),
        ("hdrhistogram::", &["stats/"]),
        ("icu_normalizer::", &["place/"]),
        ("nix::unistd", &["file.rs"]),
        ("rustix::fs", &["cli/plan.rs", "journal/", "store/"]),
    ];
    for (name, homes) in fences {
        let mut at_home = false;
        for (path, _, lines) in sources() {
            if !lines.iter().any(|line| line.contains(name)) {
                continue;
            }
            let path = path.to_str().unwrap().replace('\\', "/");
            assert!(
                homes.iter().any(|home| path.starts_with(home)),
                "{name} is named in src/{path}; it belongs in {homes:?}"
            );
            at_home = true;
        }
        assert!(at_home, "{name} is not found anywhere: mend this table");
    }
}
