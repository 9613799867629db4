//! A terminal inside tmux: what a person would see, read as text.

use std::process::Command;
use std::time::{Duration, Instant};

/// How long a screen may take to show what it should.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal of this size that runs one command, on a tmux server of its own.
pub(super) struct Terminal {
    socket: String,
}

impl Terminal {
    pub(super) fn run(name: &str, columns: u16, rows: u16, command: &str) -> Self {
        let command = format!("{command}; echo exit code $?; cat");
        Terminal::of(name, columns, rows, &command)
    }

    /// Starts a terminal of this size with a shell that has job control, and waits for its prompt.
    pub(super) fn shell(name: &str, columns: u16, rows: u16) -> Self {
        crate::peer::require("bash", "bash");
        let shell = "env PS1='prompt: ' bash --norc --noprofile -i";
        let terminal = Terminal::of(name, columns, rows, shell);
        terminal.wait_for("a prompt", |screen| screen.contains("prompt: "));
        terminal
    }

    /// Types a line.
    pub(super) fn enter(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.press("Enter");
    }

    /// Presses a key, by its name in tmux.
    pub(super) fn press(&self, key: &str) {
        self.tmux(&["send-keys", key]);
    }

    /// A terminal of this size that runs this command and nothing else.
    pub(super) fn of(name: &str, columns: u16, rows: u16, command: &str) -> Self {
        crate::peer::require("tmux", "tmux");
        let terminal = Terminal {
            socket: format!("pfetch-{name}-{}", std::process::id()),
        };
        terminal.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &columns.to_string(),
            "-y",
            &rows.to_string(),
            command,
        ]);
        terminal
    }

    pub(super) fn tmux(&self, args: &[&str]) -> String {
        let output = Command::new("tmux")
            .args(["-L", &self.socket])
            .args(args)
            .output()
            .expect("tmux runs");
        assert!(
            output.status.success(),
            "tmux {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("the screen is UTF-8")
    }

    /// What has scrolled away, and the screen, wrapped lines joined.
    pub(super) fn screen(&self) -> String {
        self.tmux(&["capture-pane", "-p", "-J", "-S", "-200"])
    }

    /// The rows of the screen that are not empty, as they stand there: wrapped lines are two.
    pub(super) fn rows(&self) -> Vec<String> {
        let screen = self.tmux(&["capture-pane", "-p"]);
        let rows = screen.lines().filter(|row| !row.trim().is_empty());
        rows.map(str::to_owned).collect()
    }

    /// Waits until the rows of the screen are as they should be, and returns them.
    pub(super) fn wait_for_rows(&self, what: &str, are: impl Fn(&[String]) -> bool) -> Vec<String> {
        let started = Instant::now();
        loop {
            let rows = self.rows();
            if are(&rows) {
                return rows;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the screen never showed {what}:\n{rows:#?}"
            );
            std::thread::yield_now();
        }
    }

    /// Waits until the screen shows what it should, and returns it.
    pub(super) fn wait_for(&self, what: &str, shows: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let screen = self.screen();
            if shows(&screen) {
                return screen;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "the screen never showed {what}:\n{screen}"
            );
            std::thread::yield_now();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = Command::new("tmux")
            .args(["-L", &self.socket, "kill-server"])
            .output();
    }
}
