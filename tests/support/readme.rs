//! The README's blocks of commands, and a shell to paste them into: in a folder that looks like the project's,
//! with the servers that the README speaks of on free ports.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::authority::Authority;
use super::pfetch::{Dir, LIMIT};
use super::raw::Raw;
use super::secure::{head, say, secure, server_config};
use super::server::{Reply, Request, Server};

pub(crate) const README: &str = include_str!("../../README.md");

/// Programs of the README that a plain `cargo test` cannot ask for.
const FOREIGN: &[&str] = &["cargo", "jq", "python3", "sha256sum"];

/// Ports of the README: the server that the reader has, a proxy, a server under TLS.
const PORTS: [&str; 3] = ["8000", "3128", "8443"];

/// A fenced block of the README.
#[derive(Debug)]
pub(crate) struct Block {
    /// The word behind its fence.
    pub(crate) kind: String,
    /// Number of its first line.
    pub(crate) line: usize,
    pub(crate) text: String,
}

impl Block {
    /// The first program in it that is not pfetch, and not on every system.
    pub(crate) fn foreign(&self) -> Option<&'static str> {
        let is_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        let mut words = self.text.split(|c: char| !is_name(c));
        words.find_map(|word| FOREIGN.iter().copied().find(|program| *program == word))
    }
}

/// All blocks, in their order.
pub(crate) fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = README.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            continue;
        };
        let text: Vec<&str> = lines
            .by_ref()
            .map(|(_, line)| line)
            .take_while(|line| *line != "```")
            .collect();
        blocks.push(Block {
            kind: kind.to_owned(),
            line: number + 2,
            text: text.join("\n"),
        });
    }
    blocks
}

/// A shell that stays where a block has led it.
pub(crate) struct Shell {
    /// Looks like the project's folder.
    dir: Dir,
    /// Where the next block starts.
    cwd: PathBuf,
    ports: [u16; 3],
    /// Groups of processes that a block has left in the background.
    background: Vec<Child>,
    _site: Option<Server>,
    _proxy: Server,
    _secured: Raw,
}

impl Shell {
    /// Serves the project's files at the README's first port.
    pub(crate) fn with_site() -> Self {
        let site = Server::with(files);
        let port = site.addr().port();
        Shell::start(Some(site), port)
    }

    /// Leaves that port to a server that a block starts.
    pub(crate) fn without_site(port: u16) -> Self {
        Shell::start(None, port)
    }

    fn start(site: Option<Server>, port: u16) -> Self {
        let dir = Dir::on_disk();
        for entry in fs::read_dir(env!("CARGO_MANIFEST_DIR")).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name != "target" && !name.to_string_lossy().starts_with('.') {
                symlink(entry.path(), dir.path().join(name)).unwrap();
            }
        }
        fs::create_dir(dir.path().join("bin")).unwrap();
        symlink(
            env!("CARGO_BIN_EXE_pfetch"),
            dir.path().join("bin").join("pfetch"),
        )
        .unwrap();
        let authority = Authority::new("the test's own authority");
        // Where the README's reader is by then.
        fs::create_dir_all(dir.path().join("target/try")).unwrap();
        dir.file("target/try/ca.pem", authority.pem());
        let config = server_config(&authority.loopback(), None);
        let secured = Raw::start(move |wire| {
            let mut line = secure(&config, wire)?;
            while head(&mut line).is_some() {
                say(&mut line, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")?;
            }
            Ok(())
        });
        let proxy = Server::with(files);
        Shell {
            cwd: dir.path().to_owned(),
            ports: [port, proxy.addr().port(), secured.addr().port()],
            background: Vec::new(),
            dir,
            _site: site,
            _proxy: proxy,
            _secured: secured,
        }
    }

    /// The text with the ports of this shell's servers in place of the README's. A number is replaced as a whole,
    /// and once: a free port may have one of the README's in its digits.
    fn own_ports(&self, text: &str) -> String {
        let mut replaced = String::new();
        for part in text.split_inclusive(|c: char| !c.is_ascii_digit()) {
            let number = part.trim_end_matches(|c: char| !c.is_ascii_digit());
            match PORTS.iter().position(|port| *port == number) {
                Some(place) => {
                    replaced += &self.ports[place].to_string();
                    replaced += &part[number.len()..];
                }
                None => replaced += part,
            }
        }
        replaced
    }

