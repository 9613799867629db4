//! Sweeps in words: a knee between two numbers of workers, and what more workers gained. Comparisons that leave the
//! number of workers open.

#![expect(
    clippy::unwrap_used,
    reason = "a failure here is a failure of the test, and shows where"
)]

use pfetch::model::event::{Event, Listener};
use pfetch::model::measurement::Sweep;
use pfetch::model::search_cost::SearchCost;
use pfetch::model::worker_gain::{GainSource, WorkerGains};
use pfetch::report::export::Export;
use pfetch::report::{Human, HumanStyle};
use pfetch::stats::Knee;

use crate::pfetch::tells;
use crate::story::{comparison, sweep};

/// The human report of a result.
fn human(event: Event) -> String {
    let mut text = Vec::new();
    let mut human = Human::new(&mut text, HumanStyle::default());
    human.event(&event).unwrap();
    drop(human);
    String::from_utf8(text).unwrap()
}

/// The document of a result.
fn exported(export: Export, event: Event) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = Box::new(file.reopen().unwrap());
    let mut report = export.listener(out, Default::default()).unwrap();
    report.event(&event).unwrap();
    report.close().unwrap();
    std::fs::read_to_string(file.path()).unwrap()
}

/// A sweep of three equal runs with each number of workers.
fn steady(points: &[(usize, f64)]) -> Sweep {
    let times: Vec<[f64; 3]> = points.iter().map(|(_, seconds)| [*seconds; 3]).collect();
    let points = points.iter().zip(&times);
    let points: Vec<(usize, &[f64])> = points
        .map(|((workers, _), times)| (*workers, &times[..]))
        .collect();
    sweep(20, &points)
}

#[test]
fn workers_that_gain_little_are_told_with_what_they_cost() {
    for (points, cost) in [
        (
            &[(1, 2.12), (8, 2.0)][..],
            Some("8 workers cost 8 connections for 1.06"),
        ),
        (
            &[(1, 8.0), (8, 2.02), (16, 2.0)],
            Some("16 workers cost 8 more connections than 8 for 1.01"),
        ),
        (
            &[(1, 8.0), (7, 2.0), (8, 2.2)],
            Some("8 workers cost 1 more connection than 7, no faster: 0.91"),
        ),
        (
            &[(1, 2.0), (2, 2.0)],
            Some("2 workers cost 1 more connection than 1 for 1.00"),
        ),
        (&[(1, 8.0), (8, 1.0)], None),
        (&[(8, 1.0)], None),
    ] {
        let event = || Event::Swept(steady(points));
        let told = human(event());
        let line = cost.map(|cost| format!("  cost       {cost}x\n"));
        assert_eq!(told.contains("  cost  "), cost.is_some(), "{told}");
        assert!(line.is_none_or(|line| told.contains(&line)), "{told}");
        if points.len() < 2 {
            continue;
        }
        let markdown = exported(Export::Markdown, event());
        let html = exported(Export::Html, event());
        for (text, sign) in [(markdown, 'x'), (html, '×')] {
            let cost = cost.map(|cost| format!("{cost}{sign}."));
            assert!(cost.is_none_or(|cost| text.contains(&cost)), "{text}");
        }
    }
    // Nothing is said of a knee that is not known.
    let unsure = sweep(20, &[(1, &[1.0, 3.0, 2.0]), (8, &[0.5, 0.9, 0.3])]);
    let told = human(Event::Swept(unsure));
    assert!(!told.contains("  cost  "), "{told}");
}

#[test]
fn the_gain_of_each_further_worker_is_a_share_of_one() {
    for (points, told) in [
        (
            &[(1, 8.0), (2, 4.0), (4, 4.0)][..],
            "from 1 to 2 workers each further one adds 100 % of what 1 alone does · from 2 to 4 it adds nothing · \
             estimated from the mean times",
        ),
        (
            &[(2, 4.0), (4, 5.0)],
            "from 2 to 4 workers each further one takes away 20 % of what each of 2 does · estimated from the mean \
             times",
        ),
    ] {
        let text = human(Event::Swept(steady(points)));
        assert!(tells(&text, told), "{told}\n{text}");
    }
    let one = human(Event::Swept(steady(&[(8, 1.0)])));
    assert!(
        !one.contains("  gain  ") && !one.contains("  efficiency"),
        "{one}"
    );
    let text = human(Event::Swept(steady(&[(1, 8.0), (2, 4.0), (4, 4.0)])));
    assert!(
        text.contains("  efficiency 100 % with 2 workers\n"),
        "{text}"
    );
}

