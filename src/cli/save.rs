//! What is to become of the bodies: the options, and what they mean together.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::MaxFailures;
use super::files::Files;
use crate::model::save_path::{Layout, SavePath};
use crate::save::{Exists, StoreConfig};

/// The options under "Bodies".
#[derive(Debug, Args)]
pub(super) struct BodyArgs {
    /// Save the body in FILE; for one URL.
    #[arg(
        short,
        long,
        value_name = "FILE",
        conflicts_with_all = ["dir", "cat", "head"],
        help_heading = "Bodies"
    )]
    output: Option<PathBuf>,

    /// Save the bodies in DIR, a file for each URL.
    ///
    /// A file appears under its name only when it is complete. Until then it is NAME.part, which a
    /// later attempt or run continues if the server can.
    #[arg(
        short,
        long,
        value_name = "DIR",
        conflicts_with_all = ["cat", "head"],
        help_heading = "Bodies"
    )]
    dir: Option<PathBuf>,

    /// Write the bodies to standard output, in the order of the input.
    ///
    /// The report goes to standard error. Where a body is not to be had, the output ends before it, unless --max-failures allows for
    /// it. Bodies that come early wait in memory, or in unnamed files in TMPDIR.
    #[arg(long, conflicts_with = "head", help_heading = "Bodies")]
    cat: bool,

    /// Name files by the last segment of the URL's path, or by its host and whole path
    /// [default: flat].
    ///
    /// A name that an earlier URL of the run has gets -1, -2 and so on before its extension.
    #[arg(
        long,
        value_name = "flat|tree",
        value_enum,
        hide_possible_values = true,
        hide_short_help = true,
        requires = "dir",
        // What conflicts with `dir` would otherwise do away with the requirement.
        conflicts_with_all = ["output", "cat", "head"],
        help_heading = "Bodies"
    )]
    names: Option<NamesArg>,

    /// What to do about a file that is there already [default: update].
    ///
    /// 'update' asks the server whether it has another version, and replaces only what pfetch saved
    /// from the same URL and nobody has touched since. 'skip' leaves it and asks for nothing,
    /// 'overwrite' replaces it, 'rename' saves under another name, 'fail' fails.
    #[arg(
        long,
        value_name = "skip|update|overwrite|rename|fail",
        value_enum,
        hide_possible_values = true,
        hide_short_help = true,
        conflicts_with = "cat",
        help_heading = "Bodies"
    )]
    exists: Option<ExistsArg>,

    /// Name files as the server does (Content-Disposition), where it does.
    #[arg(
        long,
        hide_short_help = true,
        requires = "dir",
        // What conflicts with `dir` would otherwise do away with the requirement.
        conflicts_with_all = ["output", "cat", "head"],
        help_heading = "Bodies"
    )]
    content_disposition: bool,

    /// Do not set a file's time to that of the server's Last-Modified.
    #[arg(
        long,
        hide_short_help = true,
        conflicts_with = "cat",
        help_heading = "Bodies"
    )]
    no_mtime: bool,

    /// Do not continue .part files that were left; start again.
    #[arg(
        long,
        hide_short_help = true,
        conflicts_with = "cat",
        help_heading = "Bodies"
    )]
    no_resume: bool,

    /// Have each file on the disk for good (fsync) before it gets its name.
    #[arg(
        long,
        hide_short_help = true,
        conflicts_with = "cat",
        help_heading = "Bodies"
    )]
    fsync: bool,

    /// Append a line to FILE for every URL that is done with.
    ///
    /// This run log is written as it happens, so that a run that was killed can go on (--resume).
    #[arg(long, value_name = "FILE", help_heading = "Bodies")]
    log: Option<PathBuf>,

    /// Leave out what the run log says was fetched, and fetch the rest.
    #[arg(
        long,
        requires = "log",
        conflicts_with = "cat",
        help_heading = "Bodies"
    )]
    resume: bool,
}

/// The values of `--names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NamesArg {
    Flat,
    Tree,
}

/// The values of `--exists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExistsArg {
    Skip,
    Update,
    Overwrite,
    Rename,
    Fail,
}

