//! Precedence test: whether the smallest values of one sample come before nearly all of another.

/// The probability with which so many smallest values of `few` precede the values of `many`, or come before more of
/// them, if both are samples of one distribution, whichever that is. `rank` counts the smallest values of `few`, from
/// 1; a value of `many` as small as the last of them does not come after it.
///
/// It is the exact test of Nelson ("Tables for a Precedence Life Test", Technometrics 5, 1963). The values that were
/// not preceded decide nothing, so a sample of which only a part is smaller shows it.
pub fn precedence(few: &[f64], many: &[f64], rank: usize) -> f64 {
    let mut sorted = few.to_vec();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = rank.checked_sub(1).and_then(|place| sorted.get(place)) else {
        return 1.0;
    };
    let before = many.iter().filter(|value| *value <= last).count();
    // At most so many come before it if, and only if, at least `rank` of the first `rank + before` of all values are
    // of `few`: a tail of the hypergeometric distribution.
    let first = rank + before;
    let ways = |of_few: usize| {
        let of_many = first - of_few;
        let is_possible = of_many <= many.len();
        is_possible.then(|| ln_choose(few.len(), of_few) + ln_choose(many.len(), of_many))
    };
    let all = ln_choose(few.len() + many.len(), first);
    (rank..=few.len().min(first))
        .filter_map(ways)
        .map(|ln_ways| (ln_ways - all).exp())
        .sum()
}

/// The logarithm of the number of ways to choose `k` of `n`, of which `k` is no more.
fn ln_choose(n: usize, k: usize) -> f64 {
    let factor = |i: usize| ((n - k + i) as f64 / i as f64).ln();
    (1..=k).map(factor).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting(from: usize, count: usize) -> Vec<f64> {
        (from..from + count).map(|value| value as f64).collect()
    }

    #[test]
    fn it_is_the_share_of_the_orders_in_which_that_happens() {
        // The first two of seven are both of the four.
        let close = |found: f64, expected: f64| {
            assert!(
                (found - expected).abs() < 1e-12,
                "{found} is not {expected}"
            );
        };
        close(
            precedence(&[1.0, 2.0, 9.0, 9.5], &[3.0, 4.0, 5.0], 2),
            6.0 / 21.0,
        );
        // Every order of three and three: the second of the one comes after at most one of the other in 10 of 20.
        let mut orders = [0_u32; 4];
        for places in 0_u32..64 {
            if places.count_ones() != 3 {
                continue;
            }
            let few: Vec<u32> = (0..6).filter(|place| places >> place & 1 == 1).collect();
            orders[few[1] as usize - 1] += 1;
        }
        let at_most = |before: usize| f64::from(orders[..=before].iter().sum::<u32>()) / 20.0;
        close(
            precedence(&[0.0, 2.0, 5.0], &[1.0, 3.0, 4.0], 2),
            at_most(1),
        );
        close(
            precedence(&[0.0, 1.0, 5.0], &[2.0, 3.0, 4.0], 2),
            at_most(0),
        );
        close(precedence(&[3.0, 4.0, 5.0], &[0.0, 1.0, 2.0], 2), 1.0);
    }

    #[test]
    fn values_that_come_first_are_told_from_those_among_the_others() {
        let many = counting(100, 50);
        let mut few = counting(0, 4);
        few.extend(counting(120, 6));
        assert!(precedence(&few, &many, 4) < 0.001);
        assert!(precedence(&counting(120, 10), &many, 4) > 0.5);
        // As small is not before.
        assert!(precedence(&[1.0; 10], &[1.0; 50], 4) > 0.99);
    }

    #[test]
    fn a_rank_that_there_is_none_of_shows_nothing() {
        for (few, many, rank) in [(0, 5, 1), (5, 5, 0), (5, 5, 6)] {
            let found = precedence(&counting(0, few), &counting(9, many), rank);
            assert!((found - 1.0).abs() < 1e-12, "{few} {many} {rank}: {found}");
        }
        assert!((precedence(&counting(0, 5), &[], 2) - 1.0).abs() < 1e-9);
    }
}
