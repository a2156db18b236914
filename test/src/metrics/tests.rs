//! Tests of `metrics.rs`.

use super::Metrics;

#[test]
fn samples_are_found_by_name_and_labels() {
    let text = "# TYPE a counter\na{app=\"x\",code=\"200\"} 3\na{app=\"y\",code=\"200\"} 4\nb 0.5\nab 7\n";
    let metrics = Metrics { text: text.to_owned() };
    assert_eq!(metrics.get("a", &[("app", "x")]), Some(3.0));
    assert_eq!(metrics.get("a", &[("app", "z")]), None);
    assert_eq!(metrics.sum("a", &[("code", "200")]), 7.0);
    assert_eq!(metrics.get("b", &[]), Some(0.5));
    assert_eq!(metrics.families(), [("a".to_owned(), "counter".to_owned())]);
}
