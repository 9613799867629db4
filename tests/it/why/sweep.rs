//! A sweep says why more workers than are enough gain no more.

use super::servers::{Bottleneck, Limited};
use crate::busy::certainly;
use crate::pfetch::{Dir, Run, pfetch};

/// Sweeps over a server, with the report in a file.
fn swept(bottleneck: Bottleneck, counts: &str, dir: &Dir) -> (Run, Limited) {
    let server = Limited::start(bottleneck);
    let list: String = (0..16)
        .map(|n| server.url(&format!("/delay/20/100?{n}")) + "\n")
        .collect();
    let (sweep, jsonl) = (format!("--sweep={counts}"), dir.path().join("report.jsonl"));
    let export = format!("--export={}", jsonl.display());
    let args = [sweep.as_str(), &export, "--runs=3", "--warmup=0", "-"];
    (pfetch(&args).stdin(list).run().exits(0), server)
}

#[test]
fn the_reason_at_the_knee_is_told_in_reports_and_in_their_replay() {
    let (_, (run, server, dir)) = certainly(|| {
        let dir = Dir::new();
        let (run, server) = swept(Bottleneck::AtOnce(2), "1,2,8", &dir);
        let is_found = run.stdout.contains(" answers about 2 requests at a time");
        (is_found, (run, server, dir))
    });
    let url = server.url("");
    let host = url.strip_prefix("http://").unwrap();
    let told = format!("  why        with 8 workers: {host} answers about 2 requests at a time (");
    let run = run.prints(&told);
    run.check("once", run.stdout.matches("  why   ").count() == 1);
    let jsonl = dir.path().join("report.jsonl").display().to_string();
    pfetch(&["--replay", jsonl.as_str()])
        .run()
        .exits(0)
        .prints(&told);
}

#[test]
fn a_sweep_whose_knee_is_the_most_that_was_tried_says_nothing() {
    let dir = Dir::new();
    let (_, run) = certainly(|| {
        let (run, _) = swept(Bottleneck::None, "1,4", &dir);
        (!run.stdout.contains("  why   "), run)
    });
    run.check("nothing", !run.stdout.contains("  why   "));
}
