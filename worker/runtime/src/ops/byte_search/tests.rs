//! Tests of `byte_search.rs`, beside a search that is plain to see.

use super::*;

fn positions(bytes: &[u8], needle: &[u8], step: usize) -> Vec<usize> {
    let windows = bytes.windows(needle.len()).enumerate();
    windows.filter(|(at, window)| *window == needle && at % step == 0).map(|(at, _)| at).collect()
}

/// Every sequence of so many zeros and ones.
fn all(length: usize) -> impl Iterator<Item = Vec<u8>> {
    (0..1_usize << length).map(move |bits| (0..length).map(|bit| u8::from(bits >> bit & 1 == 1)).collect())
}

#[test]
fn the_same_as_looking_everywhere() {
    for bytes in (0..9).flat_map(all) {
        for needle in (1..4).flat_map(all) {
            for step in [1, 2] {
                let all = positions(&bytes, &needle, step);
                for from in 0..11 {
                    let (next, previous) = (all.iter().find(|at| **at >= from), all.iter().rfind(|at| **at <= from));
                    assert_eq!(first(&bytes, &needle, from, step).as_ref(), next, "{bytes:?} {needle:?} {from} {step}");
                    assert_eq!(
                        last(&bytes, &needle, from, step).as_ref(),
                        previous,
                        "{bytes:?} {needle:?} {from} {step}"
                    );
                }
            }
        }
    }
}

#[test]
fn what_is_nearly_everywhere_takes_no_longer() {
    // 10^12 comparisons where each place is looked at anew.
    let bytes = vec![b'a'; 2_000_000];
    let mut needle = vec![b'a'; 1_000_000];
    needle.push(b'b');
    assert_eq!(first(&bytes, &needle, 0, 1), None);
    needle.rotate_right(1);
    assert_eq!(last(&bytes, &needle, usize::MAX, 1), None);
}