#[test]
fn a_list_of_urls_that_is_cut_says_how_many_more_there_are() {
    for (count, more) in [
        (2, None),
        (3, Some("and 1 more")),
        (1002, Some("and 1,000 more")),
    ] {
        let mut swept = steady(&[(1, 8.0), (2, 4.0)]);
        swept.differing = (
            count,
            vec!["http://h/1".to_owned(), "http://h/2".to_owned()],
        );
        let event = || Event::Swept(swept.clone());
        let exports = [Export::Markdown, Export::Html].map(|export| exported(export, event()));
        for text in exports.iter().chain([&human(event())]) {
            assert!(text.contains("//h/2"), "{text}");
            assert!(!text.contains("and 0 more"), "{text}");
            assert!(more.is_none_or(|more| text.contains(more)), "{text}");
        }
    }
}

#[test]
fn gains_are_by_the_law_where_one_describes_the_sweep() {
    let law = |n: usize| 1.0 + 0.05 * (n as f64 - 1.0);
    let points = [1, 2, 4, 8, 16].map(|n| (n, 10.0 * law(n) / n as f64));
    let swept = steady(&points);
    let gains = WorkerGains::of(&swept).unwrap();
    assert_eq!(gains.by, GainSource::Law, "{gains:?}");
    for gain in &gains.counts {
        let efficiency = 1.0 / law(gain.workers);
        assert!((gain.efficiency - efficiency).abs() < 1e-6, "{gain:?}");
        let speedup = gain.workers as f64 * efficiency;
        assert!((gain.speedup - speedup).abs() < 1e-6, "{gain:?}");
    }
    // Between 8 and 16: X(8) = 5.926, X(16) = 9.143.
    let last = gains.at(16).and_then(|gain| gain.marginal).unwrap();
    assert!((last - 0.4021).abs() < 1e-4, "{last}");
    assert_eq!(gains.at(1).and_then(|gain| gain.marginal), None);
    assert_eq!(gains.at(3), None);
    let text = human(Event::Swept(swept.clone()));
    assert!(tells(&text, " · estimated by the fitted law\n"), "{text}");
    // A law that does not describe the points is none.
    let bent = steady(&[(1, 8.0), (2, 4.0), (4, 2.0), (8, 2.0)]);
    let bent = Sweep { law: None, ..bent };
    let by = WorkerGains::of(&bent).map(|gains| gains.by);
    assert_eq!(by, Some(GainSource::Means));
}

#[test]
fn a_number_of_workers_at_which_nothing_succeeds_has_no_gain() {
    let mut swept = steady(&[(1, 8.0), (2, 4.0), (4, 1.0)]);
    swept.points[2].times.failed = 60;
    let gains = WorkerGains::of(&swept).unwrap();
    let counts: Vec<usize> = gains.counts.iter().map(|gain| gain.workers).collect();
    assert_eq!(counts, [1, 2]);
    swept.points[0].times.failed = 60;
    swept.points[1].times.failed = 60;
    assert_eq!(WorkerGains::of(&swept), None);
}

#[test]
fn a_knee_between_two_near_numbers_of_workers_is_an_answer() {
    let mut swept = steady(&[(1, 8.0), (8, 1.0), (12, 0.52), (16, 0.5)]);
    swept.knee = Some(Knee {
        workers: 12,
        by_means: 16,
    });
    let text = human(Event::Swept(swept.clone()));
    for told in [
        "  knee       12 to 16 workers: the fewest that come within 5 % of the best\n",
        "  verdict    12 to 16 workers, the most that were tried: 16 are 16.00 times as fast as 1\n",
    ] {
        assert!(tells(&text, told), "{told}\n{text}");
    }
    swept.knee = Some(Knee {
        workers: 8,
        by_means: 16,
    });
    let text = human(Event::Swept(swept));
    assert!(
        text.contains("undecided between 8 and 16 workers"),
        "{text}"
    );
}

#[test]
fn a_number_of_workers_that_is_shown_to_be_slower_is_no_part_of_the_answer() {
    let mut swept = steady(&[(1, 8.0), (5, 0.4096), (6, 0.3654), (8, 0.37)]);
    swept.knee = Some(Knee {
        workers: 5,
        by_means: 6,
    });
    let text = human(Event::Swept(swept.clone()));
    for told in [
        "  knee       6 workers: the fewest that come within 5 % of the best\n",
        "  verdict    6 workers are enough: 21.89 times as fast as 1\n",
    ] {
        assert!(tells(&text, told), "{told}\n{text}");
    }
    // Where the intervals overlap, nothing is shown, and the gain is told of the number that has it.
    let noisy = [0.3, 0.41, 0.5];
    let mut swept = sweep(
        20,
        &[
            (1, &[8.0; 3]),
            (5, &noisy),
            (6, &[0.3654; 3]),
            (8, &[0.37; 3]),
        ],
    );
    swept.knee = Some(Knee {
        workers: 5,
        by_means: 6,
    });
    let text = human(Event::Swept(swept));
    let told = "  verdict    5 to 6 workers are enough: 6 are 21.89 times as fast as 1\n";
    assert!(text.contains(told), "{told}\n{text}");
}

