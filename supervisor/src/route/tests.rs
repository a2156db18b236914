//! Which pattern a host is routed by.

#![allow(clippy::unwrap_used, reason = "tests")]

use nano_config::Config;

use super::*;
use crate::app::Admission;
use crate::app::{Availability, GenerationId};
use crate::cache::Caches;
use crate::telemetry::AppMetrics;

fn table(apps: &[(&str, &[&str])]) -> RouteTable {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.js"), "").unwrap();
    let settings = Config::single_app(dir.path(), 0).unwrap().apps.remove(0).settings;
    let apps: Vec<_> = apps
        .iter()
        .map(|(name, patterns)| {
            let app = App {
                name: (*name).into(),
                generation: GenerationId(1),
                settings: settings.clone(),
                assets: None,
                cache: Caches::default().of_app("a"),
                metrics: Arc::new(AppMetrics::default()),
                admission: Admission::new(1, 1),
                availability: Availability::default(),
            };
            (patterns.iter().map(|text| HostPattern::parse(text).unwrap()).collect(), Arc::new(app))
        })
        .collect();
    RouteTable::new(&apps)
}

fn find<'a>(table: &'a RouteTable, host: &str) -> &'a str {
    let index = table.lookup(&HostName::parse(host).unwrap());
    index.map_or("", |index| &table.apps()[index].name)
}

#[test]
fn exact_beats_the_longest_wildcard_beats_any() {
    let table = table(&[
        ("any", &["*"]),
        ("wide", &["*.example"]),
        ("narrow", &["*.b.example"]),
        ("exact", &["a.b.example", "other.test"]),
    ]);
    for (host, app) in [
        ("a.b.example", "exact"),
        ("A.B.Example.", "exact"),
        ("other.test", "exact"),
        ("x.b.example", "narrow"),
        ("y.x.b.example", "narrow"),
        ("b.example", "wide"),
        ("c.example", "wide"),
        ("example", "any"),
        ("xb.test", "any"),
        ("10.0.0.1", "any"),
        ("[::1]", "any"),
    ] {
        assert_eq!(find(&table, host), app, "{host}");
    }
}

#[test]
fn without_a_fallback_unknown_hosts_have_no_app() {
    let table = table(&[("one", &["a.example"]), ("two", &["*.b.example"])]);
    for host in ["b.example", "example", "aa.example", "x.a.example", "a.example.org", "127.0.0.1"] {
        assert_eq!(find(&table, host), "", "{host}");
    }
    assert_eq!(RouteTable::default().lookup(&HostName::parse("a.example").unwrap()), None);
}
