//! Tests of `stats.rs`.

use super::*;

#[test]
fn reports_of_several_workers_add_up_by_kind() {
    let report = |overflows, buffered, buffered_peak| Stats { overflows, buffered, buffered_peak, ..Stats::default() };
    let mut sum = Stats::default();
    sum.add(&report(3, 100, 500), false);
    sum.add(&report(4, 10, 400), true);
    sum.add(&report(5, 20, 0), true);
    assert_eq!(sum, report(12, 30, 500));
}

#[test]
fn a_worker_that_reports_nonsense_breaks_nothing() {
    let nonsense = Stats::from_values([u64::MAX; Stats::ALL.len()]);
    let mut sum = nonsense;
    sum.add(&nonsense, true);
    assert_eq!(sum, nonsense);
}

#[test]
fn values_keep_their_places() {
    let values = std::array::from_fn(|at| at as u64);
    assert_eq!(Stats::from_values(values).values(), values);
    assert_eq!(Stats::from_values(values).overflows, 0);
    let place = Stats::ALL.iter().position(|stat| stat.name == "heap").and_then(|place| u64::try_from(place).ok());
    assert_eq!(place, Some(Stats::from_values(values).heap));
}

#[test]
fn metrics_of_one_name_agree_and_differ_in_their_label() {
    for (at, stat) in Stats::ALL.iter().enumerate() {
        let Some(metric) = stat.metric else { continue };
        assert_eq!(metric.name.ends_with("_total"), stat.kind == StatKind::Total, "{}", metric.name);
        for other in Stats::ALL.iter().skip(at + 1) {
            let Some(beside) = other.metric.filter(|beside| beside.name == metric.name) else { continue };
            assert_eq!((beside.help, other.kind), (metric.help, stat.kind));
            assert_ne!(beside.label, metric.label);
            assert_eq!(beside.label.map(|(key, _)| key), metric.label.map(|(key, _)| key));
        }
    }
}
