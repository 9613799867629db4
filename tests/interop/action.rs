//! The action for CI runners: its step, run as a runner would run it, and what its description says of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::peer;
use crate::pfetch::Dir;
use crate::python::interpreter_with;
use crate::server::{Reply, Request, Server};

const STEP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.github/actions/pfetch/run.sh");

/// A run of the step, with what a runner would read afterwards.
struct Step {
    output: Output,
    outputs: String,
    summary: String,
    dir: Dir,
}

impl Step {
    /// Runs the step with these inputs, in a folder of its own, with pfetch on the path.
    fn run(inputs: &[(&str, &str)]) -> Self {
        peer::require("bash", "bash");
        peer::require("jq", "jq");
        let dir = Dir::new();
        let [outputs, summary] = ["outputs", "summary"].map(|name| dir.file(name, ""));
        let bin = Path::new(env!("CARGO_BIN_EXE_pfetch"))
            .parent()
            .expect("the program is in a folder");
        let output = Command::new(STEP)
            .current_dir(dir.path())
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .envs([
                ("GITHUB_OUTPUT", &outputs),
                ("GITHUB_STEP_SUMMARY", &summary),
            ])
            .envs(inputs.iter().copied())
            .output()
            .expect("the step runs");
        let [outputs, summary] = [outputs, summary]
            .map(|path| fs::read_to_string(path).expect("it is there since the beginning"));
        Step {
            output,
            outputs,
            summary,
            dir,
        }
    }

    #[track_caller]
    fn check(&self, what: &str, holds: bool) {
        assert!(
            holds,
            "{what}\n{}\nstdout: {}\nstderr: {}\noutputs: {}\nsummary: {}",
            self.output.status,
            String::from_utf8_lossy(&self.output.stdout),
            String::from_utf8_lossy(&self.output.stderr),
            self.outputs,
            self.summary
        );
    }

    /// The value of an output.
    fn value(&self, name: &str) -> Option<&str> {
        let mut lines = self.outputs.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
    }

    fn has_reports(&self) -> bool {
        ["json", "md", "xml", "html"].iter().all(|extension| {
            let path = self
                .dir
                .path()
                .join(format!("pfetch-reports/pfetch.{extension}"));
            fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
        })
    }
}

#[test]
fn a_step_that_holds_has_its_outputs_summary_and_reports() {
    let server = Server::with(|request: &Request, reply: &mut Reply<'_>| {
        // The words of an option stay together.
        let is_whole = request.header("X-Name") == Some("two words");
        reply.send(if is_whole { 200 } else { 400 }, "", b"x")
    });
    let urls = format!("{}\n{}\n", server.url("/1"), server.url("/2"));
    let step = Step::run(&[
        ("PFETCH_URLS", urls.as_str()),
        ("PFETCH_WORKERS", "2"),
        ("PFETCH_ASSERT", "failed==0\n\n  \np95<60s\n"),
        ("PFETCH_ARGS", "-H 'X-Name: two words' --retry 1"),
    ]);
    step.check("it succeeds", step.output.status.code() == Some(0));
    step.check("none failed", step.value("failed") == Some("0"));
    step.check(
        "the exit code is told",
        step.value("exit-code") == Some("0"),
    );
    let total = step
        .value("total")
        .and_then(|total| total.parse::<f64>().ok());
    step.check("there is a total", total.is_some_and(|total| total > 0.0));
    step.check("nothing was compared", step.value("speedup") == Some(""));
    step.check(
        "the gates are in the summary",
        step.summary.contains("failed==0"),
    );
    step.check("all reports are there", step.has_reports());
}

#[test]
fn an_assertion_that_does_not_hold_fails_the_step_and_leaves_its_reports() {
    let server = Server::with(|request: &Request, reply: &mut Reply<'_>| {
        let status = if request.target == "/gone" { 404 } else { 200 };
        reply.send(status, "", b"x")
    });
    let dir = Dir::new();
    let file = dir.file(
        "urls.txt",
        format!("{}\n{}\n", server.url("/there"), server.url("/gone")),
    );
    let step = Step::run(&[
        ("PFETCH_FILE", file.as_str()),
        ("PFETCH_ASSERT", "failed==0"),
    ]);
    step.check(
        "an assertion is told first",
        step.output.status.code() == Some(3),
    );
    step.check("one failed", step.value("failed") == Some("1"));
    step.check(
        "the exit code is told",
        step.value("exit-code") == Some("3"),
    );
    let stdout = String::from_utf8_lossy(&step.output.stdout);
    step.check(
        "the page of the run says why",
        stdout.contains("::error title=pfetch::exit code 3: an assertion does not hold"),
    );
    step.check("all reports are there", step.has_reports());
}

