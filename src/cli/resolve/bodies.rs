//! Bodies and the run log: which of the options fit together, and where files go.

use std::path::{Path, PathBuf};

use super::output::OutputKind;
use super::{Inputs, advice};
use crate::cli::args::{BodyArgs, TypedArgs};
use crate::cli::files::NamedFiles;
use crate::cli::habits::Spellings;
use crate::cli::plan::{BodiesPlan, LogPlan, StreamOutput};
use crate::engine::input::Shard;
use crate::model::max_failures::MaxFailures;
use crate::model::save_path::SavePath;
use crate::save::pack::{PackConfig, PackPattern};
use crate::save::{Exists, StoreConfig};

/// The bytes with which a pack is full, and the members.
const PACK_BYTES: u64 = 1_000_000_000;
const PACK_MEMBERS: u64 = 10_000;

/// Decides where the bodies of these URLs and lists go.
pub(super) fn plan(
    typed: &TypedArgs,
    inputs: &Inputs,
    shard: Option<Shard>,
    spellings: &Spellings,
) -> Result<BodiesPlan, String> {
    let (args, max_failures) = (&typed.bodies, typed.limits.max_failures.unwrap_or_default());
    check_head(typed, spellings)?;
    let store = StoreConfig {
        exists: args.exists.unwrap_or_default(),
        mtime: !args.no_mtime,
        resume: !args.no_resume,
        fsync: args.fsync,
        expects_continuation: spellings.ask_for_continuation(),
    };
    if let Some(dir) = &args.dir {
        return Ok(BodiesPlan::Dir {
            dir: dir.clone(),
            layout: args.names.unwrap_or_default(),
            named_by_server: args.content_disposition,
            store,
        });
    }
    if let Some(limit) = args.jsonl_bodies {
        return Ok(BodiesPlan::Results { limit });
    }
    if let Some(file) = &args.output {
        let store = StoreConfig {
            exists: args.exists.unwrap_or(default_for_file(spellings)),
            ..store
        };
        return plan_output(file, args, inputs, max_gaps(max_failures), store);
    }
    if let Some(pack) = &args.pack {
        let pattern = PackPattern::parse(&pack.pattern, shard.map(Shard::number));
        return Ok(BodiesPlan::Pack(PackConfig {
            format: pack.format,
            pattern: pattern.map_err(|error| format!("--pack: {error}"))?,
            full_bytes: args.pack_size.unwrap_or(PACK_BYTES),
            full_members: args.pack_count.unwrap_or(PACK_MEMBERS),
        }));
    }
    let meant_for_dir = [
        (args.names.is_some(), "--names"),
        (args.content_disposition, "--content-disposition (-J)"),
    ];
    if let Some((_, option)) = meant_for_dir.iter().find(|(is_given, _)| *is_given) {
        return Err(format!("{option} needs -O or -d DIR"));
    }
    let meant_for_files = [
        (args.exists.is_some(), "--exists (or -nc)"),
        (args.no_mtime, "--no-mtime"),
        (args.no_resume, "--no-resume"),
        (args.fsync, "--fsync"),
    ];
    if let Some((_, option)) = meant_for_files.iter().find(|(is_given, _)| *is_given) {
        return Err(format!(
            "{option} is of no use without files to save; add {}",
            match inputs.is_one_url() {
                true => "-d DIR or -o FILE",
                false => "-d DIR",
            }
        ));
    }
    let is_printed = args.cat || advice::are_bodies_asked_for(typed, inputs);
    Ok(match is_printed {
        true => BodiesPlan::Stream {
            output: StreamOutput::Stdout,
            max_gaps: max_gaps(max_failures),
        },
        false => BodiesPlan::Discard,
    })
}

/// The policy for a file that `-o` names, if none is given: it is this URL's, as it would be to curl, wget or a
/// shell. Somebody who asks for a file to be continued does not expect another one in its place.
fn default_for_file(spellings: &Spellings) -> Exists {
    match spellings.ask_for_continuation() {
        true => Exists::Update,
        false => Exists::Refresh,
    }
}

