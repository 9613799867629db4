//! `meta` in a line of a list: JSON that comes back with the result, wherever that goes.

use std::fs;

use serde_json::Value;

use crate::pfetch::{Dir, pfetch};
use crate::server::Server;

/// JSON that parsing would change: the order of keys, a key given twice, numbers, blanks, escapes.
const META: &str = r#"{ "b":1.0e2,"a" : [123456789012345678901234567890,-0], "b":"\u00e9\/ é\n" }"#;

/// A server that finds all but `/404`.
fn server() -> Server {
    Server::with(|request, reply| match &*request.target {
        "/404" => reply.send(404, "", b""),
        _ => reply.send(200, "", b"x"),
    })
}

fn line(url: &str, meta: &str) -> String {
    format!("{{\"url\": \"{url}\", \"meta\": {meta}}}\n")
}

#[test]
fn meta_comes_back_as_it_was_written() {
    let (server, dir) = (server(), Dir::new());
    let bad = "ftp://h/";
    let list = [
        line(&server.url("/ok"), META),
        line(&server.url("/404"), "7.50"),
        line(bad, "[ ]"),
        line(&server.url("/null"), "null"),
        format!("{}\n", server.url("/plain")),
    ];
    let list = dir.file("list", list.concat());
    let args = [
        "--format=jsonl",
        "--order=input",
        "--retry=0",
        "--log=log",
        "--export=json=run.json",
        "-i",
        &list,
    ];
    let run = |more: &[&str]| {
        let args = [&args[..], more].concat();
        pfetch(&args).current_dir(dir.path()).run().exits(1)
    };
    let expected = [META, "7.50", "[ ]", "null", "null"];
    let check = |text: &str, kind: &str| {
        let results: Vec<&str> = text
            .lines()
            .filter(|line| line.contains("\"final_url\":"))
            .collect();
        assert_eq!(results.len(), expected.len(), "{kind}: {text}");
        for (result, meta) in results.iter().zip(expected) {
            let has = result.contains(&format!("\"meta\":{meta},"));
            assert!(has, "{kind}: no {meta} in {result}");
        }
    };
    let first = run(&[]);
    check(&first.stdout, "JSON Lines");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).expect("it was written");
    check(&read("run.json"), "JSON");
    let report = dir.file("first.jsonl", &first.stdout);
    let replayed = pfetch(&["--format=jsonl", "--replay", &report])
        .run()
        .exits(0);
    check(&replayed.stdout, "replayed");
    let log = read("log");
    let logged = |line: &&str| line.contains(&format!(",\"meta\":{META}}}"));
    assert_eq!(log.lines().filter(logged).count(), 1, "{log}");
    assert_eq!(log.matches("\"meta\"").count(), 2, "{log}");
    // As an older run left it: the list says it again.
    dir.file("log", log.replace(&format!(",\"meta\":{META}"), ""));
    let again = run(&["--resume"]);
    check(&again.stdout, "resumed");
    again.check("done", again.results()[0]["outcome"] == "done");
}

#[test]
fn meta_over_several_lines_leaves_a_result_on_one() {
    let server = server();
    let list = line(&server.url("/ok"), "{\n\"a\":\r\n1}").into_bytes();
    let run = pfetch(&["-0", "--format=jsonl", "-"])
        .stdin(list)
        .run()
        .exits(0);
    run.check(
        "as JSON",
        run.result()["meta"] == serde_json::json!({"a": 1}),
    );
    run.check("three lines", run.stdout.lines().count() == 3);
}

#[test]
fn meta_has_a_limit() {
    let server = server();
    let of = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let list = line(&server.url("/ok"), &of(65_536)) + &line(&server.url("/ok"), &of(65_537));
    let run = pfetch(&["--format=jsonl", "--order=input", "-"])
        .stdin(list)
        .run()
        .exits(1);
    let results = run.results();
    run.check("whole", results[0]["meta"] == "x".repeat(65_534));
    let error = &results[1]["error"]["message"];
    let expected = "<stdin>:2: meta: it has 65537 bytes; at most 65536 are carried along";
    run.check("a reason", error == expected);
    assert_eq!(server.requests(), 1);
}

#[test]
fn an_unknown_key_is_refused_with_the_known_ones_and_meta_among_them() {
    let run = pfetch(&["--format=jsonl", "-"])
        .stdin(r#"{"url": "http://h/", "caption": "a cat"}"#)
        .run()
        .exits(1);
    let error = run.result()["error"]["message"].to_string();
    run.check(
        "the key",
        error.contains("there is no field \\\"caption\\\""),
    );
    run.check("meta", error.contains(", meta"));
    run.check("none is kept", run.result()["meta"] == Value::Null);
}

#[test]
fn targets_that_wait_on_disk_keep_their_meta() {
    let (server, other) = (server(), server());
    // Far more than are looked ahead wait for their one turn at a host, beside another that has work.
    let mut list: String = (0..1500)
        .map(|n| line(&server.url("/ok"), &n.to_string()))
        .collect();
    list += &line(&other.url("/ok"), "1500");
    let args = ["--format=jsonl", "-j2", "--per-host=1", "-"];
    let run = pfetch(&args).stdin(list).run().exits(0);
    for result in run.results() {
        run.check("its own", result["meta"] == result["index"]);
    }
}
