//! The reasons of a comparison, and the phases of both arms side by side.

use pfetch::model::reason::Why;

use super::*;
use crate::export::events::{knee_why, why};
use crate::story::{comparison, sweep};

/// The page of a comparison with these reasons.
fn compared(why: Why) -> Vec<Element> {
    let story = Story::new(4);
    let mut compared = comparison(4, 5, vec![1.0; 3], vec![0.5; 3], &[]);
    compared.why = why;
    parse(&page(&[story.started(), Event::Compared(compared)]))
}

/// The bars of phases: class, start, width and upper edge.
fn bars(page: &[Element]) -> Vec<(String, [f64; 3])> {
    let rects = named(page, "rect").into_iter();
    rects
        .filter_map(|rect| {
            let class = rect.attribute("class")?.strip_prefix("bar ")?.to_owned();
            // Places across the picture are shares of its width.
            let number = |name| rect.attribute(name)?.trim_end_matches('%').parse().ok();
            Some((class, [number("x")?, number("width")?, number("y")?]))
        })
        .collect()
}

#[test]
fn the_reasons_are_a_list_and_the_phases_are_bars_on_one_scale() {
    let page = compared(why());
    assert!(text(&page, "h2").contains("Why"), "{}", text(&page, "h2"));
    let items = text(&page, "li");
    for said in [
        "a.example|<b>:8080 answers about 1 request at a time (2.1 at most)",
        "bounded by its slowest URL: http://a.example/|<b> (1.20 s of 1.21 s)",
        "this machine is the limit: pfetch uses 1.9 of 2 processors, which are 99 % busy",
    ] {
        assert!(items.contains(said), "{said} is not in\n{items}");
    }
    let bars = bars(&page);
    let phases: Vec<&str> = bars.iter().map(|(phase, _)| phase.as_str()).collect();
    let each = ["blocked", "connect", "send", "wait", "receive"];
    assert_eq!(
        phases,
        each.repeat(2),
        "the serial arm, then the parallel one"
    );
    let (serial, parallel) = bars.split_at(each.len());
    let [short, long] = [serial, parallel].map(|arm| arm[3].1[1]);
    assert!((long / short - 8.0).abs() < 0.01, "160 ms and 20: {bars:?}");
    for arm in [serial, parallel] {
        for pair in arm.windows(2) {
            let [one, next] = [pair[0].1, pair[1].1];
            assert!(
                (one[0] + one[1] - next[0]).abs() < 0.2,
                "they touch: {bars:?}"
            );
        }
    }
    assert!(
        parallel[0].1[2] > serial[0].1[2],
        "one below the other: {bars:?}"
    );
    let ends = [serial, parallel].map(|arm| arm.last().map(|(_, [x, width, _])| x + width));
    let end = ends.into_iter().flatten().reduce(f64::max);
    assert!(
        end.is_some_and(|end| (96.8..97.2).contains(&end)),
        "{bars:?}"
    );
    let caption = text(&page, "figcaption");
    assert!(
        caption.contains("spent 75 % of the parallel time"),
        "{caption}"
    );
    assert!(
        caption.contains("3 requests went to other origins"),
        "{caption}"
    );
    let cells = text(&page, "td");
    assert!(
        cells.contains("4\n2\n1.0 ms\n–\n500 µs\n–\n0 µs\n160.0 ms\n2.0 ms"),
        "{cells}"
    );
}

#[test]
fn without_reasons_the_phases_are_there_and_without_phases_nothing_is() {
    let page = compared(Why {
        reasons: Vec::new(),
        ..why()
    });
    let notes = text(&page, "p");
    assert!(notes.contains("Nothing stands out"), "{notes}");
    assert!(!bars(&page).is_empty());
    let page = compared(Why::default());
    assert!(!text(&page, "h2").contains("Why"), "{}", text(&page, "h2"));
}

#[test]
fn a_sweep_has_the_reasons_at_its_knee_and_no_section_without_any() {
    let story = Story::new(4);
    let mut swept = sweep(20, &[(1, &[2.0, 2.1]), (2, &[1.0, 1.0]), (8, &[1.0, 1.0])]);
    let heading = "Why more gain no more";
    let page_of = |swept| parse(&page(&[story.started(), Event::Swept(swept)]));
    let without = page_of(swept.clone());
    assert!(!text(&without, "h2").contains(heading));
    swept.why = Some(knee_why());
    let with = page_of(swept);
    assert!(text(&with, "h2").contains(heading));
    let items = text(&with, "li");
    let told = "with 8 workers: a.example|<b>:8080 answers about 1 request at a time";
    assert!(items.contains(told), "{items}");
}