    /// Runs a block as it stands, but for the ports, up to the first line that fails.
    #[track_caller]
    pub(crate) fn run(&mut self, block: &Block) -> Pasted {
        let commands = self.own_ports(&block.text);
        let file = |name: &str| self.dir.path().join("bin").join(name);
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new("sh")
            .args([
                "-ec",
                &format!("trap 'pwd >\"$HOME/cwd\"' EXIT\n{commands}"),
            ])
            .current_dir(&self.cwd)
            .env_clear()
            .env("HOME", self.dir.path().join("bin"))
            .env(
                "PATH",
                format!("{}:{path}", self.dir.path().join("bin").display()),
            )
            .stdin(Stdio::null())
            // To files: what a block leaves in the background would keep a pipe open.
            .stdout(File::create(file("stdout")).unwrap())
            .stderr(File::create(file("stderr")).unwrap())
            .process_group(0)
            .spawn()
            .unwrap();
        let status = end_of(&mut child);
        let read =
            |name: &str| String::from_utf8_lossy(&fs::read(file(name)).unwrap()).into_owned();
        let pasted = Pasted {
            shown: format!("README.md, line {}:\n{commands}", block.line),
            status,
            stdout: read("stdout"),
            stderr: read("stderr"),
        };
        if pasted.status.is_some() {
            self.cwd = PathBuf::from(read("cwd").trim_end());
        }
        if block.text.ends_with('&') {
            self.background.push(child);
        }
        pasted
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        for child in &self.background {
            // It may have ended by itself.
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
        }
    }
}

/// A block that has been run.
#[derive(Debug)]
pub(crate) struct Pasted {
    shown: String,
    /// `None` if it had to be killed.
    status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Pasted {
    #[track_caller]
    pub(crate) fn check(&self, what: &str, holds: bool) {
        assert!(
            holds,
            "{what}\n{}\nstatus: {:?}\nstdout:\n{}\nstderr:\n{}",
            self.shown, self.status, self.stdout, self.stderr
        );
    }

    /// Succeeded, and nothing on standard error is a complaint, not of a program within a pipe either.
    #[track_caller]
    pub(crate) fn works(&self) {
        // On a busy machine a limit of time need not hold.
        let is_gate = self.shown.contains("--assert");
        let code = self.status.and_then(|status| status.code());
        self.check("it works", code == Some(0) || (is_gate && code == Some(3)));
        // Standard output is a file here, which does not get the body of a single URL.
        let no_complaints = ["pfetch: wrote ", "pfetch: note: the body was not kept: "];
        let complaint = self.stderr.lines().find(|line| {
            let is_none = no_complaints.iter().any(|start| line.starts_with(start));
            line.starts_with("pfetch: ") && !is_none
        });
        self.check("no complaint", is_gate || complaint.is_none());
    }
}

/// Waits for the end of the shell, which has its time.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        if started.elapsed() > LIMIT {
            let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
            child.wait().unwrap();
            return None;
        }
        // The standard library waits for a child for ever, or not at all.
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Serves the project's files, and to a proxy's clients too, which name the host before the path.
fn files(request: &Request, reply: &mut Reply<'_>) -> io::Result<()> {
    let target = request.target.as_str();
    let path = match target.strip_prefix("http://") {
        Some(rest) => rest.split_once('/').map_or("", |(_, path)| path),
        None => target.trim_start_matches('/'),
    };
    let path = Path::new(path);
    let is_inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    match fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)) {
        Ok(body) if is_inside => reply.send(200, "", &body),
        _ => reply.send(404, "", b""),
    }
}

/// Each crate that includes this file uses its own part of it; see `pfetch.rs`.
const _: () = {
    let _ = (Shell::with_site, Shell::without_site);
};
