//! A real nginx for the tests that ask for one.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::peer::require;

/// A real nginx on a free loopback port, stopped when it goes out of scope.
pub(crate) struct Nginx {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Nginx {
    /// Starts nginx with `http` inside its `http` block and `server` inside its only `server`
    /// block, serving files from [`root`](Nginx::root).
    pub(crate) fn start(http: &str, server: &str) -> Self {
        require("nginx", "nginx-light");
        let scratch = TempDir::new().expect("the temporary folder can be written");
        let folder = scratch.path().display().to_string();
        let port = free_port();
        fs::create_dir(scratch.path().join("www")).expect("the folder is new");
        let config = format!(
            "daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 4096; }}\n\
             http {{\n\
               log_format served '$connection $status $request';\n\
               access_log {folder}/access.log served; default_type text/plain;\n\
               client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;\n\
               fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;\n\
               {http}\n\
               server {{ listen 127.0.0.1:{port}; root {folder}/www; {server} }}\n\
             }}\n"
        );
        let path = scratch.path().join("nginx.conf");
        fs::write(&path, config).expect("the folder can be written");
        let mut child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx starts");
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let log = || fs::read_to_string(scratch.path().join("error.log")).unwrap_or_default();
            if let Ok(Some(status)) = child.try_wait() {
                panic!("nginx ended at once ({status}): {}", log());
            }
            assert!(
                started.elapsed() < Duration::from_secs(30),
                "nginx does not listen: {}",
                log()
            );
            thread::yield_now();
        }
        Nginx {
            child,
            port,
            folder: scratch,
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("www")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The lines of the access log, what the server says that it did: the connection's number, the
    /// status, the request line.
    pub(crate) fn access_log(&self) -> Vec<String> {
        fs::read_to_string(self.folder.path().join("access.log"))
            .expect("nginx writes its log")
            .lines()
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master ends its workers; killed outright it would leave them behind.
        if let Ok(pid) = i32::try_from(self.child.id())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
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

/// Each crate that includes this file uses its own part of it; see `pfetch.rs`.
const _: () = {
    let _ = (Nginx::root, Nginx::access_log);
};
