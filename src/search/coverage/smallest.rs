//! The small set: greedily what adds most, then without what the others cover together.
//!
//! The smallest of all such sets is hard to find, and one within a few files of it is easy. No file of the result can
//! be left out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// The indices of entries that together cover what all entries do, in their order: of each its size and what it covers.
pub fn smallest<T: Ord>(entries: &[(usize, Vec<T>)]) -> Vec<usize> {
    let mut numbers: BTreeMap<&T, usize> = BTreeMap::new();
    let mut covers: Vec<Vec<usize>> = Vec::new();
    for (_, features) in entries {
        let mut numbered: Vec<usize> = Vec::with_capacity(features.len());
        for feature in features {
            let next = numbers.len();
            numbered.push(*numbers.entry(feature).or_insert(next));
        }
        numbered.sort_unstable();
        numbered.dedup();
        covers.push(numbered);
    }
    // How many chosen entries cover each feature.
    let mut covered = vec![0_u32; numbers.len()];
    let mut chosen = Vec::new();
    // What an entry adds only falls, so an old figure is a bound, and the first whose figure still holds is the best.
    let rank = |adds: usize, index: usize| (adds, Reverse(entries[index].0), Reverse(index));
    let mut heap: BinaryHeap<_> = (0..entries.len()).map(|index| rank(covers[index].len(), index)).collect();
    while let Some((bound, _, Reverse(index))) = heap.pop() {
        let adds = covers[index].iter().filter(|feature| covered[**feature] == 0).count();
        if adds == 0 {
            continue;
        }
        if adds < bound {
            heap.push(rank(adds, index));
            continue;
        }
        chosen.push(index);
        covers[index].iter().for_each(|feature| covered[*feature] += 1);
    }
    // The largest goes first, if it can.
    chosen.sort_unstable_by_key(|index| (Reverse(entries[*index].0), Reverse(*index)));
    chosen.retain(|index| {
        let needed = covers[*index].iter().any(|feature| covered[*feature] == 1);
        if !needed {
            covers[*index].iter().for_each(|feature| covered[*feature] -= 1);
        }
        needed
    });
    chosen.sort_unstable();
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn what_others_cover_together_is_left_out() {
        let entries =
            [(9, vec![1, 2, 3, 4]), (1, vec![1, 2, 5]), (1, vec![3, 4, 6]), (5, vec![5]), (2, vec![])];
        assert_eq!(smallest(&entries), [1, 2]);
        let twins = [(3, vec![7]), (2, vec![7]), (2, vec![7])];
        assert_eq!(smallest(&twins), [1], "of equals the smallest, of these the first");
    }

    #[test]
    fn everything_stays_covered_and_nothing_can_be_left_out() {
        let mut random = fastrand::Rng::with_seed(3);
        for _ in 0..200 {
            let mut entry = |_| {
                let features: Vec<u8> = (0..random.usize(0..8)).map(|_| random.u8(0..24)).collect();
                (random.usize(1..9), features)
            };
            let entries: Vec<(usize, Vec<u8>)> = (0..20).map(&mut entry).collect();
            let of = |indices: &[usize]| -> BTreeSet<u8> {
                indices.iter().flat_map(|index| entries[*index].1.iter().copied()).collect()
            };
            let all = of(&(0..entries.len()).collect::<Vec<_>>());
            let chosen = smallest(&entries);
            assert_eq!(of(&chosen), all);
            for left_out in &chosen {
                let rest: Vec<usize> = chosen.iter().copied().filter(|index| index != left_out).collect();
                assert_ne!(of(&rest), all);
            }
        }
    }
}
