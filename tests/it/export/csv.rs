//! The table.

use pfetch::model::text::escape;
use pfetch::report::export::Export;

use crate::export::events::{HOSTILE, MS, comparison, exported, faster, hostile, outcomes, run};

const HEADINGS: &str = "index,url,final_url,action,outcome,status,http_version,attempts,bytes,\
    wire_bytes,remote,reused,worker,started_at,elapsed,blocked,dns,connect,ssl,send,wait,receive,\
    total,ttfb,redirects,saved_path,saved_bytes,sha256,resumed_from,error_kind,error_phase,\
    error_message,arm,pair,content_type,workers,busy,start_delay\r\n";

#[test]
fn a_result_is_a_row() {
    let ab = "ab".repeat(32);
    let known = "1,1256,1500,127.0.0.1:80,false,3,1970-01-01T00:00:01.500000Z";
    let rows = [
        format!("0,http://a.example/,,get,ok,200,HTTP/1.1,{known},0.05,0.001,,0.003,,0,,0.046,0.05,0.004,0,,,,,,,,,"),
        format!("1,http://a.example/b,https://c.example/new,get,ok,200,HTTP/1.1,{known},0.07,0.001,,0.003,,0,,0.066,0.07,0.004,1,d/b,1256,{ab},56,,,,,"),
        format!("2,http://a.example/c,,get,unchanged,304,HTTP/1.1,{},0.02,0.001,,0.003,,0,,0.016,0.02,0.004,0,d/b,1256,{ab},56,,,,,", known.replace("1,1256", "1,0")),
        format!("3,http://a.example:8080/missing,,get,failed,404,HTTP/1.1,{known},0.03,0.001,,0.003,,0,,0.026,0.03,0.004,0,,,,,status,,not found,,"),
        "4,http://[::1]/,,head,failed,,,2,0,7,,,,1970-01-01T00:00:02.500000Z,11.2,,,10,,,,,10,,0,,,,,timeout,connect,timed out,,".to_owned(),
        "5,http://a.example/full,,get,failed,,,0,0,,,,,,,,,,,,,,,,0,,,,,disk-full,,no space left,,".to_owned(),
        "6,http://d.example/,,get,skipped,,,0,0,,,,,,,,,,,,,,,,0,,,,,stopped,,stopped before it was started,,".to_owned(),
    ];
    // What no worker was busy with has no such time.
    let busy = ["0.05", "0.07", "0.02", "0.03", "11", "", ""];
    let rows = rows.iter().zip(busy);
    let expected: String = rows
        .map(|(row, busy)| format!("{row},,,{busy},\r\n"))
        .collect();
    let text = exported(Export::Csv, &run(outcomes(), Some(80 * MS)));
    assert_eq!(text, format!("{HEADINGS}{expected}"));
}

#[test]
fn an_empty_run_has_headings() {
    assert_eq!(exported(Export::Csv, &run(Vec::new(), None)), HEADINGS);
}

#[test]
fn rows_of_a_comparison_say_their_arm_and_pair() {
    let text = exported(Export::Csv, &comparison(faster()));
    let mut table = csv::Reader::from_reader(text.as_bytes());
    let column = |name: &str, table: &mut csv::Reader<&[u8]>| {
        let headers = table.headers().unwrap();
        headers.iter().position(|heading| heading == name).unwrap()
    };
    let columns = ["arm", "pair", "workers"].map(|name| column(name, &mut table));
    let ends: Vec<String> = table
        .records()
        .map(|row| {
            let row = row.unwrap();
            columns.map(|column| row[column].to_owned()).join(",")
        })
        .collect();
    assert_eq!(
        ends,
        [
            "serial,0,4",
            "serial,1,4",
            "parallel,1,4",
            "parallel,2,4",
            "serial,2,4"
        ]
    );
}

/// Rule: text from the network is escaped before a person sees it, in CSV too (GHSA-364c-vvqx-446c).
#[test]
fn text_cannot_leave_its_cell_nor_become_a_formula() {
    let text = exported(Export::Csv, &hostile());
    let plain = |c: char| !c.is_control() || c == '\r' || c == '\n';
    assert!(text.chars().all(plain), "{text:?}");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), HOSTILE.len());
    for (row, hostile) in rows.iter().zip(HOSTILE) {
        // URL, final URL, path and message.
        for column in [1, 2, 25, 31] {
            let cell = &row[column];
            assert!(!cell.starts_with(['=', '+', '-', '@', '＝']), "{cell}");
            assert_eq!(cell.trim_start_matches('\''), escape(hostile));
        }
    }
    assert!(rows[0][1].starts_with("'=cmd"), "{:?}", rows[0]);
}
