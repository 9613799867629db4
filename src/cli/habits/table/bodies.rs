//! Files: their names, and what becomes of those that are there.

use std::ffi::OsStr;

use crate::cli::habits::meaning::{Habit, Hint, Meaning, Translation, is_number, joined};

const NAME: &str = "-o FILE saves one URL under a name, -d DIR any number, --cat prints the bodies";
pub(super) const CONDITIONAL: &str =
    "with -d DIR only what has changed is fetched again (--exists update, the default)";
const CONTINUED: &str =
    "with -d DIR or -o FILE a broken download is continued anyway (--no-resume does not)";
const SUM: &str =
    "a checksum stands in a JSON line of a list (-i FILE): {\"url\": \"…\", \"sha256\": \"…\"}";

const RENAME: &str = "--exists rename saves beside files that are there";

pub(super) const HABITS: &[Habit] = &[
    (&["-O"], Meaning::Fallback("--dir=.", output_name)),
    (
        &["--remote-name", "--remote-name-all"],
        Meaning::Fallback("--dir=.", |_| None),
    ),
    (
        &["--remote-header-name", "-J"],
        Meaning::Own(&["--content-disposition"]),
    ),
    (&["--output-dir"], Meaning::Value("--dir")),
    (&["--out"], Meaning::ByValue(out)),
    (&["--output-document"], Meaning::Hint(NAME)),
    (&["--create-dirs"], Meaning::Nothing),
    // A file's room is not taken ahead, whichever way is asked for.
    (&["--file-allocation"], Meaning::ByValue(|_| Ok(Vec::new()))),
    // In whole folders by their mode, which the umask sets.
    (
        &["--create-file-mode"],
        Meaning::Hint("files get the mode that the umask leaves; set it before (umask)"),
    ),
    (&["-R"], Meaning::ByNext(remote_time)),
    (
        &["--remote-time", "--use-server-timestamps"],
        Meaning::Nothing,
    ),
    (
        &["--no-use-server-timestamps", "--no-remote-time"],
        Meaning::Own(&["--no-mtime"]),
    ),
    // Bodies are passed on as they come (curl), and only what has changed is fetched again (wget).
    (&["-N", "--no-buffer"], Meaning::Nothing),
    (
        &["--timestamping", "--conditional-get", "--if-modified-since"],
        Meaning::Nothing,
    ),
    (
        &["--time-cond", "--etag-save", "--etag-compare"],
        Meaning::Hint(CONDITIONAL),
    ),
    (
        &["--no-if-modified-since"],
        Meaning::Hint("--exists overwrite asks for no condition"),
    ),
    (&["-C", "--continue-at"], Meaning::ByValue(continue_at)),
    (&["--continue"], Meaning::Nothing),
    (&["-c"], Meaning::ByNext(continued)),
    (
        &["--always-resume", "--allow-piece-length-change"],
        Meaning::Hint(CONTINUED),
    ),
    (&["--start-pos"], Meaning::ByValue(from_there)),
    (
        &["-nc", "--no-clobber", "--skip-existing"],
        Meaning::Own(&["--exists=skip"]),
    ),
    (
        &["--clobber", "--unlink"],
        Meaning::Own(&["--exists=overwrite"]),
    ),
    (
        &["--allow-overwrite"],
        Meaning::ByValue(|value| {
            unless_false(value, "--exists overwrite replaces files that are there")
        }),
    ),
    (
        &["--auto-file-renaming"],
        Meaning::ByValue(|value| unless_false(value, RENAME)),
    ),
    (&["--backups"], Meaning::Hint(RENAME)),
    (&["--remove-on-error"], Meaning::Nothing),
    (
        &["--checksum", "--check-integrity", "--sha256"],
        Meaning::Hint(SUM),
    ),
    (
        &["--save-session", "--joblog", "--resume-failed", "--session"],
        Meaning::Hint(
            "--log FILE is the run log, and --resume leaves out what it says was fetched",
        ),
    ),
    (&["--results", "--download", "--dump"], Meaning::Hint(NAME)),
    (
        &[
            "--trust-server-names",
            "--adjust-extension",
            "--restrict-file-names",
            "--no-content-disposition",
        ],
        Meaning::Hint(
            "files are named by the URL that was given, or with --content-disposition by the server",
        ),
    ),
    (
        &[
            "--force-directories",
            "--cut-dirs",
            "--protocol-directories",
        ],
        Meaning::Hint("--names tree makes folders of the host and the path"),
    ),
    (&["--xattr"], Meaning::Nothing),
    (&["--discard-response-bodies"], Meaning::Nothing),
];

