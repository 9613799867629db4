//! Archives and traces as Chromium's developer tools read them: the importer behind "Import HAR file…"
//! of their Network panel, and the model behind "Load profile…" of their Performance panel. Run with
//! `cargo test --features interop`.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::chromium::Browser;
use pfetch::model::event::{Event, Listener};
use pfetch::report::export::{Har, Trace};
use serde_json::{Value, json};

/// The tools, as a page whose modules can be asked.
struct DevTools {
    browser: Browser,
    _folder: tempfile::TempDir,
}

impl DevTools {
    fn open() -> Self {
        crate::peer::require("chromium", "chromium");
        let folder = tempfile::tempdir().expect("there is a place for temporary files");
        let mut browser = Browser::start(folder.path());
        let page = "devtools://devtools/bundled/devtools_app.html";
        browser.call("Page.navigate", json!({"url": page}));
        browser.until("location.protocol === 'devtools:' && document.readyState === 'complete'");
        DevTools {
            browser,
            _folder: folder,
        }
    }

    /// What this function makes of the module and of a report.
    #[track_caller]
    fn ask(&mut self, module: &str, function: &str, report: &Value) -> Value {
        self.browser.value(&format!(
            "import('devtools://devtools/bundled/models/{module}').then(module => \
             ({function})(module, {report}))"
        ))
    }
}

fn runs() -> Vec<Vec<Event>> {
    vec![
        crate::moments::small(),
        crate::moments::empty(),
        crate::moments::comparison(),
        crate::moments::hostile(),
        crate::moments::many(Instant::now(), 1000, 8).collect(),
    ]
}

fn tell(mut listener: impl Listener, events: &[Event]) {
    for event in events {
        listener.event(event).expect("memory can be written");
    }
    listener.close().expect("memory can be written");
}

