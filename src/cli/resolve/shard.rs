//! The shard of this process: as the option gives it, or as the engine that started it says in its environment; and its
//! number in the names of what the run writes.

use crate::cli::args::{InputArgs, TypedArgs, TypedShard};
use crate::engine::input::{Shard, ShardBy, ShardError, Sharding};

/// An engine that starts one process per shard.
struct ArrayJob {
    /// Variable of the shard's number.
    index: &'static str,
    /// Variable of the number of shards, if the engine has one.
    count: Option<&'static str>,
    /// First number.
    first: FirstIndex,
    /// Variable of the distance between two numbers, if that may be another than 1.
    step: Option<&'static str>,
}

/// First number of an array job.
enum FirstIndex {
    Fixed(u64),
    /// A variable names it.
    Variable(&'static str),
}

/// Engines that are known.
const ARRAY_JOBS: [ArrayJob; 4] = [
    // Kubernetes, Indexed Jobs.
    ArrayJob {
        index: "JOB_COMPLETION_INDEX",
        count: None,
        first: FirstIndex::Fixed(0),
        step: None,
    },
    // Slurm, job arrays: their numbers are those that were asked for.
    ArrayJob {
        index: "SLURM_ARRAY_TASK_ID",
        count: Some("SLURM_ARRAY_TASK_COUNT"),
        first: FirstIndex::Variable("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
    },
    ArrayJob {
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        count: None,
        first: FirstIndex::Fixed(0),
        step: None,
    },
    // GitLab, `parallel`.
    ArrayJob {
        index: "CI_NODE_INDEX",
        count: Some("CI_NODE_TOTAL"),
        first: FirstIndex::Fixed(1),
        step: None,
    },
];

/// The error for an environment that does not say which shard this is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ShardEnvError {
    /// No engine has set its variables.
    #[error(
        "--shard env: none of {} is set; run under an engine that sets one, or give --shard K/N",
        .0.join(", ")
    )]
    NoIndex(Vec<&'static str>),
    /// Two engines have, one within the other.
    #[error(
        "--shard env: both {0} and {1} are set, and only one of them is meant; give --shard K/N"
    )]
    TwoIndexes(&'static str, &'static str),
    /// The engine does not say how many shards there are.
    #[error(
        "--shard env: {index} is set, but the environment does not say how many shards there are{}; \
         give --shard env/N", .count.map(|count| format!(" ({count} is not set)")).unwrap_or_default()
    )]
    NoCount {
        /// Variable of the number.
        index: &'static str,
        /// Variable that is missing, if the engine has one.
        count: Option<&'static str>,
    },
    /// A variable that belongs to the number is not set.
    #[error("--shard env: {index} is set, and {missing} is not; set it, or give --shard K/N")]
    Missing {
        /// Variable of the number.
        index: &'static str,
        /// Variable that is missing.
        missing: &'static str,
    },
    /// A variable has no number.
    #[error("--shard env: {0} is no whole number; set it to one, or give --shard K/N")]
    NoNumber(&'static str),
    /// A part of the array was started again, or it is another array.
    #[error(
        "--shard env/{given}: {count} is {stated}; if this is a part of the array that runs again, give \
         --shard K/{given}"
    )]
    OtherCount {
        /// Variable of the count.
        count: &'static str,
        /// Its value.
        stated: u64,
        /// Count of the option.
        given: u64,
    },
    /// The number is none of the array's, as when the numbers have gaps.
    #[error(
        "--shard env: {index} is {value}, which is none of {count} shards that begin with {first}; \
         give --shard K/N"
    )]
    Beyond {
        /// Variable of the number.
        index: &'static str,
        /// Its value.
        value: u64,
        /// Number of shards.
        count: u64,
        /// Number of the first of them.
        first: u64,
    },
    /// The count is zero.
    #[error("--shard env: {0}; give --shard K/N")]
    Shard(#[from] ShardError),
}

