//! What small values, records and texts that are no JSON cost.

use super::*;

#[test]
fn small_values_cost_many_times_their_text() {
    let text = format!("[{}[]]", "[],".repeat(1000));
    assert!((60_000..100_000).contains(&json_cost(text.as_bytes())), "{}", json_cost(text.as_bytes()));
    let names: String = (0..1000).map(|i| format!(r#"{{"n{i}":1}},"#)).collect();
    assert!(json_cost(format!("[{names}0]").as_bytes()) > 250_000);
}

#[test]
fn records_of_one_shape_cost_a_few_times_their_text() {
    let record = r#"{"id":12345,"name":"somebody with a name","tags":["one","two"],"score":0.5},"#;
    let text = format!("[{}0]", record.repeat(1000));
    let cost = json_cost(text.as_bytes());
    assert!(cost < text.len() * 6, "{cost} of {}", text.len());
    assert!(json_cost(format!("\"{}\"", "a".repeat(1000)).as_bytes()) < 1100);
}

#[test]
fn anything_that_is_no_json_has_a_cost_too() {
    for text in ["", "\"", "\"\\", "\"\\\"", "]]}}", ":::", "{\"a", "\u{20ac}", "1e", "tru"] {
        let _ = json_cost(text.as_bytes());
    }
    let deep = "[".repeat(200_000);
    assert!(json_cost(deep.as_bytes()) > 200_000 * 100);
    assert!(json_cost("]".repeat(200_000).as_bytes()) == 0);
}