/// The hint for a setting of aria2c that is on: off, it is the default here.
fn unless_false(value: &OsStr, hint: &'static str) -> Translation {
    match value == "false" {
        true => Ok(Vec::new()),
        false => Err(hint.into()),
    }
}

/// The hint for wget's option, behind which the name of a file stands; curl's is a flag.
/// aria2c's file, or k6's export (`json=a.json`).
fn out(value: &OsStr) -> Translation {
    let text = value.to_string_lossy();
    match text.split_once('=') {
        Some(("json" | "csv", file)) if !file.is_empty() => {
            Err("--export FILE.json (or .csv and others) saves the report".into())
        }
        _ => Ok(vec![joined("--output", value)]),
    }
}

fn output_name(next: Option<&OsStr>) -> Option<&'static str> {
    let is_name = next.is_some_and(|next| {
        let next = next.to_string_lossy();
        // curl's is followed by options and by URLs, whose host has no scheme before it at times.
        next == "-" || (!next.starts_with('-') && !next.contains("://") && !is_schemeless(&next))
    });
    is_name.then_some(NAME)
}

/// The place to continue at: by itself, as files are anyway, or a number of bytes.
fn continue_at(value: &OsStr) -> Translation {
    match value == "-" {
        true => Ok(Vec::new()),
        false => from_there(value),
    }
}

fn from_there(value: &OsStr) -> Translation {
    let from = if is_number(value) {
        value
    } else {
        OsStr::new("100")
    };
    Err(format!(
        "-H 'Range: bytes={}-' asks for a part",
        from.to_string_lossy()
    )
    .into())
}

/// A flag to wget and aria2c, of which broken downloads are continued, as they are anyway; a number of connections
/// to oha and ab; the file of its cookies to curl.
fn continued(next: Option<&OsStr>) -> Translation {
    let Some(next) = next else {
        return Ok(Vec::new());
    };
    if is_number(next) {
        let number = next.to_string_lossy();
        // Beside -n, whose hint has that line, it would be there twice.
        return Err(Hint {
            text: format!("how many at once is -j {number}").into(),
            otherwise: format!(
                "; for N requests of one URL: pfetch -j {number} --repeat N --summary-only URL"
            )
            .into(),
        });
    }
    let text = next.to_string_lossy();
    match text.starts_with('-') || text.contains("://") {
        true => Ok(Vec::new()),
        false => Err(
            "a broken download is continued anyway, with -d DIR or -o FILE; cookies are not kept (send \
             one with -H 'Cookie: NAME=VALUE')".into()),
    }
}

/// Tests for a host with a path behind it.
fn is_schemeless(text: &str) -> bool {
    let host = text.split_once('/').map_or("", |(host, _)| host);
    host == "localhost" || host.contains(['.', ':']) && !host.starts_with('.')
}

/// A flag to curl; a rate to wrk2.
fn remote_time(next: Option<&OsStr>) -> Translation {
    match next.is_some_and(is_number) {
        true => Err("how many start in a second is --rate N/s".into()),
        false => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_told_from_urls() {
        for next in ["-", "out.bin", "dir/out.bin", "/tmp/x", "./x", "out"] {
            assert!(output_name(Some(OsStr::new(next))).is_some(), "{next}");
        }
        for next in [
            "http://h/x",
            "example.com/x",
            "localhost/x",
            "h:80/x",
            "-L",
            "--",
        ] {
            assert!(output_name(Some(OsStr::new(next))).is_none(), "{next}");
        }
        assert!(output_name(None).is_none());
    }
}
