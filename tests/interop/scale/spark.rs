//! Spark: a master and two workers, of which one loses its executor in the middle of a shard.

#![expect(
    clippy::unwrap_used,
    reason = "what is not as expected fails the test, as it should"
)]

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::process::{Processes, Program, kill};
use super::site::{HELD, Site};
use super::{SHARDS, recipe, urls_of_a_shard};
use crate::daemon::free_port;
use crate::peer::require;
use crate::python::interpreter_with;

/// The options of all its virtual machines, which do little and should start soon.
const JAVA_OPTIONS: &str = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC";

/// An installed Spark.
struct Spark {
    home: PathBuf,
    python: &'static str,
}

impl Spark {
    fn find() -> Self {
        require("java", "default-jre-headless");
        let python = interpreter_with(
            "pyspark",
            "pyspark (.ci/run puts it into target/interop-python)",
        );
        let program = "import pyspark; print(pyspark.__path__[0])";
        let output = Command::new(python).args(["-c", program]).output().unwrap();
        let home = String::from_utf8(output.stdout).unwrap();
        Spark {
            home: PathBuf::from(home.trim_end()),
            python,
        }
    }

    /// One of its programs, all of whose files lie in this folder.
    fn command(&self, program: &str, dir: &Path) -> Command {
        let mut command = Command::new(self.home.join("bin").join(program));
        command
            .current_dir(dir)
            .env("SPARK_HOME", &self.home)
            .env("SPARK_LOCAL_DIRS", dir)
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("SPARK_DAEMON_MEMORY", "256m")
            .env("SPARK_DAEMON_JAVA_OPTS", JAVA_OPTIONS)
            .env("PYSPARK_PYTHON", self.python)
            .env("PYSPARK_DRIVER_PYTHON", self.python);
        command
    }

    fn start(&self, class: &str, args: &[&str], dir: &Path, output: &str) -> Program {
        let mut command = self.command("spark-class", dir);
        command
            .arg(format!("org.apache.spark.deploy.{class}"))
            .args(args);
        Program::start(command, dir.join(output))
    }
}

/// A master and its workers.
struct Cluster {
    url: String,
    workers: Vec<Program>,
    _master: Program,
}

impl Cluster {
    fn start(spark: &Spark, dir: &Path) -> Self {
        let port = free_port();
        let text = port.to_string();
        let args = ["--host", "127.0.0.1", "--port", &text, "--webui-port", "0"];
        let mut master = spark.start("master.Master", &args, dir, "master");
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            master.check_that_it_runs();
            std::thread::park_timeout(Duration::from_millis(50));
        }
        let url = format!("spark://127.0.0.1:{port}");
        let worker = |host: &str| {
            let args = [
                &["--host", host, "--webui-port", "0"][..],
                // One process of pfetch at one time.
                &["--cores", "1", "--memory", "600m", "--work-dir", host, &url],
            ];
            spark.start(
                "worker.Worker",
                &args.concat(),
                dir,
                &format!("worker-{host}"),
            )
        };
        Cluster {
            workers: ["127.0.0.2", "127.0.0.3"].map(worker).into(),
            url,
            _master: master,
        }
    }

    /// The executor of the process whose arguments have this text in them.
    fn executor_of(&self, text: &str) -> u32 {
        let processes = Processes::now();
        let program = format!("{} -j", env!("CARGO_BIN_EXE_pfetch"));
        let found = processes.with(&[&program, text]);
        let [pfetch] = found[..] else {
            panic!("not one process with {text}: {found:?}");
        };
        let executors = processes.with(&["CoarseGrainedExecutorBackend"]);
        let is_it = |executor: &u32| {
            let of_workers = |worker: &Program| processes.is_below(*executor, worker.pid());
            processes.is_below(pfetch, *executor) && self.workers.iter().any(of_workers)
        };
        executors.into_iter().find(is_it).unwrap()
    }
}

/// The recipe, submitted to the cluster.
fn submit(spark: &Spark, cluster: &Cluster, site: &Site) -> Command {
    let lists = site.dir.path().join("lists/*");
    let mut command = spark.command("spark-submit", site.dir.path());
    for conf in [
        // An empty file is to be a shard.
        "spark.hadoopRDD.ignoreEmptySplits=false",
        "spark.ui.enabled=false",
        "spark.executor.memory=512m",
        "spark.driver.memory=512m",
        &format!("spark.executor.extraJavaOptions={JAVA_OPTIONS}"),
        &format!("spark.driver.extraJavaOptions={JAVA_OPTIONS}"),
    ] {
        command.args(["--conf", conf]);
    }
    command
        .args(["--master", &cluster.url])
        .args([&recipe("spark.py"), &lists, &site.out()])
        .env("PFETCH", env!("CARGO_BIN_EXE_pfetch"))
        // A file each.
        .env("SHARDS", "1");
    command
}

fn rows(site: &Site) -> Vec<Value> {
    let parts = fs::read_dir(site.out().join("rows")).unwrap();
    let parts = parts.map(|part| part.unwrap().path());
    let is_part = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("part-")
    };
    let texts = parts
        .filter(is_part)
        .map(|path| fs::read_to_string(path).unwrap());
    let parse = |text: String| -> Vec<Value> {
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    texts.flat_map(parse).collect()
}

#[test]
fn spark_loses_nothing_when_an_executor_is_killed() {
    let spark = Spark::find();
    let site = Site::new(urls_of_a_shard());
    let dir = site.dir.path();
    fs::create_dir(dir.join("lists")).unwrap();
    for shard in 0..SHARDS {
        site.dir
            .file(&format!("lists/{shard:05}"), site.list(shard));
    }
    let cluster = Cluster::start(&spark, dir);

    let started = Instant::now();
    let mut running = Program::start(submit(&spark, &cluster, &site), dir.join("said"));
    let log = format!("logs/{HELD:05}.log");
    site.wait_for_the_middle(&mut running, &site.out().join(&log));
    kill(cluster.executor_of(&format!("/{log} ")));
    site.go_on();
    let (status, said) = running.end();
    let wall = started.elapsed();
    assert!(status.success(), "{status}: {said}");
    site.check(&rows(&site), 1, wall);

    let runs = |shard| site.runs_in(&format!("{shard:05}.jsonl"));
    let all: Vec<usize> = (0..SHARDS).map(runs).collect();
    assert!(all[HELD] > 1, "it was not killed within its shard: {all:?}");
    assert!(all.iter().all(|runs| *runs > 0), "{all:?}");
    let out = site.out().display().to_string();
    let left = Processes::now().with(&[env!("CARGO_BIN_EXE_pfetch"), &out, "--log"]);
    assert!(left.is_empty(), "processes that are left: {left:?}");
}