#[test]
fn a_gain_beyond_what_a_worker_can_have_is_noise_unless_it_is_shown() {
    let (steady_ones, wild) = ([8.0; 3], [2.0, 3.5, 5.0]);
    let told = |points: &[(usize, &[f64])]| {
        let swept = Sweep {
            law: None,
            ..sweep(20, points)
        };
        let gains = WorkerGains::of(&swept).unwrap();
        let marginal = gains.counts.last().and_then(|gain| gain.marginal);
        let text = human(Event::Swept(swept));
        (marginal, text)
    };
    // 4 workers are slower than 2 by the means, and their runs scatter by as much.
    let (marginal, text) = told(&[(1, &steady_ones), (2, &[3.0, 3.1, 3.2]), (4, &wild)]);
    assert_eq!(marginal, None, "{text}");
    assert!(
        tells(
            &text,
            " · from 2 to 4 the gain is within the noise · estimated from the mean times"
        ),
        "{text}"
    );
    // Several steps that are noise are one.
    let (_, text) = told(&[
        (1, &steady_ones),
        (2, &[3.0, 3.1, 3.2]),
        (4, &wild),
        (8, &[2.0, 4.0, 6.0]),
    ]);
    let noise = " · from 2 to 8 the gain is within the noise · ";
    assert!(tells(&text, noise), "{text}");
    // Slower beyond all doubt is no noise.
    let (marginal, text) = told(&[(1, &steady_ones), (2, &[4.0; 3]), (4, &[5.0; 3])]);
    assert!(marginal.is_some_and(|share| share < 0.0), "{text}");
    // Nor is a gain that a worker can have, however wide its interval.
    let (marginal, text) = told(&[(1, &steady_ones), (2, &[3.0, 4.0, 5.0])]);
    assert!(marginal.is_some_and(|share| share > 0.5), "{text}");
}

#[test]
fn the_cost_of_a_search_is_told_unless_it_was_stopped() {
    let mut swept = steady(&[(1, 8.0), (2, 4.0)]);
    let runs = |swept: &Sweep| human(Event::Swept(swept.clone()));
    assert!(!runs(&swept).contains("  runs  "), "{}", runs(&swept));
    let cost = |warmups| SearchCost {
        runs: 10,
        warmups,
        grid: vec![1, 2, 4, 8, 16, 32],
        grid_runs: 30,
    };
    for (warmups, told) in [
        (0, "10 runs ·"),
        (1, "10 runs, 1 of them a warm-up ·"),
        (2, "10 runs, 2 of them warm-ups ·"),
    ] {
        swept.search = Some(cost(warmups));
        let text = runs(&swept);
        let line = format!("  runs       {told} the grid 1 2 4 8 16 32 × 5 would take 30\n");
        assert!(tells(&text, &line), "{line}\n{text}");
    }
    // Without anything in the grid, as a log may have it.
    swept.search = Some(SearchCost {
        grid: Vec::new(),
        ..cost(1)
    });
    assert!(runs(&swept).contains("would take 30"), "{}", runs(&swept));
    swept.stopped = Some(pfetch::model::summary::RunsMade {
        done: 2,
        of: 3,
        at_most: false,
    });
    assert!(!runs(&swept).contains("would take"), "{}", runs(&swept));
}

#[test]
fn a_comparison_that_leaves_the_number_of_workers_open_hints_at_a_sweep() {
    let times = |mean: f64| vec![mean, 1.01 * mean, 0.99 * mean, mean, 1.005 * mean];
    for (workers, targets, ratio, hint) in [
        (
            16,
            40,
            4.0,
            Some("fewer workers may do: --sweep auto finds how many"),
        ),
        (
            4,
            40,
            3.9,
            Some("more workers may gain more: --sweep auto finds how many"),
        ),
        (8, 40, 5.0, None),
        // No more than there are URLs can be busy.
        (4, 4, 3.9, None),
        (40, 3, 1.4, None),
        // Nothing is shown, or parallel is slower.
        (16, 40, 1.0, None),
        (16, 40, 0.5, None),
    ] {
        let compared = || {
            let of = comparison(workers, targets, times(2.0), times(2.0 / ratio), &[]);
            Event::Compared(of)
        };
        let text = human(compared());
        let line = hint.map(|hint| format!("  hint       {hint}\n"));
        assert_eq!(text.contains("--sweep"), hint.is_some(), "{text}");
        assert!(line.is_none_or(|line| text.contains(&line)), "{text}");
        for export in [Export::Markdown, Export::Html] {
            let text = exported(export, compared());
            assert_eq!(text.contains("--sweep auto"), hint.is_some(), "{text}");
        }
    }
}
