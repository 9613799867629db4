//! The completion scripts, as the shells use them when Tab is pressed, and the manual page, as man shows it.

use std::process::Command;

use super::tmux::Terminal;
use crate::peer;
use crate::pfetch::{Dir, pfetch};

/// What is typed before Tab is pressed, and what the line is then.
const COMPLETED: [(&str, &str); 7] = [
    ("--compa", "--compare"),
    ("--format js", "--format jsonl"),
    ("--assert urls", "--assert urls_per_second"),
    ("--order in", "--order input"),
    ("-i sub", "-i subject.txt"),
    ("--cacert sub", "--cacert subject.txt"),
    (
        "-H 'Accept: */*' --resolve h:1:127.0.0.1 --compa",
        "-H 'Accept: */*' --resolve h:1:127.0.0.1 --compare",
    ),
];

/// A folder with the completion script of a shell, and a file to complete.
fn folder(shell: &str, script: &str) -> Dir {
    let dir = Dir::new();
    dir.file("subject.txt", "");
    let printed = pfetch(&["--completions", shell]).run().exits(0);
    printed.check("nothing else is said", printed.stderr.is_empty());
    dir.file(script, &printed.stdout);
    dir
}

/// Types into a shell that has its script, and presses Tab.
fn completes(name: &str, shell: &str, setup: &str) {
    let dir = folder(name, "_pfetch");
    let shell = format!("cd {} && env PS1='prompt: ' {shell}", dir.path().display());
    let terminal = Terminal::of(name, 120, 40, &shell);
    let is_ready = |screen: &str| screen.trim_end().ends_with("prompt:");
    terminal.wait_for("a prompt", is_ready);
    terminal.enter(&format!("{setup}; clear"));
    for (typed, expected) in COMPLETED {
        terminal.wait_for("a prompt alone", |screen| screen.trim() == "prompt:");
        terminal.tmux(&["send-keys", "-l", &format!("pfetch {typed}")]);
        terminal.press("Tab");
        let line = format!("prompt: pfetch {expected}");
        terminal.wait_for(expected, |screen| {
            screen.lines().any(|row| row.trim_end() == line)
        });
        // The line is erased, and not run.
        terminal.press("C-u");
        terminal.enter("clear");
    }
}

#[test]
fn bash_completes_options_values_and_files() {
    peer::require("bash", "bash");
    completes("bash", "bash --norc --noprofile -i", "source ./_pfetch");
}

#[test]
fn zsh_completes_options_values_and_files() {
    peer::require("zsh", "zsh");
    let setup = "fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D";
    completes("zsh", "zsh -f -i", setup);
}

#[test]
fn fish_completes_options_values_and_files() {
    peer::require("fish", "fish");
    let prompt = "function fish_prompt; echo -n \"prompt: \"; end";
    // Not what it would guess from the history, in grey.
    let setup = format!("{prompt}; set -g fish_autosuggestion_enabled 0; source ./_pfetch");
    completes(
        "fish",
        &format!("HOME=. fish --private -C '{setup}'"),
        "true",
    );
}

#[test]
fn man_shows_the_page_without_a_warning() {
    peer::require("man", "man-db");
    let dir = Dir::new();
    let page = pfetch(&["--man"]).run().exits(0);
    let page = dir.file("pfetch.1", &page.stdout);
    let shown = Command::new("man")
        .args(["--warnings", "-l", &page])
        .envs([("MANWIDTH", "100"), ("LC_ALL", "C.UTF-8")])
        .output()
        .expect("it is installed");
    let warnings = String::from_utf8_lossy(&shown.stderr);
    assert!(shown.status.success() && warnings.is_empty(), "{warnings}");
    let text = String::from_utf8_lossy(&shown.stdout);
    for part in [
        "pfetch [OPTIONS] [URL]...",
        "--compare",
        "EXIT CODES",
        "an assertion on the figures",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
