//! The recipes whose engines are not run here: what Slurm and Kubernetes start for each shard, and the rules by which
//! they start it again.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use serde_json::{Value, json};

use super::process::Program;
use super::site::Site;
use super::{SHARDS, recipe};
use crate::pfetch::Dir;
use crate::python::interpreter_with;

/// The URLs of a shard, where nothing is at once.
const FEW: usize = 10;

/// Has each shard run by its command, one after the other, twice; and checks what they leave behind.
fn run_all(site: &Site, shard: impl Fn(usize) -> Command) {
    site.go_on();
    let output = site.dir.path().join("said");
    let started = Instant::now();
    for number in 0..SHARDS {
        let (status, said) = Program::run(shard(number), output.clone());
        assert!(status.success(), "{number}: {status}: {said}");
    }
    let wall = started.elapsed();
    site.check(&site.replay(&["--format=jsonl"]).results(), 0, wall);
    let before = site.requests();
    for number in 0..SHARDS {
        let (status, said) = Program::run(shard(number), output.clone());
        assert!(status.success(), "{number}: {status}: {said}");
    }
    // The missing one is tried again.
    assert_eq!(site.requests(), before + 1);
    // By another clock, which has both starts and what was between them.
    site.check(
        &site.replay(&["--format=jsonl"]).results(),
        1,
        started.elapsed(),
    );
}

/// A program of this text, which can be run.
fn script(dir: &Dir, name: &str, text: &str) -> String {
    let path = dir.file(name, text);
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// A task of the array as Slurm starts it, in `cwd`.
fn slurm_task(cwd: &Path, list: &str, number: usize) -> Command {
    let mut command = Command::new("bash");
    command
        .arg(recipe("slurm.sbatch"))
        .arg(list)
        .current_dir(cwd)
        .env("SLURM_ARRAY_JOB_ID", "71")
        .env("SLURM_ARRAY_TASK_ID", number.to_string());
    command
}

#[test]
fn the_tasks_of_slurms_array_share_the_list_and_go_on_from_their_logs() {
    let site = Site::new(FEW);
    let list = site.dir.file("urls.txt", site.lists());
    fs::create_dir(site.out()).unwrap();
    run_all(&site, |number| {
        let mut command = slurm_task(&site.out(), &list, number);
        command.env("PFETCH", env!("CARGO_BIN_EXE_pfetch"));
        // As for a part of the array that is submitted again.
        command
            .env("SLURM_ARRAY_TASK_COUNT", "1")
            .env("SLURM_ARRAY_TASK_MIN", number.to_string());
        command
    });
    let text = fs::read_to_string(recipe("slurm.sbatch")).unwrap();
    let array = format!("#SBATCH --array=0-{}\n", SHARDS - 1);
    assert!(text.contains(&array), "{array} in\n{text}");
    assert!(text.contains(&format!("SHARDS={SHARDS}\n")), "{text}");
}

#[test]
fn a_task_of_slurm_is_requeued_where_that_is_worth_it_and_three_times_at_most() {
    let dir = Dir::new();
    let list = dir.file("urls.txt", "http://a/\n");
    script(&dir, "scontrol", "#!/bin/sh\necho \"$@\" >>requeued\n");
    let path = format!(
        "{}:{}",
        dir.path().display(),
        std::env::var("PATH").unwrap()
    );
    let requeued = || fs::read_to_string(dir.path().join("requeued")).unwrap_or_default();
    let mut expected = String::new();
    for code in [0, 1, 2, 3, 4, 137, 143] {
        let stub = script(&dir, "pfetch", &format!("#!/bin/sh\nexit {code}\n"));
        for restarts in [None, Some(2), Some(3)] {
            let mut command = slurm_task(dir.path(), &list, 5);
            command.env("PATH", &path).env("PFETCH", &stub);
            if let Some(count) = restarts {
                command.env("SLURM_RESTART_COUNT", count.to_string());
            }
            let (status, said) = Program::run(command, dir.path().join("said"));
            assert_eq!(status.code(), Some(code), "{said}");
            if matches!(code, 4 | 137 | 143) && restarts != Some(3) {
                expected += "requeue 71_5\n";
            }
            assert_eq!(requeued(), expected, "{code}, {restarts:?}: {said}");
        }
    }
}

/// The Job of the recipe for Kubernetes.
fn job() -> Value {
    let python = interpreter_with("yaml", "python3-yaml");
    let program =
        "import json, sys, yaml; json.dump(yaml.safe_load(open(sys.argv[1])), sys.stdout)";
    let output = Command::new(python)
        .args(["-c", program])
        .arg(recipe("kubernetes.yaml"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_job_of_kubernetes_has_an_index_for_each_shard_and_tries_again_what_is_worth_it() {
    let job = job();
    assert_eq!(job["apiVersion"], "batch/v1", "{job:#}");
    assert_eq!(job["kind"], "Job", "{job:#}");
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed", "{spec:#}");
    assert_eq!(spec["completions"], SHARDS, "{spec:#}");
    assert!(spec["backoffLimitPerIndex"].as_u64() > Some(0), "{spec:#}");
    // Both are needed for a policy of failures.
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["restartPolicy"], "Never", "{pod:#}");
    let on = |codes: &[u8]| json!({"containerName": pod["containers"][0]["name"], "operator": "In", "values": codes});
    let rules = json!([
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
        {"action": "FailIndex", "onExitCodes": on(&[2, 3])},
        {"action": "Count", "onExitCodes": on(&[4, 137, 143])},
    ]);
    assert_eq!(spec["podFailurePolicy"]["rules"], rules, "{spec:#}");
}

#[test]
fn the_pods_of_kubernetes_share_the_list_and_go_on_from_their_logs() {
    let site = Site::new(FEW);
    let out = site.out();
    fs::create_dir(&out).unwrap();
    site.dir.file("out/urls.txt", site.lists());
    symlink(env!("CARGO_BIN_EXE_pfetch"), site.dir.path().join("pfetch")).unwrap();
    let path = format!(
        "{}:{}",
        site.dir.path().display(),
        std::env::var("PATH").unwrap()
    );
    let job = job();
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        container["workingDir"],
        container["volumeMounts"][0]["mountPath"]
    );
    let words = container["command"].as_array().unwrap();
    let words: Vec<&str> = words.iter().map(|word| word.as_str().unwrap()).collect();
    run_all(&site, |number| {
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .current_dir(&out)
            .env("PATH", &path)
            .env("JOB_COMPLETION_INDEX", number.to_string());
        command
    });
}

#[test]
fn the_recipe_for_ray_can_be_compiled() {
    let program = "import sys; compile(open(sys.argv[1]).read(), sys.argv[1], 'exec')";
    let output = Command::new("python3")
        .args(["-c", program])
        .arg(recipe("ray.py"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[test]
fn each_recipe_is_told_of_in_the_guide() {
    let guide = include_str!("../../../src/guide/scale.md");
    for entry in fs::read_dir(recipe("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("examples/scale/{name}");
        assert!(guide.contains(&path), "{path}");
    }
}
