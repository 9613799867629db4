//! The tests of `spool`.

use http::{HeaderMap, HeaderValue};

use super::*;
use crate::http::Naming;
use crate::model::meta::Meta;
use crate::model::save_path::SavePath;
use crate::model::target::{DefaultScheme, Location, Target, Verb};

fn job(index: u64, url: &str) -> Job {
    let location = Location::parse(url, DefaultScheme::Http).expect("a URL");
    Job::new(
        Arc::new(Target {
            index,
            location,
            verb: Verb::Get,
            headers: None,
            output: None,
            sha256: None,
            meta: None,
        }),
        None,
    )
}

fn push(spool: &mut Spool, job: &Job) {
    spool.push(job).expect("there is room on the disk");
}

fn pop(spool: &mut Spool, origin: &str) -> Option<Job> {
    spool.pop(origin).expect("it was written here")
}

#[test]
fn each_origin_gets_its_targets_back_in_their_order() {
    let mut spool = Spool::default();
    for index in 0..1000 {
        let long = "x".repeat(usize::try_from(index % 700).expect("small"));
        push(
            &mut spool,
            &job(index, &format!("http://h{}/{index}{long}", index % 3)),
        );
    }
    assert!(!spool.is_empty());
    for (host, others) in [(1, [0, 2]), (0, [2, 2]), (2, [2, 2])] {
        let origin = format!("http://h{host}");
        for place in 0.. {
            let Some(job) = pop(&mut spool, &origin) else {
                assert_eq!(place, if host == 0 { 334 } else { 333 });
                break;
            };
            assert_eq!(job.target.index, place * 3 + host);
            assert!(
                job.target
                    .location
                    .text()
                    .starts_with(&format!("{origin}/"))
            );
        }
        assert!(!spool.has(&origin));
        for other in others.iter().filter(|other| **other != host) {
            assert!(spool.has(&format!("http://h{other}")));
        }
    }
    assert!(spool.is_empty());
    let length = spool
        .file
        .as_ref()
        .expect("a file")
        .metadata()
        .expect("metadata")
        .len();
    assert_eq!(length, 0, "the space of an empty spool is given back");
    push(&mut spool, &job(7, "http://h/"));
    assert_eq!(
        pop(&mut spool, "http://h").map(|job| job.target.index),
        Some(7)
    );
}

#[test]
fn there_is_room_up_to_the_bytes_and_the_targets_and_none_after_a_failure() {
    for (end, has_room) in [(0, true), (MAX_BYTES - 1, true), (MAX_BYTES, false)] {
        let spool = Spool {
            end,
            ..Spool::default()
        };
        assert_eq!(spool.has_room(0), has_room, "{end} bytes");
    }
    let mut spool = Spool::default();
    let chain = Chain { first: 1, last: 1 };
    for number in 1..=MAX_ORIGINS {
        spool
            .chains
            .insert(format!("http://h{number}").into(), chain);
        let has_room = number < MAX_ORIGINS;
        assert_eq!(spool.has_room(0), has_room, "{number} origins");
    }
    let failed = Spool {
        has_failed: true,
        ..Spool::default()
    };
    assert!(!failed.has_room(0));
    let spool = Spool::default();
    assert!(spool.has_room(MAX_IN_MEMORY - 1));
    assert!(!spool.has_room(MAX_IN_MEMORY));
}

#[test]
fn a_target_comes_back_with_all_that_its_line_says() {
    let mut secret = HeaderValue::from_static("Bearer S");
    secret.set_sensitive(true);
    let mut headers = HeaderMap::new();
    headers.append("x-one", HeaderValue::from_static("1"));
    headers.append("x-one", HeaderValue::from_bytes(b"\xe4").expect("a value"));
    headers.append("authorization", secret);
    let location = Location::parse("http://user:pass@h:8080/a?b#c", DefaultScheme::Http);
    let target = Target {
        index: u64::MAX,
        location: location.expect("a URL"),
        verb: Verb::Head,
        headers: Some(Box::new(headers)),
        output: Some(SavePath::parse("a/b.txt").expect("a path")),
        sha256: Some(Box::new([7; 32])),
        meta: Meta::parse(r#"{"id": 12345678901234567890123}"#),
    };
    let place = SavePath::parse("c/d").expect("a path");
    for naming in [
        Naming::Requested,
        Naming::Late,
        Naming::Other(SavePath::parse("e").expect("a path")),
    ] {
        let mut spool = Spool::default();
        let file = Some((place.clone(), naming));
        let before = Job::new(Arc::new(target.clone()), file);
        let expected = format!("{before:?}");
        push(&mut spool, &before);
        let after = pop(&mut spool, "http://h:8080").expect("it is there");
        assert_eq!(format!("{after:?}"), expected);
        let secret = after.target.location.authorization();
        assert_eq!(secret, target.location.authorization());
        assert_eq!(after.target.headers, target.headers);
    }
}

#[test]
fn all_targets_are_taken_whatever_their_origins() {
    let mut spool = Spool::default();
    for index in 0..50 {
        push(&mut spool, &job(index, &format!("http://h{}/", index % 7)));
    }
    let mut taken = Vec::new();
    while let Some(job) = spool.pop_any().expect("it was written here") {
        taken.push(job.target.index);
    }
    taken.sort_unstable();
    assert_eq!(taken, (0..50).collect::<Vec<_>>());
}
