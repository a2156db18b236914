//! The edges between the crates, read from the manifests: the supervisor never links V8, the protocol never needs a runtime.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::{finish, repository};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crate → the crates of this workspace that it may depend on, in any kind of dependency.
const ALLOWED: &[(&str, &[&str])] = &[
    ("nano-bundle", &["nano-protocol"]),
    ("nano-config", &[]),
    ("nano-protocol", &[]),
    ("nano-fleet", &["nano-config", "nano-fleet-link"]),
    ("nano-fleet-link", &[]),
    ("nano-supervisor", &["nano-config", "nano-fleet-link", "nano-protocol", "nano-spawner"]),
    ("nano-spawner", &["nano-config", "nano-protocol"]),
    ("nano-runtime", &["nano-protocol"]),
    ("nano-worker", &["nano-runtime", "nano-protocol"]),
    ("nano-test", &["nano-config", "nano-protocol", "nano-spawner", "nano-supervisor", "nano-runtime", "nano-worker"]),
];

/// Crate → crates of others that it must not reach, directly or through others, outside its own tests.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("nano-config", &["tokio", "v8", "hyper"]),
    ("nano-protocol", &["tokio", "v8", "hyper", "mio"]),
    // Of protocol buffers it has the messages of traces, and no gRPC.
    ("nano-supervisor", &["v8", "rolldown", "oxc", "tonic", "opentelemetry"]),
    ("nano-fleet", &["v8", "rolldown", "oxc"]),
    ("nano-worker", &["tokio", "hyper", "rolldown", "oxc"]),
    // It reads what strangers wrote, and needs no network.
    ("nano-bundle", &["v8", "hyper", "rustls"]),
];

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = finish(
        Command::new(cargo)
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--offline",
                "--filter-platform",
                "x86_64-unknown-linux-gnu",
            ])
            .current_dir(repository()),
        "",
    );
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    serde_json::from_str(&output.stdout).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn crates_depend_on_each_other_only_as_designed() {
    let metadata = metadata();
    let members: BTreeSet<_> = metadata["workspace_members"].as_array().unwrap().iter().map(text).collect();
    let packages = metadata["packages"].as_array().unwrap();
    let own: Vec<&Value> = packages.iter().filter(|package| members.contains(&text(&package["id"]))).collect();
    let names: BTreeSet<_> = own.iter().map(|package| text(&package["name"])).collect();
    let known: BTreeSet<_> = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names, known, "a crate came or went: say here what it may depend on");
    for package in own {
        let name = text(&package["name"]);
        let allowed = ALLOWED.iter().find(|(crate_name, _)| *crate_name == name).unwrap().1;
        for dependency in package["dependencies"].as_array().unwrap() {
            let to = text(&dependency["name"]);
            assert!(!names.contains(&to) || allowed.contains(&to.as_str()), "{name} → {to} is no edge of this design");
        }
        let uses_v8 = package["dependencies"].as_array().unwrap().iter().any(|dependency| dependency["name"] == "v8");
        assert!(!uses_v8 || name == "nano-runtime", "{name} depends on v8; only nano-runtime may");
    }
}

#[test]
fn nothing_heavy_is_reached_from_where_it_must_not_be() {
    let metadata = metadata();
    let mut name_of = BTreeMap::new();
    let mut edges: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().unwrap() {
        let id = text(&node["id"]);
        for dependency in node["deps"].as_array().unwrap() {
            // Dev-dependencies link into tests only.
            let normal = dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"] != "dev");
            if normal {
                edges.entry(id.clone()).or_default().push(text(&dependency["pkg"]));
            }
        }
    }
    for package in metadata["packages"].as_array().unwrap() {
        name_of.insert(text(&package["id"]), text(&package["name"]));
    }
    for (name, forbidden) in FORBIDDEN {
        let start = name_of.iter().find(|(_, found)| found == name).unwrap().0;
        let mut reached = BTreeSet::from([start.clone()]);
        let mut open = vec![start.clone()];
        while let Some(id) = open.pop() {
            for next in edges.get(&id).into_iter().flatten() {
                if reached.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        let reached: BTreeSet<_> = reached.iter().map(|id| name_of[id].as_str()).collect();
        for crate_name in *forbidden {
            assert!(!reached.contains(crate_name), "{name} reaches {crate_name}");
        }
    }
}
