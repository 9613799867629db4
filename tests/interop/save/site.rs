//! What these tests serve, where they save it, and what the server says of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

use crate::nginx::Nginx;
use crate::pfetch::LIMIT;

/// A folder where files can bear extended attributes, gone with the test.
pub(crate) fn scratch() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("the build's folder can be written")
}

/// Held by the tests that keep the disk busy, so that each has it to itself.
pub(crate) fn disk_to_itself() -> MutexGuard<'static, ()> {
    static DISK: Mutex<()> = Mutex::new(());
    // A test that failed has left nothing behind.
    DISK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().expect("the build's folder has a plain name")
}

/// So many bytes like no others.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

/// The names in a folder.
pub(crate) fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        let name = entry.expect("the folder can be read").file_name();
        name.into_string().expect("the tests' names are UTF-8")
    };
    entries.map(name).collect()
}

/// A real nginx that keeps a log of who asked for what.
pub(crate) struct Site {
    nginx: Nginx,
    folder: TempDir,
}

/// A line of that log.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) status: u16,
    /// Of the body, sent.
    pub(crate) bytes: u64,
    pub(crate) path: String,
    /// The `Range` header, or `-`.
    pub(crate) range: String,
    /// The `User-Agent` header: which run it was.
    pub(crate) run: String,
}

impl Site {
    /// Starts it with this in its `http` and its `server` block.
    pub(crate) fn start(http: &str, server: &str) -> Self {
        let folder = scratch();
        let log = folder.path().join("served");
        let root = folder.path().join("www");
        fs::create_dir(&root).expect("the folder is new");
        let nginx = Nginx::start(
            &format!(
                "log_format runs '$status $body_bytes_sent $request_uri $http_range \
                 $http_user_agent';\n\
                 access_log \"{}\" runs; keepalive_requests 1000000; sendfile on;\n{http}",
                log.display()
            ),
            &format!("location / {{ root \"{}\"; }}\n{server}", root.display()),
        );
        Site { nginx, folder }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("www")
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.root().join(name), bytes).expect("the folder can be written");
    }

    pub(crate) fn url(&self, name: &str) -> String {
        self.nginx.url(&format!("/{name}"))
    }

    /// All that it has served by now.
    pub(crate) fn served(&self) -> Vec<Served> {
        // It does one thing after another, so a request that is logged was the last.
        let said =
            || fs::read_to_string(self.folder.path().join("served")).expect("nginx writes its log");
        let mark = format!("/mark-{}", said().lines().count());
        let address = self.nginx.url("");
        let address = address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("nginx listens");
        write!(stream, "GET {mark} HTTP/1.0\r\nUser-Agent: mark\r\n\r\n").expect("nginx reads");
        stream
            .read_to_end(&mut Vec::new())
            .expect("nginx answers and closes");
        let started = Instant::now();
        let logged = loop {
            let logged = said();
            if logged.contains(&mark) && logged.ends_with('\n') {
                break logged;
            }
            assert!(started.elapsed() < LIMIT, "nginx does not log");
            thread::yield_now();
        };
        let served = logged.lines().map(Served::read);
        served.filter(|served| served.run != "mark").collect()
    }

    /// What it has served to this run by now.
    pub(crate) fn served_to(&self, run: &str) -> Vec<Served> {
        let mut served = self.served();
        served.retain(|served| served.run == run);
        served
    }
}

impl Served {
    fn read(line: &str) -> Self {
        let fields: Vec<&str> = line.split(' ').collect();
        let [status, bytes, path, range, run] = fields[..] else {
            panic!("not as the log's format says: {line}");
        };
        Served {
            status: status.parse().expect("a status is a number"),
            bytes: bytes.parse().expect("bytes are counted"),
            path: path.to_owned(),
            range: range.to_owned(),
            run: run.to_owned(),
        }
    }

    /// Whether it was a body, or a part of one.
    pub(crate) fn has_body(&self) -> bool {
        matches!(self.status, 200 | 206)
    }
}
