//! Inputs that are read several times, as the run takes them.

use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::super::{Item, Message, NextInput, Shard, ShardBy, Sharding, Source};
use super::*;

fn times(number: u64) -> InputConfig {
    InputConfig {
        repeat: Repeat::Times(NonZeroU64::new(number).expect("it is no zero")),
        ..InputConfig::default()
    }
}

fn endless() -> InputConfig {
    InputConfig {
        repeat: Repeat::Endless,
        ..InputConfig::default()
    }
}

fn list_of(file: &File) -> List {
    List {
        name: "list".to_owned(),
        bytes: Box::new(io::empty()),
        file: ListFile::of(file),
    }
}

fn list(text: &str) -> List {
    let mut file = tempfile::tempfile().expect("there is a place for temporary files");
    file.write_all(text.as_bytes()).expect("there is room");
    file.rewind().expect("a file can be rewound");
    list_of(&file)
}

fn source(arguments: &[&str], lists: Vec<List>, config: InputConfig) -> Source {
    Source::new(arguments, lists, config).expect("a thread can be started")
}

/// Takes what comes next, waiting for it.
fn next(source: &mut Source) -> NextInput {
    loop {
        match source.next() {
            NextInput::Wait => source.wait(),
            next => return next,
        }
    }
}

/// What comes next, in a word: the index and the URL of a target, `bad`, `unreadable`, `rewritten` or `end`.
fn word(next: &NextInput) -> String {
    match next {
        NextInput::Item(Item::Target(target)) => {
            format!("{} {}", target.index, target.location.text())
        }
        NextInput::Item(Item::Bad(bad)) => format!("{} bad", bad.index),
        NextInput::Item(Item::Elsewhere(target)) => format!("{} elsewhere", target.index),
        NextInput::Unreadable(_) => "unreadable".to_owned(),
        NextInput::Rewritten(_) => "rewritten".to_owned(),
        NextInput::Wait => "wait".to_owned(),
        NextInput::End => "end".to_owned(),
    }
}

/// All that comes, to the end.
fn all(mut source: Source) -> Vec<String> {
    let mut words = Vec::new();
    loop {
        let word = word(&next(&mut source));
        if word == "end" {
            return words;
        }
        words.push(word);
    }
}

#[test]
fn each_round_has_all_arguments_and_lists_in_their_order() {
    let lists = vec![
        list("http://h/b\n# comment\n\nftp://bad\n"),
        list("http://h/c"),
    ];
    let mut source = source(&["http://h/a"], lists, times(3));
    let mut words = Vec::new();
    for _ in 0..12 {
        words.push(word(&next(&mut source)));
    }
    let round = ["http://h/a", "http://h/b", "bad", "http://h/c"];
    let expected: Vec<String> = (0..12)
        .map(|index| format!("{index} {}", round[index % 4]))
        .collect();
    assert_eq!(words, expected);
    assert_eq!(word(&next(&mut source)), "end");
    assert_eq!(source.total(), Some(12));
    assert_eq!(source.round(), Some(4));
}

#[test]
fn as_many_items_are_counted_as_there_are_in_all_rounds() {
    let text = "http://h/1\n# c\nh\nhttp://other/\n\nftp://bad\n".repeat(40);
    let shards = |by| {
        (0..3).map(move |number| {
            let shard = Shard::new(number, 3).expect("it is one of three");
            Some(Sharding { shard, by })
        })
    };
    let shards = shards(ShardBy::Line).chain(shards(ShardBy::Host));
    for sharding in shards.chain([None]) {
        for arguments in [&[][..], &["http://h/a", "h/b"]] {
            let config = InputConfig {
                sharding,
                ..times(20)
            };
            let mut source = source(arguments, vec![list(&text), list("h/z")], config);
            // Longer than what is read ahead, so that it is counted before it has been read; the shard of a host may be
            // shorter, and needs no count.
            let counted = source.count().and_then(|count| count.recv().ok());
            let may_be_short = sharding.is_some_and(|sharding| sharding.by == ShardBy::Host);
            assert!(counted.is_some() || may_be_short, "{config:?}");
            let mut read = 0;
            while !matches!(next(&mut source), NextInput::End) {
                read += 1;
            }
            assert_eq!(counted.unwrap_or(read), read, "{config:?} {arguments:?}");
            assert_eq!(source.total(), Some(read), "{config:?} {arguments:?}");
        }
    }
}

#[test]
fn rounds_have_the_same_items_as_a_list_that_has_the_lines_so_often() {
    let round = "http://a/\nhttp://b/\nftp://bad\nhttp://c/\nhttp://d/\n";
    for by in [ShardBy::Line, ShardBy::Host] {
        for number in 0..3 {
            let shard = Shard::new(number, 3).expect("it is one of three");
            for names_files in [false, true] {
                let config = InputConfig {
                    sharding: Some(Sharding { shard, by }),
                    names_files,
                    ..times(4)
                };
                let repeated = all(source(&[], vec![list(round)], config));
                let config = InputConfig {
                    repeat: Repeat::default(),
                    ..config
                };
                let long = [list(&round.repeat(4))].map(|list| List {
                    bytes: Box::new(io::Cursor::new(round.repeat(4))),
                    ..list
                });
                let expected = all(source(&[], Vec::from(long), config));
                assert_eq!(repeated, expected, "{config:?}");
            }
        }
    }
}

