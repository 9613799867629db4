//! The tests of `count`.

use std::io::{Seek, Write};

use super::super::{List, NextInput, Shard, ShardBy, Sharding, Source};
use super::*;

fn list_file(bytes: &[u8]) -> ListFile {
    let mut file = tempfile::tempfile().expect("there is a place for temporary files");
    file.write_all(bytes).expect("there is room");
    file.rewind().expect("a file can be rewound");
    ListFile::of(file).expect("it is a regular file")
}

fn new_count(files: Vec<ListFile>, config: InputConfig) -> (ItemCount, Receiver<u64>) {
    let before = ItemNumbers::default();
    ItemCount::new(files, &Arguments::default(), before, config).expect("it has an end")
}

fn counted(lists: &[&[u8]], config: InputConfig) -> Option<u64> {
    let files = lists.iter().map(|bytes| list_file(bytes)).collect();
    let (count, receiver) = new_count(files, config);
    count.finish();
    receiver.try_recv().ok()
}

/// The number of items that a run takes from the same lists.
fn read(lists: &[&[u8]], config: InputConfig) -> u64 {
    let list = |bytes: &&[u8]| List {
        name: "list".to_owned(),
        bytes: Box::new(io::Cursor::new(bytes.to_vec())),
        file: None,
    };
    let lists = lists.iter().map(list).collect();
    let mut source = Source::new::<&str>(&[], lists, config).expect("a thread can be started");
    let mut items = 0;
    loop {
        match source.next() {
            NextInput::Item(_) => items += 1,
            NextInput::Unreadable(_) | NextInput::Rewritten(_) => {}
            NextInput::End => return items,
            NextInput::Wait => source.wait(),
        }
    }
}

#[test]
fn as_many_items_are_counted_as_the_run_reads() {
    let long = |length: usize| vec![b'x'; length];
    let around = |length: usize| [&long(length)[..], b"\nh/\n# c\nh/\n"].concat();
    let comment = [&b"#"[..], &long(3 * SLICE), b"\nh/"].concat();
    let many = "http://h/\n# comment\n\n  \r\nh/x".repeat(20_000);
    let lists: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\n".to_vec(),
        b"h/".to_vec(),
        b"h/\n".to_vec(),
        b"h/\r\n \t\r\n#x\r\n  # y\nh:x y\n{\"url\": 1}\n\xff\n# \xff\n".to_vec(),
        b"\xef\xbb\xbf# c\nh/\n".to_vec(),
        "\u{a0}\n\u{2003}# c\n\u{b}\n\u{a0}h/\né/\n"
            .as_bytes()
            .to_vec(),
        b"\xff\xfeh\0/\0\n\0".to_vec(),
        b"h/\nh\0\nh/\n".to_vec(),
        around(MAX_LINE_BYTES - 1),
        around(MAX_LINE_BYTES),
        around(MAX_LINE_BYTES + 1),
        around(SLICE - 1),
        around(SLICE),
        around(SLICE + 1),
        around(5 * SLICE),
        long(2 * SLICE),
        [&b"#"[..], &long(MAX_LINE_BYTES), b"\nh/"].concat(),
        [&b"#"[..], &long(MAX_LINE_BYTES - 1), b"\nh/"].concat(),
        comment,
        many.into_bytes(),
    ];
    for bytes in &lists {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]);
        let (length, all) = (bytes.len(), [&bytes[..]]);
        let config = InputConfig::default();
        let expected = read(&all, config);
        let count = counted(&all, config);
        assert_eq!(count, Some(expected), "{length} bytes: {shown}");
    }
    let all: Vec<&[u8]> = lists.iter().map(|bytes| &bytes[..]).collect();
    let config = InputConfig::default();
    let whole = read(&all, config);
    assert_eq!(counted(&all, config), Some(whole));
    for by in [ShardBy::Host, ShardBy::Line] {
        let mut together = 0;
        for number in 0..3 {
            let shard = Shard::new(number, 3).expect("it is one of them");
            let config = InputConfig {
                sharding: Some(Sharding { shard, by }),
                ..config
            };
            let expected = read(&all, config);
            assert_eq!(counted(&all, config), Some(expected), "{config:?}");
            together += expected;
        }
        assert_eq!(together, whole, "{by:?}");
    }
}

#[test]
fn a_list_is_counted_from_where_its_descriptor_stands() {
    let mut file = tempfile::tempfile().expect("there is a place for temporary files");
    file.write_all(b"h/1\nh/2\nh/3\n").expect("there is room");
    file.seek(io::SeekFrom::Start(4)).expect("it has 12 bytes");
    let list = ListFile::of(&file).expect("it is a regular file");
    let (count, receiver) = new_count(vec![list], InputConfig::default());
    assert!(count.step().is_none());
    assert_eq!(receiver.try_recv(), Ok(2));
    let place = file.stream_position().expect("a file has a position");
    assert_eq!(place, 4, "the list itself is still to be read");
}

#[test]
fn pipes_are_not_counted() {
    let (reader, _writer) = io::pipe().expect("there are descriptors");
    assert!(ListFile::of(reader).is_none());
}
