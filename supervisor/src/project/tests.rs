//! Tests of projects.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn at(path: &Path) -> ProjectPath {
    ProjectPath { path: path.to_owned(), environment: None, settings: Vec::new() }
}

#[test]
fn a_directory_with_a_module_is_a_project() {
    let directory = tempfile::tempdir().unwrap();
    let nothing = Project::read(&at(directory.path())).unwrap_err().to_string();
    assert!(nothing.contains("no index.ts"), "{nothing}");
    fs::create_dir(directory.path().join("src")).unwrap();
    fs::write(directory.path().join("src/index.js"), "").unwrap();
    let main = || Project::read(&at(directory.path())).unwrap().main.unwrap();
    assert!(main().ends_with("src/index.js"));
    fs::write(directory.path().join("index.ts"), "").unwrap();
    assert!(main().ends_with("index.ts"));
    let own = Project::read(&at(&directory.path().join("src/index.js"))).unwrap();
    assert!(own.directory.ends_with("src") && own.main.unwrap().ends_with("src/index.js"));
}

#[test]
fn a_configuration_says_what_the_bundle_is_made_of() {
    let directory = tempfile::tempdir().unwrap();
    let text = r#"{ "name": "shop", "main": "src/a.ts", "compatibility_flags": ["nodejs_compat"], "vars": { "A": "a", "B": "b" },
        "routes": ["shop.example/x/*"], "kv_namespaces": [{ "binding": "KV", "id": "x" }], "define": { "X": "1" },
        "alias": { "a": "./b.ts" }, "rules": [{ "type": "Text", "globs": ["**/*.md"], "fallthrough": true }, { "type": "ESModule", "globs": ["x"] }],
        "build": { "command": "make" }, "tsconfig": "tsconfig.app.json" }"#;
    fs::write(directory.path().join("wrangler.jsonc"), text).unwrap();
    fs::write(directory.path().join(".dev.vars"), "B=secret\nC=c\n").unwrap();
    let settings = vec!["memory_mb=64".to_owned()];
    let project = Project::read(&ProjectPath { settings, ..at(directory.path()) }).unwrap();
    assert_eq!(
        Value::Object(project.entry.clone()),
        json!({ "name": "shop", "env": { "A": "a", "B": "secret", "C": "c" }, "compatibility_flags": ["nodejs_compat"], "memory_mb": 64 })
    );
    let notes = ["build: its command is not run; run it beside nano", "kv_namespaces: nano has no KV (`env.KV`)"];
    let mut told = project.notes.clone();
    told.sort();
    assert_eq!(told, notes);
    let listed = ListedModule::from_line("node:fs nodejs_compat").unwrap();
    let main = project.main.clone().unwrap();
    let request = project.request(&main, Path::new("/out"), &[listed]);
    assert_eq!(request.builtins[0].state, nano_protocol::bundle::BuiltinState::Present);
    assert_eq!(request.define["X"], "1");
    assert_eq!(request.define["process.env.NODE_ENV"], "\"development\"");
    assert_eq!((request.alias["a"].as_str(), request.rules.len()), ("./b.ts", 1));
    assert!(request.tsconfig.unwrap().ends_with("tsconfig.app.json"));
}

#[test]
fn a_workspace_is_a_projects_root() {
    let directory = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(directory.path()).unwrap();
    let project = root.join("packages/api");
    fs::create_dir_all(&project).unwrap();
    assert_eq!(root_of(&project), project);
    fs::write(root.join("package.json"), r#"{ "workspaces": ["packages/*"] }"#).unwrap();
    assert_eq!(root_of(&project), root);
}

#[test]
fn settings_are_json() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("index.js"), "").unwrap();
    for wrong in ["memory_mb", "egress=public"] {
        let settings = vec![wrong.to_owned()];
        let error = Project::read(&ProjectPath { settings, ..at(directory.path()) }).unwrap_err().to_string();
        assert!(error.starts_with(&format!("--set {wrong}: ")), "{error}");
    }
}
