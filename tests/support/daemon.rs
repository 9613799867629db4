//! A real program that listens on the loopback, ended with the test.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::peer::require;

/// A running program with a folder of its own.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) port: u16,
    folder: TempDir,
}

impl Daemon {
    /// Starts `program`, of the system's package `package`, in a new folder. `prepare` gets that
    /// folder and a free port, writes there what the program needs, and gives its arguments.
    pub(crate) fn start<P>(program: &str, package: &str, prepare: P) -> Self
    where
        P: FnOnce(&Path, u16) -> Vec<String>,
    {
        require(program, package);
        let folder = TempDir::new().expect("the temporary folder can be written");
        let port = free_port();
        let arguments = prepare(folder.path(), port);
        let said = folder.path().join("said");
        let output = File::create(&said).expect("the folder can be written");
        let errors = output.try_clone().expect("a file can be written by two");
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let said = || fs::read_to_string(&said).unwrap_or_default();
            if let Ok(Some(status)) = child.try_wait() {
                panic!("{program} ended at once ({status}): {}", said());
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "{program} does not listen: {}",
                said()
            );
            thread::yield_now();
        }
        Daemon {
            child,
            port,
            folder,
        }
    }

    /// A file of its folder.
    pub(crate) fn read(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("loopback has a free port")
        .port()
}
