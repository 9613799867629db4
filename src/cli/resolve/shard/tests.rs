use super::*;

/// The variables of an engine and their values.
type Environment<'a> = &'a [(&'a str, &'a str)];

fn shard(given: Option<u64>, environment: &[(&str, &str)]) -> Result<Shard, ShardEnvError> {
    let variable = |name: &str| {
        let found = environment.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| (*value).to_owned())
            .filter(|value| !value.is_empty())
    };
    of_environment(given, variable)
}

#[test]
fn each_engine_says_the_shard_in_its_own_words() {
    let slurm = |id, min| {
        [
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
            ("SLURM_ARRAY_TASK_MIN", min),
        ]
    };
    let of_step = |id| {
        let step = ("SLURM_ARRAY_TASK_STEP", "10");
        [&slurm(id, "5")[..], &[step]].concat()
    };
    let gitlab = [("CI_NODE_INDEX", "4"), ("CI_NODE_TOTAL", "4")];
    let cases: [(Option<u64>, Environment<'_>, u64); 10] = [
        (Some(4), &[("JOB_COMPLETION_INDEX", "3")], 3),
        (Some(4), &[("AWS_BATCH_JOB_ARRAY_INDEX", "0")], 0),
        (None, &slurm("0", "0"), 0),
        (None, &slurm("7", "5"), 2),
        (Some(4), &slurm("8", "5"), 3),
        (None, &of_step("25"), 2),
        (None, &gitlab, 3),
        (Some(4), &gitlab, 3),
        // A total without a number is set in every job of GitLab's.
        (
            Some(4),
            &[("JOB_COMPLETION_INDEX", "1"), ("CI_NODE_TOTAL", "1")],
            1,
        ),
        (
            Some(4),
            &[("JOB_COMPLETION_INDEX", "1"), ("CI_NODE_INDEX", "")],
            1,
        ),
    ];
    for (given, environment, expected) in cases {
        let expected = Shard::new(expected, 4).expect("there are four");
        assert_eq!(shard(given, environment), Ok(expected), "{environment:?}");
    }
}

#[test]
fn an_environment_that_leaves_it_open_is_refused_by_the_name_of_the_variable() {
    let slurm = |id, count, min| {
        [
            ("SLURM_ARRAY_TASK_ID", id),
            ("SLURM_ARRAY_TASK_COUNT", count),
            ("SLURM_ARRAY_TASK_MIN", min),
        ]
    };
    let cases: [(Option<u64>, Environment<'_>, &str); 13] = [
        (
            None,
            &[],
            "none of JOB_COMPLETION_INDEX, SLURM_ARRAY_TASK_ID, ",
        ),
        (
            None,
            &[("JOB_COMPLETION_INDEX", "")],
            "none of JOB_COMPLETION_INDEX, ",
        ),
        (
            None,
            &[("JOB_COMPLETION_INDEX", "3")],
            "JOB_COMPLETION_INDEX is set, but ",
        ),
        (
            None,
            &[("CI_NODE_INDEX", "3")],
            "(CI_NODE_TOTAL is not set); give --shard env/N",
        ),
        (
            Some(4),
            &[("JOB_COMPLETION_INDEX", "x")],
            "JOB_COMPLETION_INDEX is no whole number",
        ),
        (
            Some(4),
            &[("JOB_COMPLETION_INDEX", "4")],
            "JOB_COMPLETION_INDEX is 4, which is none of 4",
        ),
        (
            Some(0),
            &[("JOB_COMPLETION_INDEX", "0")],
            "there is at least one shard",
        ),
        (
            None,
            &[("CI_NODE_INDEX", "0"), ("CI_NODE_TOTAL", "4")],
            "CI_NODE_INDEX is 0, ",
        ),
        (None, &slurm("5", "4", ""), "SLURM_ARRAY_TASK_MIN is not"),
        (
            None,
            &slurm("5", "-4", "0"),
            "SLURM_ARRAY_TASK_COUNT is no whole number",
        ),
        // The numbers have a gap: 1, 3.
        (None, &slurm("3", "2", "1"), "SLURM_ARRAY_TASK_ID is 3, "),
        // Two tasks of a hundred run again.
        (
            Some(100),
            &slurm("3", "2", "3"),
            "SLURM_ARRAY_TASK_COUNT is 2; ",
        ),
        (
            Some(4),
            &[("SLURM_ARRAY_TASK_ID", "1"), ("CI_NODE_INDEX", "1")],
            "both SLURM_ARRAY_TASK_ID and CI_NODE_INDEX",
        ),
    ];
    for (given, environment, expected) in cases {
        let error = shard(given, environment).map_err(|error| error.to_string());
        let says = |text: &String| text.contains(expected) && text.contains("give --shard ");
        let is_right = error.as_ref().is_err_and(says);
        assert!(is_right, "{environment:?}: {error:?} lacks {expected:?}");
    }
}
