//! Which columns have room, and how values look.

use super::*;

#[test]
fn what_matters_most_has_room_first() {
    assert_eq!(Column::that_fit(300), Column::ALL);
    assert_eq!(Column::that_fit(0), [Column::Name]);
    assert_eq!(Column::that_fit(20), [Column::Name, Column::Requests]);
    let at_80 = Column::that_fit(80);
    for column in [Column::P50, Column::P99, Column::InFlight, Column::Cpu, Column::Memory, Column::Buffered] {
        assert!(at_80.contains(&column), "{column:?}");
    }
    assert!(at_80.contains(&Column::Overflows) && at_80.contains(&Column::Restarts));
    for width in 0..120 {
        let columns = Column::that_fit(width);
        let taken: u16 = columns.iter().map(|column| column.width() + 1).sum();
        assert!(columns.len() == 1 || taken <= width + 1, "{width}");
    }
}

#[test]
fn every_column_has_a_key_of_its_own() {
    let mut keys = Column::ALL.map(Column::key).to_vec();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), Column::ALL.len());
    // These do something else.
    assert!(!keys.iter().any(|key| "qpjk/ ".contains(*key)));
}

#[test]
fn values_are_as_wide_as_their_columns_at_most() {
    let huge = Rates {
        requests_per_second: 1_234_567.8,
        p99_ms: Some(30_000.0),
        p50_ms: Some(999.4),
        cpu_percent: 1234.5,
        memory_bytes: 99_999 << 20,
        ..Rates::default()
    };
    for column in [Column::Requests, Column::P50, Column::P99, Column::Cpu, Column::Memory] {
        let cell = column.cell(&huge);
        assert!(cell.len() <= usize::from(column.width()), "{column:?}: {cell}");
    }
    assert_eq!(
        (time(None), time(Some(0.26)), time(Some(12.3)), time(Some(1500.0))),
        ("-".into(), "0.3ms".into(), "12ms".into(), "1.5s".into())
    );
    assert_eq!((size(512), size(1 << 20), size(1_572_864)), ("512B".into(), "1M".into(), "1.5M".into()));
}
