//! Holds the imports of a crate against its floors.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::imports;
use super::table::Table;

/// Path within `src` → text.
pub(crate) type Sources = BTreeMap<String, String>;

/// Everything that is wrong with the crate `name`, in words.
pub(crate) fn faults(table: &Table, name: &str, sources: &Sources) -> Vec<String> {
    let mut faults = Vec::new();
    let mut floor_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (floor, files) in table.floors.get(name).into_iter().flatten().enumerate() {
        for file in files {
            if floor_of.insert(file, floor).is_some() {
                faults.push(format!("{name}: `{file}` stands on two floors of ARCHITECTURE's table"));
            }
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut climbs: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for (path, text) in sources {
        // The root composes everything, and programs use the crate from outside.
        if matches!(path.as_str(), "lib.rs" | "main.rs") || path.starts_with("bin/") {
            continue;
        }
        let module = module_of(path);
        let Some((unit, floor)) = module.first().and_then(|unit| floor_of.get_key_value(unit.as_str())) else {
            let unit = module.first().map_or("", String::as_str);
            faults.push(format!("{name}: `{unit}` ({path}) stands on no floor of ARCHITECTURE's table"));
            continue;
        };
        seen.insert(*unit);
        for to in imports(text, &module) {
            // What is no module is re-exported by the root, which stands above all.
            if floor_of.get(to.as_str()).is_none_or(|target| target < floor) {
                climbs.entry(((*unit).to_owned(), to)).or_default().push(path);
            }
        }
    }
    for gone in floor_of.keys().filter(|unit| !seen.contains(*unit)) {
        faults.push(format!("{name}: `{gone}` is in ARCHITECTURE's table and nowhere else"));
    }
    let listed = table.climbs.iter().filter(|((of, ..), _)| of == name);
    let mut listed: BTreeMap<(String, String), usize> =
        listed.map(|((_, from, to), files)| ((from.clone(), to.clone()), *files)).collect();
    for ((from, to), files) in climbs {
        match listed.remove(&(from.clone(), to.clone())) {
            Some(allowed) if files.len() == allowed => {}
            Some(allowed) if files.len() < allowed => faults.push(format!(
                "{name}: {} files of `{from}` climb to `{to}`, fewer than ARCHITECTURE lists ({allowed}): write the number",
                files.len()
            )),
            _ => faults.push(format!("{name}: `{from}` imports from `{to}`, which stands above it: {}", files.join(", "))),
        }
    }
    for (from, to) in listed.keys() {
        faults.push(format!("{name}: `{from}` climbs to `{to}` no more: take it out of ARCHITECTURE's table"));
    }
    faults
}

/// The module that a file is: `a/b.rs` is `a::b`, `a_tests.rs` is `a::tests`.
fn module_of(path: &str) -> Vec<String> {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let mut module: Vec<String> = stem.split('/').map(str::to_owned).collect();
    if let Some(tested) = module.last().and_then(|last| last.strip_suffix("_tests")).map(str::to_owned) {
        module.pop();
        module.extend([tested, "tests".to_owned()]);
    }
    module
}
