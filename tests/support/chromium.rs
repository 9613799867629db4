//! A headless Chromium, driven over a pipe by the DevTools protocol: JSON messages that end in NUL.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::geteuid;
use serde_json::{Value, json};

/// How long anything here may take, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page open.
#[derive(Debug)]
pub(crate) struct Browser {
    process: Child,
    commands: ChildStdin,
    messages: Receiver<Value>,
    session: Option<String>,
    sent: u64,
    /// What the browser has told without being asked: method and parameters.
    pub(crate) events: Vec<(String, Value)>,
}

impl Browser {
    /// Starts it; what it writes down goes to this folder.
    pub(crate) fn start(profile: &Path) -> Self {
        // The protocol is on descriptors 3 and 4, which a shell can give it from 0 and 1.
        let script = "exec chromium \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null";
        let mut process = Command::new("sh")
            .args([
                "-c",
                script,
                "chromium",
                "--headless=new",
                "--remote-debugging-pipe",
            ])
            .args(["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args([
                "--disable-background-networking",
                "--disable-component-update",
            ])
            // It refuses to run as root in its sandbox. The pages are the tests' own.
            .args(geteuid().is_root().then_some("--no-sandbox"))
            .arg(format!("--user-data-dir={}", profile.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let commands = process.stdin.take().expect("it is piped");
        let messages = read(process.stdout.take().expect("it is piped"));
        let mut browser = Browser {
            process,
            commands,
            messages,
            session: None,
            sent: 0,
            events: Vec::new(),
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let id = &target["targetId"];
        let attached = browser.call(
            "Target.attachToTarget",
            json!({"targetId": id, "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser
    }

    /// Does what the protocol calls `method` and returns its result.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        self.sent += 1;
        let mut command = json!({"id": self.sent, "method": method, "params": params});
        if let Some(session) = &self.session {
            command["sessionId"] = json!(session);
        }
        let bytes = command.to_string() + "\0";
        self.commands
            .write_all(bytes.as_bytes())
            .expect("the browser listens");
        let answer = self.wait(|message| message["id"] == command["id"]);
        assert!(answer["error"].is_null(), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Opens a page and waits until it is loaded.
    pub(crate) fn open(&mut self, page: &Path) {
        let url = format!("file://{}", page.display());
        self.events.clear();
        self.call("Page.navigate", json!({"url": url}));
        if !self.told("Page.loadEventFired") {
            self.wait(|message| message["method"] == "Page.loadEventFired");
        }
    }

    fn told(&self, method: &str) -> bool {
        self.events.iter().any(|(told, _)| told == method)
    }

    /// The value of a JavaScript expression in the page.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.call("Runtime.evaluate", asked);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until the expression is true.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let started = Instant::now();
        while self.value(expression) != json!(true) {
            assert!(started.elapsed() < PATIENCE, "never so: {expression}");
            thread::yield_now();
        }
    }

    /// Presses and lets go of a key, as `Enter` or `Tab`.
    pub(crate) fn press(&mut self, key: &str, code: u32) {
        let text = if key == "Enter" { "\r" } else { "" };
        for what in ["keyDown", "keyUp"] {
            let text = if what == "keyDown" { text } else { "" };
            let event = json!({"type": what, "key": key, "code": key, "text": text, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    #[track_caller]
    fn wait(&mut self, is_it: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let message = self
                .messages
                .recv_timeout(left)
                .expect("the browser answers in time");
            if let Some(method) = message["method"].as_str() {
                self.events
                    .push((method.to_owned(), message["params"].clone()));
            }
            if is_it(&message) {
                return message;
            }
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when the pipe does; only this process is ours to kill.
        let _ = self
            .commands
            .write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let started = Instant::now();
        while matches!(self.process.try_wait(), Ok(None)) {
            if started.elapsed() > Duration::from_secs(10) {
                let _ = self.process.kill();
                let _ = self.process.wait();
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Reads messages on a thread of its own until the browser ends.
fn read(pipe: ChildStdout) -> Receiver<Value> {
    let (sender, messages) = mpsc::channel();
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut message = Vec::new();
        while pipe
            .read_until(0, &mut message)
            .is_ok_and(|length| length > 0)
        {
            message.pop();
            let parsed = serde_json::from_slice(&message).expect("the browser speaks JSON");
            if sender.send(parsed).is_err() {
                return;
            }
            message.clear();
        }
    });
    messages
}
