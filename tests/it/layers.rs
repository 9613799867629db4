//! Holds the imports of `src/` against the table of modules in the crate's documentation.

#![expect(
    clippy::unwrap_used,
    reason = "a tree that cannot be read fails the test, as it should"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The modules of the crate, from the top down, each with those that it may import.
const MODULES: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "cli", "engine", "http", "measure", "model", "pool", "report", "save",
        ],
    ),
    (
        "cli",
        &[
            "engine", "http", "measure", "model", "pool", "report", "save",
        ],
    ),
    ("report", &["engine", "measure", "model", "save", "stats"]),
    ("measure", &["engine", "http", "model", "pool", "stats"]),
    ("engine", &["http", "model", "pool", "save"]),
    ("http", &["model", "pool", "save"]),
    ("save", &["model"]),
    ("model", &["stats"]),
    ("pool", &[]),
    ("stats", &[]),
    ("guide", &[]),
];

/// Names of types that are defined more than once, and why.
const DEFINED_TWICE: &[(&str, &str)] = &[];

/// A source file without its comments and unit tests.
struct Source {
    /// The path below `src`, with slashes.
    path: String,
    /// The path of its module: `["report", "export", "csv"]`.
    module: Vec<String>,
    lines: Vec<String>,
}

impl Source {
    fn read(root: &Path, path: &Path) -> Self {
        let relative = path.strip_prefix(root).unwrap();
        let mut module: Vec<String> = relative
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
            module.pop();
        }
        let text = fs::read_to_string(path).unwrap();
        let lines = text
            .lines()
            .take_while(|line| *line != "mod tests {")
            .filter(|line| !line.trim_start().starts_with("//"))
            .map(str::to_owned)
            .collect();
        Source {
            path: relative.to_str().unwrap().replace('\\', "/"),
            module,
            lines,
        }
    }

    /// A folder's own file, which stands for all of them.
    fn is_folder(&self) -> bool {
        self.path.ends_with("mod.rs")
    }

    /// The paths that it imports or names, and of those the ones that it exports again.
    fn paths(&self) -> Vec<(bool, Vec<String>)> {
        let mut paths = Vec::new();
        let mut lines = self.lines.iter();
        while let Some(line) = lines.next() {
            let code = line.trim_start();
            let is_export = code.starts_with("pub");
            let import = match code.split_once("use ") {
                Some((before, rest)) if before.is_empty() || is_visibility(before) => rest,
                _ => {
                    paths.extend(named(code).map(|path| (false, path)));
                    continue;
                }
            };
            let mut tree = import.to_owned();
            while !tree.contains(';') {
                tree += lines.next().unwrap();
            }
            let tree = tree.split(';').next().unwrap().to_owned();
            let mut flat = Vec::new();
            flatten(&tree, &[], &mut flat);
            paths.extend(flat.into_iter().map(|path| (is_export, path)));
        }
        paths
    }
}

fn is_visibility(text: &str) -> bool {
    let text = text.trim_end();
    text == "pub" || (text.starts_with("pub(") && text.ends_with(')'))
}

/// The paths of a line of code that begin with `crate`, `super` or `self`.
fn named(code: &str) -> impl Iterator<Item = Vec<String>> + '_ {
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    code.split(move |c: char| !is_name(c))
        .map(|word| word.split("::").map(str::to_owned).collect())
        .filter(|path: &Vec<String>| {
            path.len() > 1 && matches!(path[0].as_str(), "crate" | "super" | "self")
        })
}

/// The paths of a `use` tree, each name on its own.
fn flatten(tree: &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let mut path = before.to_vec();
    let Some((start, inner)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap();
        path.extend(name.split("::").map(|part| part.trim().to_owned()));
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        paths.push(path);
        return;
    };
    path.extend(
        start
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(str::to_owned),
    );
    let inner = inner.trim_end().strip_suffix('}').unwrap();
    let (mut depth, mut from) = (0, 0);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                flatten(&inner[from..at], &path, paths);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !inner[from..].trim().is_empty() {
        flatten(&inner[from..], &path, paths);
    }
}

/// All of `src/`.
struct Tree {
    sources: Vec<Source>,
    /// By the path of its module.
    files: BTreeMap<Vec<String>, usize>,
    /// What a module exports again: the name, and where it is from.
    exports: BTreeMap<(Vec<String>, String), Vec<String>>,
}

