//! Lists that grow, shrink and change their order from one run to the next, with files of equal names: each
//! file stays its URL's, and nothing is fetched twice.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use std::fs;

use crate::pfetch::{Dir, Run, pfetch};
use crate::raw::Raw;
use crate::save::support::{Version, header, holds, save};
use crate::server::bytes;

/// A server that has a version of its own for each path, which begins with the path.
fn mirror() -> Raw {
    Raw::start(|mut wire| match wire.head() {
        Some(head) => wire.send(version(path_of(&head)).answer(&head)),
        None => Ok(()),
    })
}

fn version(path: &str) -> Version {
    Version::tagged(&format!("\"{path}\""), path.as_bytes())
}

fn path_of(head: &str) -> &str {
    head.split(' ').nth(1).unwrap()
}

/// Runs over these paths.
#[track_caller]
fn run(dir: &Dir, args: &[&str], server: &Raw, paths: &[&str]) -> Run {
    let urls: Vec<String> = paths.iter().map(|path| server.url(path)).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    save(dir, args, &urls).exits(0)
}

/// Checks the outcomes of all paths, in their order.
#[track_caller]
fn outcomes(run: &Run, expected: &[&str]) {
    let mut found = vec![String::new(); expected.len()];
    for result in run.results() {
        let index = usize::try_from(result["index"].as_u64().unwrap()).unwrap();
        found[index] = result["outcome"].as_str().unwrap().to_owned();
    }
    run.check(&format!("{expected:?} are {found:?}"), found == expected);
}

#[test]
fn files_keep_their_names_when_the_list_grows_at_its_top_or_changes_its_order() {
    for layout in [&[][..], &["--names=tree"]] {
        let server = mirror();
        let dir = Dir::on_disk();
        let host = server.url("").replace("http://", "").replace(':', "+");
        let folder = match layout.is_empty() {
            true => dir.path().to_owned(),
            false => dir.path().join(host),
        };
        // In a tree, a query is no part of a name.
        let paths = match layout.is_empty() {
            true => ["/x/f.txt", "/y/f.txt", "/new/f.txt", "/newer/f.txt"],
            false => ["/f.txt?1", "/f.txt?2", "/f.txt?3", "/f.txt?4"],
        };
        let [x, y, new, newer] = paths;
        let check = |run: &Run, held: &[(&str, &str)]| {
            let files = held.iter().map(|(name, path)| (*name, path.as_bytes()));
            holds(run, &folder, &files.collect::<Vec<_>>());
        };
        let two = [("f.txt", x), ("f-1.txt", y)];
        check(&run(&dir, layout, &server, &[x, y]), &two);
        let again = run(&dir, layout, &server, &[y, x]);
        check(&again, &two);
        outcomes(&again, &["unchanged"; 2]);
        let three = [two[0], two[1], ("f-2.txt", new)];
        let grown = run(&dir, layout, &server, &[new, x, y]);
        check(&grown, &three);
        outcomes(&grown, &["ok", "unchanged", "unchanged"]);
        let four = [three[0], three[1], three[2], ("f-3.txt", newer)];
        let grown = run(&dir, layout, &server, &[y, newer, new, x]);
        check(&grown, &four);
        outcomes(&grown, &["unchanged", "ok", "unchanged", "unchanged"]);
        // Alone, each finds its own.
        for path in paths {
            let alone = run(&dir, layout, &server, &[path]);
            check(&alone, &four);
            outcomes(&alone, &["unchanged"]);
        }
        let fetched = server.heads();
        let is_plain = |head: &&String| header(head, "if-none-match").is_none();
        let mut whole: Vec<&str> = fetched
            .iter()
            .filter(is_plain)
            .map(|h| path_of(h))
            .collect();
        whole.sort_unstable();
        let mut once = paths;
        once.sort_unstable();
        assert_eq!(whole, once, "each is fetched once");
    }
}

#[test]
fn skip_leaves_files_to_their_urls_too_and_asks_for_nothing() {
    let server = mirror();
    let dir = Dir::on_disk();
    run(&dir, &[], &server, &["/x/f", "/y/f"]);
    let grown = run(
        &dir,
        &["--exists=skip"],
        &server,
        &["/new/f", "/y/f", "/x/f"],
    );
    outcomes(&grown, &["ok", "unchanged", "unchanged"]);
    let files: [(&str, &[u8]); 3] = [("f", b"/x/f"), ("f-1", b"/y/f"), ("f-2", b"/new/f")];
    holds(&grown, dir.path(), &files);
    assert_eq!(server.heads().len(), 3, "{:?}", server.heads());
}

