//! The README, held against what is there: its commands run as they stand, its links and pictures exist.
//! Commands with programs that not every system has are tested in `tests/interop/readme.rs`.

use std::fs;
use std::path::Path;

use crate::commands::{README, Shell, blocks};

/// The largest picture that a page of a repository should have to load.
const MAX_PICTURE: u64 = 300_000;

/// The longest paragraph that is read to its end.
const MAX_LINES: usize = 6;

#[test]
fn every_command_of_the_readme_works_as_it_stands() {
    let mut shell = Shell::with_site();
    let (mut run, mut left_out) = (0, Vec::new());
    for block in blocks().iter().filter(|block| block.kind == "sh") {
        if let Some(program) = block.foreign() {
            left_out.push(format!("line {}: {program}", block.line));
            continue;
        }
        let pasted = shell.run(block);
        println!("{pasted:?}");
        pasted.works();
        run += 1;
    }
    println!("left out: {left_out:#?}");
    assert!(run > 15, "only {run} blocks were run");
    assert!(left_out.len() < run / 2, "too many need other programs");
}

#[test]
fn every_block_of_the_readme_says_whether_it_is_commands_or_output() {
    for block in blocks() {
        let is_known = matches!(block.kind.as_str(), "sh" | "text" | "rust" | "rust,no_run");
        assert!(is_known, "line {}: {block:?}", block.line);
    }
    // Indented code says neither.
    let indented: Vec<&str> = README
        .lines()
        .filter(|line| line.starts_with("    "))
        .filter(|line| !blocks().iter().any(|block| block.text.contains(line)))
        .collect();
    assert!(indented.is_empty(), "{indented:#?}");
}

#[test]
fn links_and_pictures_of_the_readme_lead_to_files() {
    let targets: Vec<&str> = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter(|target| !target.contains("://"))
        .collect();
    assert!(targets.len() > 5, "{targets:?}");
    for target in targets {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(target);
        let size = fs::metadata(&path).map(|metadata| metadata.len());
        let size = size.unwrap_or_else(|error| panic!("{target}: {error}"));
        let is_picture = target.ends_with(".svg") || target.ends_with(".png");
        assert!(!is_picture || size < MAX_PICTURE, "{target}: {size} bytes");
    }
}

#[test]
fn every_page_of_the_guide_is_linked_in_the_readme() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    for entry in fs::read_dir(guide).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let link = format!("(src/guide/{name})");
        assert!(name == "mod.rs" || README.contains(&link), "{link}");
    }
}

#[test]
fn no_paragraph_of_the_readme_is_long() {
    let mut code = false;
    let (mut start, mut lines) = (0, 0);
    for (number, line) in README.lines().enumerate() {
        if line.starts_with("```") {
            code = !code;
        }
        let is_prose = !code && !line.is_empty() && !line.starts_with(['|', '#', '`', '*', '!']);
        if is_prose && lines == 0 {
            start = number + 1;
        }
        lines = if is_prose { lines + 1 } else { 0 };
        assert!(lines <= MAX_LINES, "the paragraph at line {start}");
    }
}
