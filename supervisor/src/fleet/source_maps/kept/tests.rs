//! What many generations keep together is bounded, at the expense of those that keep most.

use super::*;

/// A map of about so many kilobytes.
fn map(kilobytes: usize) -> Option<SourceMap> {
    let group = "AAAA,".repeat(51);
    let mappings = vec![group; kilobytes].join(";");
    SourceMap::parse(
        format!("{{\"version\":3,\"sources\":[\"a.ts\"],\"names\":[],\"mappings\":\"{mappings}\"}}").as_bytes(),
    )
}

fn sum(all: &[Rc<KeptMaps>]) -> usize {
    all.iter().map(|kept| kept.bytes.get()).sum()
}

#[test]
fn many_generations_with_large_maps_keep_no_more_than_one_may_and_a_little() {
    let all: Vec<_> = (0..10).map(|_| KeptMaps::new()).collect();
    for kept in &all {
        kept.put("index.js", map(7 << 10));
        assert!(sum(&all) <= MAX_OF_ALL);
    }
    // The first ones keep theirs, and nobody looks again for those that found no room.
    assert!(all.iter().take(4).all(|kept| kept.get("index.js").is_some()));
    assert!(all.iter().all(|kept| kept.knows("index.js")));
    // Those that are gone keep nothing.
    drop(all);
    let next = KeptMaps::new();
    next.put("index.js", map(20 << 10));
    assert!(!next.is_empty());
}

#[test]
fn a_small_map_takes_the_place_of_the_largest() {
    let [large, middle, small] = [(); 3].map(|()| KeptMaps::new());
    large.put("index.js", map(20 << 10));
    middle.put("index.js", map(10 << 10));
    small.put("index.js", map(3 << 10));
    assert!(large.is_empty() && large.knows("index.js") && large.get("index.js").is_none());
    assert!(middle.get("index.js").is_some() && small.get("index.js").is_some());
    // One may not have all.
    large.put("index.js", map(20 << 10));
    assert!(large.get("index.js").is_none());
    large.put("a.js", map(12 << 10));
    large.put("b.js", map(13 << 10));
    assert!(large.bytes.get() <= MAX_OF_ONE && large.get("b.js").is_none());
}