#[test]
fn policies_that_go_by_names_and_names_that_users_choose_go_by_names() {
    for (args, files) in [
        (["--exists=overwrite"], &[("f", &b"/new/f"[..])][..]),
        (["--exists=rename"], &[("f", b"/x/f"), ("f-1", b"/new/f")]),
    ] {
        let server = mirror();
        let dir = Dir::on_disk();
        run(&dir, &[], &server, &["/x/f"]);
        let run = run(&dir, &args, &server, &["/new/f"]);
        holds(&run, dir.path(), files);
    }
    let server = mirror();
    let dir = Dir::on_disk();
    run(&dir, &[], &server, &["/x/f"]);
    let line = format!(r#"{{"url":"{}","output":"f"}}"#, server.url("/new/f"));
    let path = dir.path().to_str().unwrap();
    let run = pfetch(&["-d", path, "-i", "-"]).stdin(line).run().exits(4);
    holds(&run, dir.path(), &[("f", b"/x/f")]);
}

#[test]
fn a_url_that_the_list_has_twice_finds_both_its_files() {
    let server = mirror();
    let dir = Dir::on_disk();
    run(&dir, &[], &server, &["/x/f", "/x/f", "/y/f"]);
    let again = run(&dir, &[], &server, &["/new/f", "/y/f", "/x/f", "/x/f"]);
    outcomes(&again, &["ok", "unchanged", "unchanged", "unchanged"]);
    let files: [(&str, &[u8]); 4] = [
        ("f", b"/x/f"),
        ("f-1", b"/x/f"),
        ("f-2", b"/y/f"),
        ("f-3", b"/new/f"),
    ];
    holds(&again, dir.path(), &files);
}

#[test]
fn files_are_found_behind_others_that_were_deleted_or_edited() {
    let server = mirror();
    let dir = Dir::on_disk();
    let paths = ["/a/f", "/b/f", "/c/f", "/d/f", "/e/f"];
    run(&dir, &[], &server, &paths);
    for gone in ["f-1", "f-2"] {
        fs::remove_file(dir.path().join(gone)).unwrap();
    }
    // It is the record that says whose a file is, not its content.
    fs::write(dir.path().join("f"), "edited").unwrap();
    let again = run(&dir, &[], &server, &["/e/f", "/new/f"]);
    outcomes(&again, &["unchanged", "ok"]);
    let files: [(&str, &[u8]); 4] = [
        ("f", b"edited"),
        ("f-1", b"/new/f"),
        ("f-3", b"/d/f"),
        ("f-4", b"/e/f"),
    ];
    holds(&again, dir.path(), &files);
}

#[test]
fn many_files_of_one_name_are_found_again_in_any_order() {
    let server = mirror();
    let dir = Dir::on_disk();
    let paths: Vec<String> = (0..300).map(|number| format!("/{number}/f")).collect();
    let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    run(&dir, &[], &server, &paths);
    paths.reverse();
    let again = run(&dir, &[], &server, &paths);
    outcomes(&again, &["unchanged"; 300]);
    for number in [0, 1, 150, 299] {
        let name = match number {
            0 => "f".to_owned(),
            number => format!("f-{number}"),
        };
        let content = fs::read_to_string(dir.path().join(name)).unwrap();
        again.check(&content, content == format!("/{number}/f"));
    }
}

#[test]
fn files_that_servers_name_keep_their_names_too() {
    let server = Raw::start(|mut wire| match wire.head() {
        Some(head) => {
            let mut version = version(path_of(&head));
            version.headers += "Content-Disposition: attachment; filename=same.txt\r\n";
            wire.send(version.answer(&head))
        }
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    let args = ["--content-disposition"];
    run(&dir, &args, &server, &["/x", "/y"]);
    let grown = run(&dir, &args, &server, &["/new", "/y", "/x"]);
    outcomes(&grown, &["ok", "unchanged", "unchanged"]);
    let files: [(&str, &[u8]); 3] = [
        ("same.txt", b"/x"),
        ("same-1.txt", b"/y"),
        ("same-2.txt", b"/new"),
    ];
    holds(&grown, dir.path(), &files);
}

#[test]
fn a_part_with_a_number_is_left_to_its_url() {
    let large = Version::tagged("\"large\"", &bytes(300_000));
    let cut = large.cut(100_000);
    let server = Raw::start(move |mut wire| match wire.head() {
        Some(head) if path_of(&head) != "/y/f" => wire.send(version(path_of(&head)).answer(&head)),
        Some(head) if header(&head, "range").is_none() => wire.send(&cut),
        Some(head) => wire.send(large.answer(&head)),
        None => Ok(()),
    });
    let dir = Dir::on_disk();
    let urls = ["/x/f", "/y/f", "/new/f"].map(|path| server.url(path));
    let [x, y, new] = urls.each_ref().map(String::as_str);
    save(&dir, &["--retry=0"], &[x, y]).exits(1);
    let grown = save(&dir, &["--retry=0"], &[new, x, y]).exits(0);
    let content = bytes(300_000);
    let files: [(&str, &[u8]); 3] = [("f", b"/x/f"), ("f-1", &content), ("f-2", b"/new/f")];
    holds(&grown, dir.path(), &files);
}
