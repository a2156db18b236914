//! The table of docs/ecma-429.md is what an app finds.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;

use nano_test::{Site, finish, repository};
use serde_json::{Value, json};

/// Looks at one row; says what is not as it is written there.
const SCRIPT: &str = r#"
const wrong = [];
const find = (path) => path.split(".").reduce((object, name) => object?.[name], globalThis);
for (const { name, parent, members, lacking } of ROWS) {
  const object = name === "globalThis" ? globalThis : find(name);
  if (object === undefined) {
    wrong.push(`${name} is not there`);
    continue;
  }
  const isInterface = /^[A-Z]/.test(name) && name !== "WebAssembly";
  if (parent && Object.getPrototypeOf(object) !== globalThis[parent]) wrong.push(`${name} does not inherit from ${parent}`);
  for (const member of members) {
    const isStatic = member.startsWith("static ");
    const path = member.replace("static ", "").replace("()", "");
    const isMethod = member.endsWith("()");
    let ok;
    if (member === "new") {
      // Not callable as a constructor: «Illegal constructor», whatever the arguments.
      try {
        Reflect.construct(object, []);
        ok = true;
      } catch (error) {
        ok = !/Illegal/.test(error.message);
      }
    } else if (!isInterface || isStatic) {
      const found = path.split(".").reduce((from, step) => (from !== undefined && from !== null && step in from ? from[step] : undefined), object);
      ok = isMethod ? typeof found === "function" : found !== undefined;
    } else {
      const own = Object.getOwnPropertyDescriptor(object.prototype, path);
      // The standards have a few attributes on each object itself.
      const isUnforgeable = name === "Event" && path === "isTrusted" && "isTrusted" in new Event("x");
      ok = isMethod ? typeof own?.value === "function" : isUnforgeable || own?.get !== undefined;
    }
    if (ok === lacking.includes(member)) wrong.push(`${name}: ${member} is ${ok ? "there, and listed as lacking" : "lacking"}`);
  }
}
console.log(JSON.stringify(wrong));
"#;

/// The texts in backticks of a cell.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

fn rows() -> Vec<Value> {
    let text = fs::read_to_string(repository().join("docs/ecma-429.md")).unwrap();
    let cells = text.lines().filter(|line| line.starts_with("| `")).map(|line| line.split('|').collect::<Vec<_>>());
    cells
        .map(|cells| {
            let [_, name, parent, members, lacking, _] = cells.as_slice() else { panic!("not a row: {cells:?}") };
            json!({ "name": quoted(name)[0], "parent": quoted(parent).first(), "members": quoted(members), "lacking": quoted(lacking) })
        })
        .collect()
}

fn looked_at(rows: &[Value]) -> Vec<String> {
    let site = Site::new();
    site.file("script.js", &format!("const ROWS = {};\n{SCRIPT}", json!(rows)));
    let said = finish(&mut site.command("nano", &["run", "script.js"]), "");
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn the_table_is_what_is_there() {
    let rows = rows();
    assert!(rows.len() > 50, "{} rows", rows.len());
    assert_eq!(looked_at(&rows), Vec::<String>::new());
}

#[test]
fn what_is_not_there_is_seen() {
    let row = |members: Value, lacking: Value| json!({ "name": "Blob", "parent": null, "members": members, "lacking": lacking });
    let wrong = looked_at(&[
        row(json!(["text()", "none()", "size()"]), json!([])),
        row(json!(["text()", "none"]), json!(["text()", "none"])),
        json!({ "name": "Nothing", "members": [], "lacking": [] }),
        json!({ "name": "File", "parent": "Event", "members": [], "lacking": [] }),
        json!({ "name": "CryptoKey", "members": ["new"], "lacking": [] }),
    ]);
    assert_eq!(
        wrong,
        [
            "Blob: none() is lacking",
            "Blob: size() is lacking",
            "Blob: text() is there, and listed as lacking",
            "Nothing is not there",
            "File does not inherit from Event",
            "CryptoKey: new is lacking",
        ]
    );
}