/// What is to become of the bodies.
#[derive(Debug, Clone)]
pub enum BodiesPlan {
    /// They are counted and dropped.
    Drop,
    /// The only one goes into a file.
    File {
        /// The file's folder.
        folder: PathBuf,
        /// The file's place in it.
        place: SavePath,
        /// How it is saved.
        store: StoreConfig,
    },
    /// Each goes into a file.
    Folder {
        /// The folder.
        folder: PathBuf,
        /// How files are laid out in it.
        layout: Layout,
        /// Whether servers name them.
        named_by_server: bool,
        /// How they are saved.
        store: StoreConfig,
    },
    /// They go to standard output, with so many left out at most.
    PassOn {
        /// So many.
        gaps: u64,
    },
}

/// A run log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlan {
    /// Its file.
    pub path: PathBuf,
    /// Whether what it says was fetched is left out.
    pub resume: bool,
}

impl BodyArgs {
    /// What is to become of the bodies of `urls` URLs and so many lists.
    pub(super) fn bodies(
        &self,
        urls: usize,
        lists: usize,
        failures: MaxFailures,
    ) -> Result<BodiesPlan, String> {
        let store = StoreConfig {
            exists: match self.exists {
                Some(ExistsArg::Skip) => Exists::Skip,
                None | Some(ExistsArg::Update) => Exists::Update,
                Some(ExistsArg::Overwrite) => Exists::Overwrite,
                Some(ExistsArg::Rename) => Exists::Rename,
                Some(ExistsArg::Fail) => Exists::Fail,
            },
            mtime: !self.no_mtime,
            resume: !self.no_resume,
            fsync: self.fsync,
        };
        if let Some(folder) = &self.dir {
            return Ok(BodiesPlan::Folder {
                folder: folder.clone(),
                layout: match self.names {
                    None | Some(NamesArg::Flat) => Layout::Flat,
                    Some(NamesArg::Tree) => Layout::Tree,
                },
                named_by_server: self.content_disposition,
                store,
            });
        }
        if let Some(file) = &self.output {
            if urls != 1 || lists != 0 {
                return Err(
                    "-o is for one URL on the command line; to save more use a folder (-d DIR)"
                        .to_owned(),
                );
            }
            let (folder, place) = split(file)?;
            return Ok(BodiesPlan::File {
                folder,
                place,
                store,
            });
        }
        let meant_for_files = [
            (self.exists.is_some(), "--exists"),
            (self.no_mtime, "--no-mtime"),
            (self.no_resume, "--no-resume"),
            (self.fsync, "--fsync"),
        ];
        if let Some((_, option)) = meant_for_files.iter().find(|(is_given, _)| *is_given) {
            return Err(format!(
                "{option} is of no use without files to save; add -d DIR or -o FILE"
            ));
        }
        Ok(if self.cat {
            BodiesPlan::PassOn {
                gaps: match failures {
                    MaxFailures::Count(most) => most,
                    // How many a share is, is known at the end only.
                    MaxFailures::Percent(most) if most > 0.0 => u64::MAX,
                    MaxFailures::Percent(_) => 0,
                },
            }
        } else {
            BodiesPlan::Drop
        })
    }

    /// Notes the files with names of their own.
    pub(super) fn note(&self, files: &mut Files) {
        for (option, path) in [("--output", &self.output), ("--log", &self.log)] {
            if let Some(path) = path {
                files.written(option, path);
            }
        }
    }

    pub(super) fn log(&self) -> Option<LogPlan> {
        Some(LogPlan {
            path: self.log.clone()?,
            resume: self.resume,
        })
    }
}

/// A file's folder, and its place in it.
fn split(file: &Path) -> Result<(PathBuf, SavePath), String> {
    if file.as_os_str() == "-" {
        return Err("to write the body to standard output use --cat, not -o -".to_owned());
    }
    let is_folder = file.as_os_str().as_encoded_bytes().ends_with(b"/");
    let name = file.file_name().filter(|_| !is_folder);
    let name = name.ok_or("-o names a folder; give a file, or use -d DIR")?;
    let name = name
        .to_str()
        .ok_or("-o: the file's name is not UTF-8; rename the file afterwards")?;
    let folder = file.parent().unwrap_or(Path::new(""));
    Ok((folder.to_path_buf(), SavePath::verbatim(name)))
}
