//! Host names of our own: a name server that takes its time, in a namespace in which it is the only one.
//!
//! The namespace has a loopback of its own and its own view of `/etc/resolv.conf`, so that nothing of this machine's
//! is touched. A process holds it: `names-server MILLISECONDS`, which answers on port 53 and serves all that the
//! names stand for as well. It prints the port of that and ends with its standard input.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::delay;

/// Where names end; reserved for such things.
const DOMAIN: &str = "bench.test";

/// One name in so many of those that begin with an `s` is never answered.
const SILENT: usize = 20;

/// The name with this number.
pub(crate) fn name(number: usize, has_silent: bool) -> String {
    let kind = if has_silent { 's' } else { 'n' };
    format!("{kind}{number}.{DOMAIN}")
}

pub(crate) fn main(args: &[String]) -> ExitCode {
    let Some(delay) = args.first().and_then(|text| text.parse().ok()) else {
        eprintln!("names-server MILLISECONDS");
        return ExitCode::from(2);
    };
    let socket = match UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)) {
        Ok(socket) => socket,
        Err(error) => {
            eprintln!("names-server: port 53: {error}");
            return ExitCode::FAILURE;
        }
    };
    // Ends with the process.
    thread::spawn(move || {
        if let Err(error) = answer_all(&socket, Duration::from_millis(delay)) {
            eprintln!("names-server: {error}");
        }
    });
    delay::main(&["0".to_owned()])
}

/// Answers each question so much later, any number of them at once.
fn answer_all(socket: &UdpSocket, delay: Duration) -> io::Result<()> {
    // Hundreds ask in the same moment. The system may give less.
    let _ = rustix::net::sockopt::set_socket_recv_buffer_size(socket, 4 << 20);
    // In the order of their time, since the delay is always the same.
    let mut due: VecDeque<(Instant, SocketAddr, Vec<u8>)> = VecDeque::new();
    let mut buffer = [0; 512];
    loop {
        let now = Instant::now();
        while let Some((at, to, answer)) = due.front()
            && *at <= now
        {
            socket.send_to(answer, to)?;
            due.pop_front();
        }
        let next = due
            .front()
            .map(|(at, ..)| at.saturating_duration_since(now));
        // None is for ever, and nothing is not to be had.
        socket.set_read_timeout(next.map(|next| next.max(Duration::from_micros(10))))?;
        match socket.recv_from(&mut buffer) {
            Ok((length, from)) => {
                let answer = answer(&buffer[..length]);
                due.extend(answer.map(|answer| (Instant::now() + delay, from, answer)));
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The answer to a question of one name (RFC 1035, section 4): 127.0.0.1, or no address where another kind is asked
/// for. None to a silent name, or to what is no such question.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 12;
    const A: [u8; 2] = [0, 1];
    let label_length = usize::from(*question.get(HEADER)?);
    let label = question.get(HEADER + 1..HEADER + 1 + label_length)?;
    let number: usize = std::str::from_utf8(label.get(1..)?).ok()?.parse().ok()?;
    if label[0] == b's' && number.is_multiple_of(SILENT) {
        return None;
    }
    let name_length = question[HEADER..].iter().position(|&byte| byte == 0)? + 1;
    let end = HEADER + name_length + 4;
    let kind = question.get(HEADER + name_length..HEADER + name_length + 2)?;
    let addresses = u8::from(kind == A);
    let mut answer = question.get(..2)?.to_vec();
    // A response, recursion desired and to be had; one question and its answers.
    answer.extend([0x81, 0x80, 0, 1, 0, addresses, 0, 0, 0, 0]);
    answer.extend(question.get(HEADER..end)?);
    if addresses > 0 {
        // The name of the question; A, IN, good for a minute, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}

/// A namespace with such a server, ended when it goes out of scope.
pub(crate) struct Names {
    holder: Child,
    /// Where all names are served.
    pub(crate) port: u16,
}

impl Names {
    /// Makes one, in which a look-up takes so long; or says why this system has none to give.
    pub(crate) fn start(milliseconds: u64, folder: &Path) -> Result<Self, String> {
        let itself = std::env::current_exe().expect("this program has a path");
        let resolver = write(folder, "resolv.conf", "nameserver 127.0.0.1\n")?;
        let switch = write(folder, "nsswitch.conf", "hosts: files dns\n")?;
        // The second file is not on every system, and matters only where it is.
        let script = "set -e; ip link set lo up; mount --bind \"$1\" /etc/resolv.conf\n\
                      if [ -e /etc/nsswitch.conf ]; then mount --bind \"$2\" /etc/nsswitch.conf; fi\n\
                      exec \"$3\" names-server \"$4\"";
        let mut holder = Command::new("unshare")
            .args([
                "--map-root-user",
                "--net",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
            ])
            .args([&resolver, &switch, &itself])
            .arg(milliseconds.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut said = String::new();
        let mut output = BufReader::new(holder.stdout.take().expect("it was piped"));
        let _ = output.read_line(&mut said);
        match said.trim().parse() {
            Ok(port) => Ok(Names { holder, port }),
            Err(_) => {
                let output = holder
                    .wait_with_output()
                    .map_err(|error| error.to_string())?;
                let complaint = String::from_utf8_lossy(&output.stderr);
                Err(complaint.trim().to_owned())
            }
        }
    }

    /// The same command, in the namespace.
    pub(crate) fn inside(&self) -> impl Fn(&Command) -> Command + Clone + use<> {
        let holder = self.holder.id().to_string();
        move |command| {
            let mut inside = Command::new("nsenter");
            inside.args(["--preserve-credentials", "--user", "--net", "--mount"]);
            inside.arg("--target").arg(&holder);
            inside
                .arg("--")
                .arg(command.get_program())
                .args(command.get_args());
            // The variables that the command would have.
            inside.env_clear();
            inside.envs(
                command
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
            inside
        }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf, String> {
    let path = folder.join(name);
    std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}