impl Tree {
    fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root.clone()];
        let mut sources = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs")
                    && !path.ends_with("tests.rs")
                    && !path.ends_with("main.rs")
                {
                    sources.push(Source::read(&root, &path));
                }
            }
        }
        assert!(sources.len() > 20, "only {} sources found", sources.len());
        sources.sort_by(|one, other| one.path.cmp(&other.path));
        let files = sources
            .iter()
            .enumerate()
            .map(|(number, source)| (source.module.clone(), number))
            .collect();
        let mut tree = Tree {
            sources,
            files,
            exports: BTreeMap::new(),
        };
        let mut exports = BTreeMap::new();
        for source in &tree.sources {
            for (is_export, path) in source.paths() {
                if let (true, Some(path)) = (is_export, tree.absolute(source, &path)) {
                    let name = path.last().unwrap().clone();
                    exports.insert((source.module.clone(), name), path);
                }
            }
        }
        tree.exports = exports;
        tree
    }

    /// A path from the crate's root; `None` if it leads into another crate.
    fn absolute(&self, source: &Source, path: &[String]) -> Option<Vec<String>> {
        let mut from = match path[0].as_str() {
            "crate" => Vec::new(),
            "self" => source.module.clone(),
            "super" => source.module[..source.module.len().checked_sub(1)?].to_vec(),
            // A module of this file's own.
            child => {
                let mut module = source.module.clone();
                module.push(child.to_owned());
                self.files.get(&module)?;
                module
            }
        };
        for part in &path[1..] {
            if part == "super" {
                from.pop();
            } else {
                from.push(part.clone());
            }
        }
        Some(from)
    }

    /// The file that defines what a path names.
    fn file(&self, path: &[String]) -> Option<usize> {
        let mut path = path.to_vec();
        // Exports may lead to exports, but not in a ring.
        for _ in 0..8 {
            let depth = (0..=path.len())
                .rev()
                .find(|depth| self.files.contains_key(&path[..*depth]))?;
            let module = path[..depth].to_vec();
            let exported = path
                .get(depth)
                .and_then(|name| self.exports.get(&(module.clone(), name.clone())));
            match exported {
                Some(from) => {
                    let rest = path[depth + 1..].to_vec();
                    path = [from.clone(), rest].concat();
                }
                None => return self.files.get(&module).copied(),
            }
        }
        None
    }

    /// The files that each file imports from. What a folder's own file and the files below it have of
    /// each other is left out: it is their common ground, and their front.
    fn imports(&self) -> Vec<BTreeSet<usize>> {
        let is_front = |front: &Source, file: &Source| {
            // The crate's own file is that of `src/`.
            let is_folder = front.is_folder() || front.module.is_empty();
            is_folder && file.module.starts_with(&front.module)
        };
        self.sources
            .iter()
            .enumerate()
            .map(|(number, source)| {
                source
                    .paths()
                    .iter()
                    .filter_map(|(_, path)| self.file(&self.absolute(source, path)?))
                    .filter(|other| {
                        let file = &self.sources[*other];
                        *other != number && !is_front(file, source) && !is_front(source, file)
                    })
                    .collect()
            })
            .collect()
    }
}

#[test]
fn imports_point_down_the_table_only() {
    let tree = Tree::read();
    let mut wrong = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (source, imports) in tree.sources.iter().zip(tree.imports()) {
        let Some(module) = source.module.first() else {
            continue;
        };
        let (_, allowed) = MODULES
            .iter()
            .find(|(name, _)| name == module)
            .unwrap_or_else(|| panic!("src/{}: the table has no {module}", source.path));
        for file in imports {
            let Some(other) = tree.sources[file].module.first() else {
                continue;
            };
            seen.insert((module.clone(), other.clone()));
            if module != other && !allowed.contains(&other.as_str()) {
                wrong.insert(format!("src/{}: {}", source.path, tree.sources[file].path));
            }
        }
    }
    assert!(wrong.is_empty(), "against the table:\n{wrong:#?}");
    // The reader itself has to work, and the table allow nothing that nobody needs.
    for (module, allowed) in MODULES {
        for other in *allowed {
            assert!(
                seen.contains(&((*module).to_owned(), (*other).to_owned())),
                "nothing in {module} imports {other}: take it out of the table"
            );
        }
    }
}