/// Decides which shard of the input is read, if not all of it. `variable` reads the environment.
pub(super) fn sharding(
    args: &InputArgs,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<Sharding>, ShardEnvError> {
    let shard = match args.shard {
        None => return Ok(None),
        Some(TypedShard::Given(shard)) => shard,
        Some(TypedShard::Env { count }) => {
            // An engine that has no array may set them to nothing.
            of_environment(count, |name| variable(name).filter(|text| !text.is_empty()))?
        }
    };
    let by = args.shard_by.unwrap_or(ShardBy::Host);
    Ok(Some(Sharding { shard, by }))
}

fn of_environment(
    given: Option<u64>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Shard, ShardEnvError> {
    let mut set = ARRAY_JOBS
        .iter()
        .filter(|job| variable(job.index).is_some());
    let job = match (set.next(), set.next()) {
        (Some(job), None) => job,
        (Some(one), Some(other)) => {
            return Err(ShardEnvError::TwoIndexes(one.index, other.index));
        }
        (None, _) => {
            let names = ARRAY_JOBS.iter().map(|job| job.index).collect();
            return Err(ShardEnvError::NoIndex(names));
        }
    };
    let number = |name: &'static str| {
        let text = variable(name);
        text.map(|text| {
            text.parse::<u64>()
                .map_err(|_| ShardEnvError::NoNumber(name))
        })
        .transpose()
    };
    let needed = |missing: &'static str| {
        let index = job.index;
        number(missing)?.ok_or(ShardEnvError::Missing { index, missing })
    };
    let value = needed(job.index)?;
    let stated = job.count.map(number).transpose()?.flatten();
    let count = match (given, stated.zip(job.count)) {
        (Some(given), Some((stated, count))) if stated != given => {
            return Err(ShardEnvError::OtherCount {
                count,
                stated,
                given,
            });
        }
        (given, _) => given.or(stated).ok_or(ShardEnvError::NoCount {
            index: job.index,
            count: job.count,
        })?,
    };
    let first = match job.first {
        FirstIndex::Fixed(first) => first,
        FirstIndex::Variable(name) => needed(name)?,
    };
    let step = job.step.map(number).transpose()?.flatten().unwrap_or(1);
    let beyond = ShardEnvError::Beyond {
        index: job.index,
        value,
        count,
        first,
    };
    let Some(offset) = value.checked_sub(first) else {
        return Err(beyond);
    };
    match (offset.checked_div(step), offset.checked_rem(step)) {
        (Some(place), Some(0)) => match Shard::new(place, count) {
            Err(ShardError::Beyond { .. }) => Err(beyond),
            shard => Ok(shard?),
        },
        _ => Err(beyond),
    }
}

/// The text in a name that the number of the shard takes the place of, as in `--pack`.
const SHARD_NUMBER: &str = "{shard}";

/// Puts the number of the shard into the names of what the run writes, so that one command line serves all shards.
/// Without a shard there is no number, and braces in a name are more likely a mistake than meant.
pub(super) fn fill_number(args: &mut TypedArgs, shard: Option<Shard>) -> Result<(), String> {
    let exports = args.output.export.iter_mut();
    let exports = exports.map(|typed| ("--export", &mut typed.file));
    let bodies = &mut args.bodies;
    let single = [
        ("--log", &mut bodies.log),
        ("-d", &mut bodies.dir),
        ("-o", &mut bodies.output),
    ];
    let single = single
        .into_iter()
        .filter_map(|(option, path)| Some((option, path.as_mut()?)));
    for (option, path) in exports.chain(single) {
        // A name that is no text has none.
        let Some(name) = path.to_str().filter(|name| name.contains(SHARD_NUMBER)) else {
            continue;
        };
        let shard = shard.ok_or_else(|| {
            format!(
                "{option}: {SHARD_NUMBER} stands for the number of a shard; give --shard, or take it out"
            )
        })?;
        *path = name
            .replace(SHARD_NUMBER, &shard.number().to_string())
            .into();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
