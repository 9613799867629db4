//! Destination of response bodies, and the run log.

use std::path::PathBuf;

use clap::Args;

use super::values::{TypedPack, choice, pack, pack_count, pack_size, row_size};
use crate::model::save_path::Layout;
use crate::save::Exists;

/// The options under "Bodies".
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Bodies")]
pub(crate) struct BodyArgs {
    /// Save the body in FILE; for one URL.
    ///
    /// A FILE that is there is replaced when the new body is complete, or left alone if it was saved from this URL and
    /// the server has no other version (--exists decides otherwise). Folders that are missing are made.
    /// '-' is standard output, as with --cat. A named pipe, a device or /dev/fd/N gets the body as it comes;
    /// /dev/null drops it, and those of any number of URLs. With -d DIR it is DIR/FILE. {shard} is as with -d.
    #[arg(short, long, value_name = "FILE", conflicts_with = "cat")]
    pub(crate) output: Option<PathBuf>,

    /// Save the bodies in DIR, a file for each URL.
    ///
    /// DIR is made if it is missing, and so are folders in it. A file appears under its name only when it is complete. Until then it is NAME.part, which a
    /// later attempt or run continues if the server can. {shard} in DIR is the number of the shard (--shard).
    #[arg(short,
        long,
        value_name = "DIR",
        conflicts_with_all = ["cat", "head"]
    )]
    pub(crate) dir: Option<PathBuf>,

    /// Write the bodies to standard output, in the order of the input.
    ///
    /// The report goes to standard error. Where a body is not to be had, the output ends before it, unless
    /// --max-failures allows for it. Bodies that come early wait in memory, or in unnamed files in TMPDIR.
    #[arg(long, conflicts_with = "head")]
    pub(crate) cat: bool,

    /// Put each body into its result in JSON Lines and JSON, in base64 ("body"), if it has at most LIMIT bytes.
    ///
    /// For engines that take rows. A longer body fails (too-large); LIMIT is 10M at most. It takes --format
    /// jsonl, or --export jsonl=FILE, and memory for a body of each worker.
    #[arg(long,
        value_name = "LIMIT",
        value_parser = row_size,
        conflicts_with_all = ["dir", "output", "cat", "head", "resume", "compare", "sweep"]
    )]
    pub(crate) jsonl_bodies: Option<u64>,

    /// Collect the bodies in few large files: tar=part-%05d.tar or warc=part-%05d.warc.gz.
    ///
    /// %05d is the number of the pack, from 0, and {shard} that of the shard (--shard). A pack is NAME.part until
    /// it is full or all is done, and then appears under its name; tar has, for each URL, its body as KEY.EXT and its result as KEY.json, KEY being
    /// its place in the list; warc (1.1) has each request and response, those of redirects too, and a CDXJ index
    /// beside each pack. Needs --log, from which a run that was killed goes on (--resume, with the same
    /// list): each body is in the packs once. A failed URL leaves nothing in them.
    #[arg(long,
        value_name = "tar=PATTERN|warc=PATTERN",
        value_parser = pack(),
        requires = "log",
        conflicts_with_all = [
            "output", "dir", "cat", "jsonl_bodies", "head", "names", "exists", "content_disposition",
            "no_mtime", "no_resume", "fsync",
        ]
    )]
    pub(crate) pack: Option<TypedPack>,

    /// Bytes with which a pack is full [default: 1G].
    #[arg(long, value_name = "SIZE", value_parser = pack_size, requires = "pack")]
    pub(crate) pack_size: Option<u64>,

    /// URLs with which a pack is full [default: 10000].
    #[arg(long, value_name = "N", value_parser = pack_count, requires = "pack")]
    pub(crate) pack_count: Option<u64>,

    /// Name files by the last segment of the URL's path, or by its host and whole path
    /// [default: flat].
    ///
    /// A name that an earlier URL of the run has, or a file that was saved from another URL, gets -1, -2 and
    /// so on before its extension.
    #[arg(long,
        value_name = "flat|tree",
        value_parser = choice(&[("flat", Layout::Flat), ("tree", Layout::Tree)]),
        conflicts_with_all = ["output", "cat", "head"]
    )]
    pub(crate) names: Option<Layout>,

    /// What to do about a file that is there already [default: update; replaced with -o].
    ///
    /// 'update' asks the server whether it has another version, and replaces only what pfetch saved
    /// from the same URL and nobody has touched since. 'skip' leaves it and asks for nothing,
    /// 'overwrite' replaces it, 'rename' saves under another name, 'fail' fails. -o FILE without --exists replaces FILE, whatever it is, but asks
    /// about what pfetch saved from the same URL as 'update' does. A file that has the sha256 of its line is kept, also
    /// by 'overwrite', and one from another URL.
    #[arg(long,
        value_name = "skip|update|overwrite|rename|fail",
        value_parser = choice(&[
            ("skip", Exists::Skip),
            ("update", Exists::Update),
            ("overwrite", Exists::Overwrite),
            ("rename", Exists::Rename),
            ("fail", Exists::Fail),
        ]),
        conflicts_with = "cat"
    )]
    pub(crate) exists: Option<Exists>,

    /// Name files as the server does (Content-Disposition), where it does.
    #[arg(long,
        conflicts_with_all = ["output", "cat", "head"]
    )]
    pub(crate) content_disposition: bool,

    /// Do not set a file's time to that of the server's Last-Modified.
    #[arg(long, conflicts_with = "cat")]
    pub(crate) no_mtime: bool,

    /// Do not continue .part files that were left; start again.
    #[arg(long, conflicts_with = "cat")]
    pub(crate) no_resume: bool,

    /// Have each file, and then its name, on the disk for good (fsync).
    #[arg(long, conflicts_with = "cat")]
    pub(crate) fsync: bool,

    /// Append a line to FILE for every URL that is done with.
    ///
    /// This run log is written as it happens, so that a run that was killed can go on (--resume). {shard} in FILE
    /// is the number of the shard (--shard).
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,

    /// Leave out what the run log says was fetched, and fetch the rest.
    ///
    /// A file that the log has, and that is gone or of another length, is fetched again.
    #[arg(long, requires = "log", conflicts_with = "cat")]
    pub(crate) resume: bool,
}