#[test]
fn a_comparison_has_a_speed_up_and_makes_its_baseline() {
    let server = Server::start();
    let urls = format!("{}\n{}\n", server.url("/bytes/1"), server.url("/bytes/2"));
    let step = Step::run(&[
        ("PFETCH_URLS", urls.as_str()),
        ("PFETCH_COMPARE", "true"),
        ("PFETCH_ARGS", "--runs 2 --warmup 0"),
        ("PFETCH_BASELINE", "baseline.json"),
    ]);
    step.check("it succeeds", step.output.status.code() == Some(0));
    let speedup = step
        .value("speedup")
        .and_then(|ratio| ratio.parse::<f64>().ok());
    step.check(
        "there is a speed-up",
        speedup.is_some_and(|ratio| ratio > 0.0),
    );
    step.check(
        "the baseline is made",
        step.dir.path().join("baseline.json").exists(),
    );
}

#[test]
fn inputs_that_contradict_each_other_are_refused() {
    let both: &[(&str, &str)] = &[
        ("PFETCH_URLS", "http://127.0.0.1:9/"),
        ("PFETCH_FILE", "urls.txt"),
    ];
    for (inputs, why) in [
        (&[][..], "give URLs by the input urls or file"),
        (both, "by one of the inputs urls and file"),
        (
            &[("PFETCH_URLS", "x"), ("PFETCH_COMPARE", "yes")],
            "true or false, not 'yes'",
        ),
        (
            &[("PFETCH_URLS", "x"), ("PFETCH_ARGS", "-H 'x")],
            "a quote in the input args is not closed",
        ),
    ] {
        let step = Step::run(inputs);
        step.check("it is a mistake", step.output.status.code() == Some(2));
        let stdout = String::from_utf8_lossy(&step.output.stdout);
        step.check(
            why,
            stdout.contains("::error title=pfetch::") && stdout.contains(why),
        );
    }
}

#[test]
fn the_description_of_the_action_names_the_inputs_and_outputs_of_its_step() {
    let folder = Path::new(STEP).parent().expect("it is in a folder");
    let program = r#"
import json, re, sys, yaml
action = yaml.safe_load(open(sys.argv[1] + "/action.yml"))
step = open(sys.argv[1] + "/run.sh").read()
run = next(step for step in action["runs"]["steps"] if step.get("id") == "run")
read = set(re.findall(r"PFETCH_[A-Z]+", step))
written = set(re.findall(r"^ *output ([a-z-]+)", step, re.M))
assert set(run["env"]) == read, (run["env"], read)
assert set(action["outputs"]) == written, (action["outputs"], written)
used = set(re.findall(r"inputs\.([a-z]+)", open(sys.argv[1] + "/action.yml").read()))
assert used == set(action["inputs"]), (used, action["inputs"])
for name, value in {**action["inputs"], **action["outputs"]}.items():
    assert value["description"], name
"#;
    let folder = folder.to_str().expect("it is UTF-8");
    let output = Command::new(interpreter_with("yaml", "python3-yaml"))
        .args(["-c", program, folder])
        .output();
    let output = output.expect("python3 runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let mode = fs::metadata(STEP)
        .expect("it is there")
        .permissions()
        .mode();
    assert!(mode & 0o111 != 0, "the step cannot be run: {mode:o}");
}

#[test]
fn the_workflows_are_yaml_with_jobs() {
    let program = r#"
import sys, yaml
for path in sys.argv[1:]:
    flow = yaml.safe_load(open(path))
    # "on" is a boolean in YAML 1.1.
    assert True in flow, path
    for name, job in flow["jobs"].items():
        assert job["runs-on"] and job["timeout-minutes"], (path, name)
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step), (path, name, step)
"#;
    let flow = |name: &str| {
        format!(
            "{}/.github/workflows/{name}.yml",
            env!("CARGO_MANIFEST_DIR")
        )
    };
    let output = Command::new(interpreter_with("yaml", "python3-yaml"))
        .args(["-c", program, &flow("ci"), &flow("release")])
        .output()
        .expect("python3 runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
}
