//! The commands of pfetch and of its peers, each as its users would write it.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// pfetch as it was built for this bench.
pub(crate) const PFETCH: &str = env!("CARGO_BIN_EXE_pfetch");

/// Which of the peers are installed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Installed {
    pub(crate) curl: bool,
    pub(crate) wget2: bool,
    pub(crate) aria2c: bool,
    pub(crate) wrk: bool,
    pub(crate) hey: bool,
}

impl Installed {
    pub(crate) fn find() -> Self {
        Installed {
            curl: is_installed("curl"),
            wget2: is_installed("wget2"),
            aria2c: is_installed("aria2c"),
            wrk: is_installed("wrk"),
            hey: is_installed("hey"),
        }
    }

    /// Those that are not.
    pub(crate) fn missing(self) -> Vec<&'static str> {
        let all = [
            ("curl", self.curl),
            ("wget2", self.wget2),
            ("aria2c", self.aria2c),
            ("wrk", self.wrk),
            ("hey", self.hey),
        ];
        let missing = all.iter().filter(|(_, is_there)| !is_there);
        missing.map(|(name, _)| *name).collect()
    }
}

/// Tells if a program is to be had, a peer or one that a row needs.
pub(crate) fn is_installed(program: &str) -> bool {
    env::split_paths(&path()).any(|folder| folder.join(program).is_file())
}

/// The folders of programs: first the one into which `.ci/newest-curl` builds, then the system's.
fn path() -> OsString {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers/bin");
    let system = env::var_os("PATH").unwrap_or_default();
    env::join_paths([own].into_iter().chain(env::split_paths(&system))).unwrap_or(system)
}

/// What a program says of its version, in its first line.
pub(crate) fn version(program: &str) -> Option<String> {
    let said = plain(program).arg("--version").output();
    let said = said.map(|output| output.stdout).unwrap_or_default();
    let text = String::from_utf8_lossy(&said);
    let line = text.lines().next().unwrap_or_default();
    let mut words = line.split(|c: char| !c.is_ascii_digit() && c != '.');
    let version = words.find(|word| word.len() > 2 && word.contains('.'));
    version.map(str::to_owned)
}

/// A command without this user's settings.
pub(crate) fn plain(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", path())
        .env("HOME", "/nonexistent");
    command
}

pub(crate) fn pfetch(workers: usize, list: &Path) -> Command {
    let mut command = plain(PFETCH);
    command
        .arg("-j")
        .arg(workers.to_string())
        .arg("-i")
        .arg(list);
    command
}

/// curl takes a list with a place for each URL only as a file of its own settings; see
/// `Site::curl_list`.
pub(crate) fn curl(workers: usize, list: &Path) -> Command {
    let mut command = plain("curl");
    // Past 300 it goes back to its default, 50.
    let workers = workers.min(300);
    command.args(["-q", "--silent", "--show-error", "--fail", "--parallel"]);
    command.arg("--parallel-max").arg(workers.to_string());
    command.arg("--config").arg(list);
    command
}

pub(crate) fn wget2(workers: usize, list: &Path) -> Command {
    let mut command = plain("wget2");
    command.args([
        "--quiet",
        "--no-config",
        "--no-hsts",
        "--no-hpkp",
        "--no-ocsp",
    ]);
    command.args(["--no-robots", "--tries=1"]);
    command.arg(format!("--max-threads={workers}"));
    command.arg("-i").arg(list);
    command
}

pub(crate) fn wget2_discarding(workers: usize, list: &Path) -> Command {
    let mut command = wget2(workers, list);
    command.arg("--output-document=/dev/null");
    command
}

/// It saves whatever it fetches.
pub(crate) fn aria2c(workers: usize, list: &Path, folder: &Path) -> Command {
    let mut command = plain("aria2c");
    command.args([
        "--quiet",
        "--no-conf",
        "--file-allocation=none",
        "--max-tries=1",
    ]);
    command.arg("-j").arg(workers.to_string());
    command.arg("-i").arg(list).arg("-d").arg(folder);
    command
}

/// As many requests as there is time for; how many, [`wrk_count`] finds in what it says.
pub(crate) fn wrk(workers: usize, url: &str) -> Command {
    let mut command = plain("wrk");
    command
        .args(["-t1", "-d2s"])
        .arg(format!("-c{workers}"))
        .arg(url);
    command
}

/// "  137731 requests in 2.00s, 161.04MB read"
pub(crate) fn wrk_count(said: &str) -> Option<f64> {
    let line = said.lines().find(|line| line.contains(" requests in "))?;
    line.split_whitespace().next()?.parse().ok()
}

pub(crate) fn hey(workers: usize, count: usize, url: &str) -> Command {
    let mut command = plain("hey");
    command.arg("-n").arg(count.to_string());
    command.arg("-c").arg(workers.to_string()).arg(url);
    command
}

/// "  [200]\t100000 responses": hey ends well whatever the answers were.
pub(crate) fn hey_count(said: &str) -> Option<f64> {
    let line = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("[200]"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A curl for each URL, as shell users do it.
pub(crate) fn xargs_curl(workers: usize, list: &Path) -> Command {
    let mut command = plain("xargs");
    command
        .arg("-a")
        .arg(list)
        .arg("-P")
        .arg(workers.to_string());
    command.args(["-n", "1", "curl", "-q", "-s", "-f", "-o", "/dev/null"]);
    command
}

/// New folders, each used once: file systems are slow to make files where many have just been deleted.
pub(crate) fn folders(scratch: &Path, name: &str) -> impl FnMut() -> PathBuf + use<> {
    let parent = scratch.join(name);
    let mut count = 0;
    move || {
        count += 1;
        let folder = parent.join(count.to_string());
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        folder
    }
}