fn parsed(report: &[u8]) -> Value {
    serde_json::from_slice(report).expect("it is JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

#[track_caller]
fn number(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// Requests as the Network panel has them.
const REQUESTS: &str = "(HAR, text) => HAR.Importer.Importer
    .requestsFromHARLog(new HAR.HARFormat.HARRoot(text).log)
    .map(request => ({
        url: request.url(), method: request.requestMethod, status: request.statusCode,
        size: request.resourceSize, finished: request.finished,
        start: request.startTime, end: request.endTime,
        headers: request.responseHeaders.length,
    }))";

#[test]
fn the_network_panel_shows_every_request_of_an_archive() {
    let mut tools = DevTools::open();
    for events in runs() {
        let mut out = Vec::new();
        tell(Har::new(&mut out), &events);
        let archive = parsed(&out);
        let shown = tools.ask("har/har.js", REQUESTS, &archive);
        let mut shown: Vec<&Value> = list(&shown).iter().collect();
        let mut entries: Vec<&Value> = list(&archive["log"]["entries"]).iter().collect();
        assert_eq!(shown.len(), entries.len());
        // The panel has them in the order of their starts, of which several are at once.
        shown.sort_by(|a, b| number(&a["start"]).total_cmp(&number(&b["start"])));
        shown.sort_by_key(|shown| shown["url"].as_str());
        entries.sort_by_key(|entry| {
            let start = entry["startedDateTime"].as_str();
            (entry["request"]["url"].as_str(), start)
        });
        for (shown, entry) in shown.into_iter().zip(entries) {
            let (request, response) = (&entry["request"], &entry["response"]);
            let told = format!("shown is {shown:#} of {entry:#}");
            assert_eq!(shown["url"], request["url"], "{told}");
            assert_eq!(shown["method"], request["method"], "{told}");
            assert_eq!(shown["status"], response["status"], "{told}");
            assert_eq!(shown["size"], response["content"]["size"], "{told}");
            assert_eq!(shown["finished"], true, "{told}");
            let headers = list(&response["headers"]).len();
            assert_eq!(shown["headers"], headers, "{told}");
            // The panel reckons in seconds since 1970, which leaves no more than microseconds.
            let length = number(&shown["end"]) - number(&shown["start"]);
            assert!(
                (length * 1e3 - number(&entry["time"])).abs() < 0.01,
                "{told}"
            );
        }
    }
}

/// Lanes as the Performance panel has them: each with its slices, and what lies within what.
const LANES: &str = "async (Trace, text) => {
    const model = Trace.TraceModel.Model.createWithAllHandlers();
    await model.parse(text.traceEvents, {isFreshRecording: false});
    const {Meta, Renderer} = model.parsedTrace(0).data;
    const lanes = [];
    for (const [pid, {threads}] of Renderer.processes) {
        for (const [tid, {name, entries}] of threads) {
            const slices = entries.map(entry => ({
                name: entry.name, ts: entry.ts, dur: entry.dur,
                within: Renderer.entryToNode.get(entry).parent?.entry.name ?? null,
            }));
            lanes.push({pid, tid, name, slices});
        }
    }
    return {from: Meta.traceBounds.min, until: Meta.traceBounds.max, lanes};
}";

#[test]
fn the_performance_panel_shows_every_slice_of_a_trace_in_its_lane() {
    let mut tools = DevTools::open();
    for events in runs() {
        let mut out = Vec::new();
        tell(Trace::new(&mut out), &events);
        let trace = parsed(&out);
        let shown = tools.ask("trace/trace.js", LANES, &trace);

        let (mut names, mut slices) = (BTreeMap::new(), BTreeMap::<_, Vec<&Value>>::new());
        for event in list(&trace["traceEvents"]) {
            let lane = (event["pid"].as_u64(), event["tid"].as_u64());
            if event["ph"] == "X" {
                slices.entry(lane).or_default().push(event);
            } else if event["name"] == "thread_name" {
                names.insert(lane, &event["args"]["name"]);
            }
        }
        // A time of 0 is none to the panel. Only a made-up run begins with its first request.
        let all = || slices.values().flatten().filter(|event| event["ts"] != 0);
        let end = |event: &Value| number(&event["ts"]) + number(&event["dur"]);
        let from = all().map(|event| number(&event["ts"])).reduce(f64::min);
        let until = all().map(|event| end(event)).reduce(f64::max);
        assert_eq!(shown["from"].as_f64(), from);
        assert_eq!(shown["until"].as_f64(), until);

        assert_eq!(list(&shown["lanes"]).len(), slices.len());
        for lane in list(&shown["lanes"]) {
            let key = (lane["pid"].as_u64(), lane["tid"].as_u64());
            assert_eq!(&lane["name"], names[&key]);
            let key_of = |slice: &Value| {
                let text = slice["name"].as_str().expect("a name").to_owned();
                (slice["ts"].as_i64(), slice["dur"].as_i64(), text)
            };
            let mut expected: Vec<_> = slices[&key].iter().map(|slice| key_of(slice)).collect();
            let mut found: Vec<_> = list(&lane["slices"]).iter().map(key_of).collect();
            expected.sort();
            found.sort();
            assert_eq!(found, expected);
            // An attempt lies within nothing, a phase within its attempt. A slice of no length is
            // on the border of two, and may be put within either.
            let is_attempt = |name: &Value| {
                slices[&key]
                    .iter()
                    .any(|slice| slice["name"] == *name && slice["cat"] != "phase")
            };
            let lasting = list(&lane["slices"])
                .iter()
                .filter(|slice| slice["dur"] != 0);
            for slice in lasting {
                let within = &slice["within"];
                // A made-up run has the same attempt twice, with the same phases.
                let is_double = *within == slice["name"];
                let is_right = match is_attempt(&slice["name"]) {
                    true => within.is_null(),
                    false => is_attempt(within),
                };
                assert!(is_right || is_double, "{slice}");
            }
        }
    }
}
