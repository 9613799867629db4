//! The histogram of the times per URL.

use std::time::Duration;

use super::*;

/// The names of the bars: `103.0 ms to 103.1 ms: 3 URLs`.
fn bar_names(page: &[Element]) -> Vec<String> {
    let titles = named(page, "title").into_iter();
    let names = titles.map(|title| title.text.clone());
    names
        .filter(|name| name.contains(" to ") && name.contains(": ") && name.contains(" URL"))
        .collect()
}

fn page_of(micros: &[u64]) -> Vec<Element> {
    let story = Story::new(2);
    let took = |index: u64| Duration::from_micros(micros[index as usize]);
    parse(&page(&story.run(story.many(micros.len() as u64, took))))
}

#[test]
fn every_time_is_in_one_bin_and_bins_can_be_told_apart() {
    let near: Vec<u64> = (0..40).map(|k| 103_000 + 7 * k).collect();
    let wide: Vec<u64> = (0..40).map(|k| 1 << (k / 2)).collect();
    let edge = [103_424, 103_424, 103_424, 103_500, 104_000, 104_447];
    for micros in [&near[..], &wide, &edge, &[5000; 8], &[1, 1, 2]] {
        let page = page_of(micros);
        let names = bar_names(&page);
        let count = |name: &String| -> u64 {
            let (_, count) = name.rsplit_once(": ").expect("a count");
            let (count, _) = count.split_once(' ').expect("a unit");
            count.parse().expect("a number")
        };
        let sum: u64 = names.iter().map(count).sum();
        assert_eq!(sum, micros.len() as u64, "{micros:?}: {names:?}");
        for name in &names {
            let (from, to) = name.split_once(" to ").expect("edges");
            let (to, _) = to.split_once(": ").expect("a count");
            assert_ne!(from, to, "{micros:?}: {names:?}");
        }
        let mut edges: Vec<_> = names.iter().map(|name| name.split(": ").next()).collect();
        let all = edges.len();
        edges.dedup();
        assert_eq!(edges.len(), all, "{micros:?}: {names:?}");
    }
}
