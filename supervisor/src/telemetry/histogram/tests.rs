//! The bounds of buckets.

use super::*;

#[test]
fn a_bound_belongs_to_its_bucket() {
    let histogram = Histogram::default();
    for micros in [0, 500, 501, 30_000_000, 30_000_001] {
        histogram.observe(Duration::from_micros(micros));
    }
    let snapshot = histogram.snapshot();
    assert_eq!(snapshot.cumulative.first(), Some(&(0.0005, 2)));
    assert_eq!(snapshot.cumulative.get(1), Some(&(0.001, 3)));
    assert_eq!(snapshot.cumulative.last(), Some(&(30.0, 4)));
    assert_eq!(snapshot.count, 5);
    assert!((snapshot.sum - 60.001_002).abs() < 1e-9, "{}", snapshot.sum);
}