#[test]
fn no_files_import_one_another_in_a_circle() {
    let tree = Tree::read();
    let imports = tree.imports();
    let reach = |start: usize| {
        let mut found = BTreeSet::new();
        let mut open = vec![start];
        while let Some(file) = open.pop() {
            for next in &imports[file] {
                if found.insert(*next) {
                    open.push(*next);
                }
            }
        }
        found
    };
    let reached: Vec<BTreeSet<usize>> = (0..imports.len()).map(reach).collect();
    let circles: BTreeSet<Vec<&str>> = (0..imports.len())
        .filter(|file| reached[*file].contains(file))
        .map(|file| {
            let members = reached[file]
                .iter()
                .filter(|other| reached[**other].contains(&file));
            members
                .map(|member| tree.sources[*member].path.as_str())
                .collect()
        })
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
    let count: usize = imports.iter().map(BTreeSet::len).sum();
    assert!(count > 200, "only {count} imports found");
}

#[test]
fn a_name_of_a_type_means_one_thing() {
    let tree = Tree::read();
    let mut defined: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for source in &tree.sources {
        for line in &source.lines {
            // At the margin: associated types stand further in.
            let code = match line.split_once(' ') {
                Some((visibility, code)) if is_visibility(visibility) => code,
                // `pub(in some::module)`
                Some(("pub(in", rest)) => rest.split_once(") ").map_or("", |(_, code)| code),
                _ => line,
            };
            let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
            let is_type = matches!(words.next(), Some("struct" | "enum" | "trait" | "type"));
            if let (true, Some(name)) = (is_type, words.next()) {
                defined
                    .entry(name.to_owned())
                    .or_default()
                    .push(&source.path);
            }
        }
    }
    assert!(defined.len() > 100, "only {} types found", defined.len());
    let excepted = |name: &str| DEFINED_TWICE.iter().any(|(known, _)| *known == name);
    let twice: Vec<_> = defined
        .iter()
        .filter(|(name, files)| files.len() > 1 && !excepted(name))
        .collect();
    assert!(twice.is_empty(), "{twice:#?}");
    for (name, _) in DEFINED_TWICE {
        let times = defined.get(*name).map_or(0, Vec::len);
        assert!(
            times > 1,
            "{name} is defined {times} times: take it off the list"
        );
    }
}

#[test]
fn outside_names_stay_in_their_modules() {
    // A name, and the beginnings of the paths in which it may stand.
    let fences: &[(&str, &[&str])] = &[
        ("clap::", &["cli/"]),
        ("ureq::", &["http/"]),
        ("ureq::unversioned", &["http/transport", "http/dns/"]),
        ("rustls::", &["http/tls/", "http/transport"]),
        ("console::", &["report/terminal/"]),
        ("signal_hook::", &["app/job_control.rs", "app/signals.rs"]),
        (
            "serde_json::",
            &[
                "engine/input/",
                "engine/resume/",
                "measure/baseline/",
                "model/meta.rs",
                "report/",
                // The index of a WARC file is JSON in lines.
                "save/pack/",
            ],
        ),
        ("crossbeam_channel::", &["engine/", "pool/", "save/"]),
        ("dns_lookup::", &["http/dns/"]),
        ("csv::", &["report/export/csv.rs", "report/export/mod.rs"]),
        ("hdrhistogram::", &["stats/"]),
        ("icu_normalizer::", &["model/"]),
        ("nix::unistd", &["save/close.rs"]),
        (
            "rustix::fs",
            &["cli/resolve/terminal.rs", "engine/resume/", "save/"],
        ),
    ];
    let tree = Tree::read();
    for (name, homes) in fences {
        let mut at_home = false;
        for source in &tree.sources {
            if !source.lines.iter().any(|line| line.contains(name)) {
                continue;
            }
            let path = &source.path;
            assert!(
                homes.iter().any(|home| path.starts_with(home)),
                "{name} is named in src/{path}; it belongs in {homes:?}"
            );
            at_home = true;
        }
        assert!(at_home, "{name} is not found anywhere: mend this table");
    }
}
