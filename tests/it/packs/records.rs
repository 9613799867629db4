//! The results in packs: those of the report, though workers have encoded most of them before a run concluded them.

use std::collections::BTreeMap;
use std::sync::Mutex;

use ring::digest::{SHA256, digest};
use serde_json::Value;

use super::{Place, members, once};
use crate::server::{Server, bytes, routes};

#[test]
fn the_result_of_a_member_is_that_of_the_report() {
    let seen: Mutex<BTreeMap<String, usize>> = Mutex::default();
    let server = Server::with(move |request, reply| {
        let mut seen = seen.lock().unwrap();
        let count = seen.entry(request.target.clone()).or_default();
        *count += 1;
        let is_first = *count == 1;
        drop(seen);
        match request.target.as_str() {
            "/late" if is_first => reply.send(503, "", b""),
            "/busy" if is_first => reply.send(429, "Retry-After: 0\r\n", b""),
            "/late" | "/busy" => reply.send(200, "", b"x"),
            _ => routes(request, reply),
        }
    });
    let sum: String = digest(&SHA256, &bytes(7))
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (plain, moved) = (server.url("/bytes/5"), server.url("/redirect/1"));
    let list = [
        plain.clone(),
        server.url("/late"),
        server.url("/busy"),
        moved,
        format!(r#"{{"url":"{plain}","meta":{{"row":[1,2.50]}}}}"#),
        format!(r#"{{"url":"{}","sha256":"{sum}"}}"#, server.url("/bytes/7")),
        format!(r#"{{"url":"{plain}","headers":{{"X-Part":"1"}}}}"#),
    ];
    for order in ["input", "completion"] {
        let place = Place::new();
        let order = format!("--order={order}");
        let args = ["-j3", "--retry-delay=1ms", "--format=jsonl", &order];
        let run = place.packing("tar=out/p-%d.tar", &args);
        let run = run.stdin(list.join("\n")).run().exits(0);
        let members = members(&place.at("out"));
        let results = run.results();
        run.check("a result for each", results.len() == list.len());
        for mut expected in results {
            let fields = expected.as_object_mut().unwrap();
            fields.remove("run");
            let key = format!("{:010}", fields["index"].as_u64().unwrap());
            let found = once(&members, &format!("{key}.json"), &run);
            let found: Value = serde_json::from_slice(found).unwrap();
            run.check(&format!("{found} is {expected}"), found == expected);
        }
    }
}