#[test]
fn an_input_without_an_end_is_read_no_further_than_the_run_needs() {
    for (arguments, lists) in [
        (&["http://h/"][..], vec![]),
        (&[], vec![list("http://h/\n")]),
    ] {
        let mut source = source(arguments, lists, endless());
        for index in 0..5_000 {
            assert_eq!(word(&next(&mut source)), format!("{index} http://h/"));
        }
        assert!(source.count().is_none(), "there is nothing to count");
        assert_eq!((source.total(), source.round()), (None, Some(1)));
        let receiver = source.receiver().expect("there is more to come").clone();
        let ahead = source.close().count();
        // The reader fills what room there is, and waits.
        let waiting = receiver.capacity().expect("it is bounded");
        assert!(ahead <= 128 && waiting <= 4, "{ahead}, {waiting}");
    }
}

#[test]
fn rounds_shorter_than_a_batch_fill_it() {
    let source = source(&["http://h/a"], vec![list("http://h/b\n")], endless());
    let messages = source.receiver().expect("there is more to come");
    for _ in 0..3 {
        match messages.recv() {
            Ok(Message::Items(items)) => assert_eq!(items.len(), 128),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_round_without_a_target_is_the_last_of_an_endless_input() {
    for (text, expected) in [
        ("", &[][..]),
        ("# comment\n\n", &[]),
        ("ftp://bad\nhttp://\n", &["0 bad", "1 bad"]),
        ("h\0", &["unreadable"]),
    ] {
        let words = all(source(&[], vec![list(text)], endless()));
        assert_eq!(words, expected, "{text:?}");
    }
    let words = all(source(&["ftp://bad"], Vec::new(), endless()));
    assert_eq!(words, ["0 bad"]);
    // And an empty one of any other: it may have very many.
    let words = all(source(&[], vec![list("# comment\n")], times(u64::MAX)));
    assert_eq!(words, [""; 0]);
}

#[test]
fn a_list_that_cannot_be_read_is_told_of_once_and_left_out_of_later_rounds() {
    let lists = vec![list("http://h/a\n"), list("\0\n"), list("http://h/b\n")];
    let words = all(source(&[], lists, times(3)));
    let expected = [
        "0 http://h/a",
        "unreadable",
        "1 http://h/b",
        "2 http://h/a",
        "3 http://h/b",
        "4 http://h/a",
        "5 http://h/b",
    ];
    assert_eq!(words, expected);
}

/// A file with this text, opened to be read.
fn open(path: &Path, text: &str) -> File {
    fs::write(path, text).expect("there is room");
    File::open(path).expect("it is there")
}

#[test]
fn a_list_that_is_written_to_is_read_as_it_is_by_then_and_told_of_once() {
    let dir = tempfile::tempdir().expect("there is room");
    let path = dir.path().join("list");
    let file = open(&path, "http://h/old\n");
    let mut source = source(&[], vec![list_of(&file)], endless());
    assert_eq!(word(&next(&mut source)), "0 http://h/old");
    let mut added = File::options()
        .append(true)
        .open(&path)
        .expect("it is there");
    added.write_all(b"http://h/new\n").expect("there is room");
    let mut told = 0;
    let mut new = 0;
    while new < 10_000 {
        let word = word(&next(&mut source));
        told += u64::from(word == "rewritten");
        new += u64::from(word.ends_with("/new"));
        // By the end of the first round that has it.
        assert!(new < 2 || told == 1, "{told} times by {new} new ones");
    }
}

#[test]
fn a_file_in_the_place_of_a_list_is_another_one() {
    let dir = tempfile::tempdir().expect("there is room");
    let (path, other) = (dir.path().join("list"), dir.path().join("other"));
    let file = open(&path, "http://h/old\n");
    let list = list_of(&file);
    fs::write(&other, "http://h/new\n").expect("there is room");
    fs::rename(&other, &path).expect("it can be renamed");
    let words = all(source(&[], vec![list], times(2)));
    assert_eq!(words, ["0 http://h/old", "1 http://h/old"]);
}

#[test]
fn each_round_begins_where_the_descriptor_stands() {
    let mut file = tempfile::tempfile().expect("there is a place for temporary files");
    file.write_all(b"http://h/1\nhttp://h/2\n")
        .expect("there is room");
    file.seek(SeekFrom::Start(11)).expect("it has 22 bytes");
    let words = all(source(&[], vec![list_of(&file)], times(2)));
    assert_eq!(words, ["0 http://h/2", "1 http://h/2"]);
}

#[test]
fn what_can_be_read_once_only_is_refused() {
    let (reader, _writer) = io::pipe().expect("there are descriptors");
    for config in [times(2), endless()] {
        let pipe = List {
            name: "a pipe".to_owned(),
            bytes: Box::new(io::empty()),
            file: ListFile::of(&reader),
        };
        let error = Source::new::<&str>(&[], vec![pipe], config).expect_err("it is a pipe");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let typed = error.downcast::<ReadOnce>().expect("it says which");
        assert_eq!(typed.name, "a pipe");
    }
}