/// Refuses a file for a HEAD, which has no body. The null device takes none.
fn check_head(args: &TypedArgs, spellings: &Spellings) -> Result<(), String> {
    let output = args.bodies.output.as_deref();
    match output.filter(|_| args.request.head).map(OutputKind::of) {
        None | Some(OutputKind::Null) => Ok(()),
        Some(_) => Err(format!(
            "{} cannot be used with {}: a HEAD has no body to save or to print; take one",
            spellings.of("--output"),
            spellings.of("--head")
        )),
    }
}

/// Makes one path of a folder and the name of the only URL's file in it.
pub(super) fn join_dir(args: &mut BodyArgs, inputs: &Inputs) -> Result<(), String> {
    let (Some(dir), Some(file)) = (&args.dir, &args.output) else {
        return Ok(());
    };
    if !inputs.is_one_url() {
        return Err(
            "-o is for one URL on the command line; leave it out, and -d DIR has a file for each"
                .to_owned(),
        );
    }
    if file.is_absolute() || OutputKind::of(file) == OutputKind::Dash {
        return Err(
            "-o names a file in the folder of -d DIR, as -o NAME; leave one of them out".to_owned(),
        );
    }
    args.output = Some(dir.join(file));
    args.dir = None;
    Ok(())
}

/// Decides by the kind of the file that -o names.
fn plan_output(
    file: &Path,
    args: &BodyArgs,
    inputs: &Inputs,
    max_gaps: u64,
    store: StoreConfig,
) -> Result<BodiesPlan, String> {
    let kind = OutputKind::of(file);
    if !inputs.is_one_url() {
        let advice = match kind {
            OutputKind::File => Some(
                "to save more use a folder (-d DIR), where a line {\"url\": \"…\", \"output\": \"NAME\"} of a \
                 list names a file",
            ),
            OutputKind::Stream(_) => Some("to write more, one after the other, use --cat"),
            OutputKind::Dash | OutputKind::Null => None,
        };
        if let Some(advice) = advice {
            return Err(format!("-o is for one URL on the command line; {advice}"));
        }
    }
    let output = match kind {
        OutputKind::File => {
            let (dir, path) = split(file)?;
            return Ok(BodiesPlan::File { dir, path, store });
        }
        OutputKind::Null => return Ok(BodiesPlan::Discard),
        OutputKind::Dash => StreamOutput::Stdout,
        OutputKind::Stream(output) => output,
    };
    if args.resume {
        return Err(
            "--resume needs files, and -o names a stream; leave one of them out".to_owned(),
        );
    }
    Ok(BodiesPlan::Stream { output, max_gaps })
}

/// Turns the failures that are allowed into bodies that may be missing. The number that a share comes to is
/// known only at the end of the run, so any share but none allows any number.
fn max_gaps(max_failures: MaxFailures) -> u64 {
    match max_failures {
        MaxFailures::Count(most) => most,
        MaxFailures::Percent(most) if most > 0.0 => u64::MAX,
        MaxFailures::Percent(_) => 0,
    }
}

/// Adds the files with names of their own.
pub(super) fn add_files(args: &BodyArgs, files: &mut NamedFiles) {
    if let Some(path) = &args.output
        && !OutputKind::of(path).is_standard()
    {
        files.add_written("--output", path);
    }
    if let Some(path) = &args.log {
        files.add_written("--log", path);
    }
}

/// Makes the plan of the run log.
pub(super) fn log(args: &BodyArgs) -> Option<LogPlan> {
    Some(LogPlan {
        path: args.log.clone()?,
        resume: args.resume,
    })
}

/// Splits the path of a file into its directory and its name.
fn split(file: &Path) -> Result<(PathBuf, SavePath), String> {
    let is_dir = file.as_os_str().as_encoded_bytes().ends_with(b"/");
    let name = file.file_name().filter(|_| !is_dir);
    let name = name.ok_or("-o names a folder; give a file, or use -d DIR")?;
    let name = name
        .to_str()
        .ok_or("-o: the file's name is not UTF-8; rename the file afterwards")?;
    let dir = file.parent().unwrap_or(Path::new(""));
    Ok((dir.to_path_buf(), SavePath::verbatim(name)))
}
