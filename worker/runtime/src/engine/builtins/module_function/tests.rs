//! Modules as functions, and the forms that are refused.

#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

#[test]
fn only_imports_and_the_word_export_change() {
    let text = "// A module.\nimport { a, b as c } from \"./x.js\";\nimport * as n from \"../y.js\";\nimport {\n  d,\n} from \"./z.js\";\n\nexport const e = 1;\nexport function f() {\n  return e;\n}\nexport async function* g() {}\nclass H {}\nexport { H as I };\n";
    let module = rewrite(text).unwrap();
    assert_eq!(module.exports, ["e", "f", "g", "I"]);
    assert_eq!(module.imports.len(), 3);
    assert_eq!(module.imports[0].names, [("a".into(), "a".into()), ("b".into(), "c".into())]);
    assert_eq!(module.imports[1].namespace.as_deref(), Some("n"));
    let lines: Vec<&str> = module.body.lines().collect();
    for (index, line) in text.lines().enumerate().skip(7) {
        if !line.starts_with("export {") {
            assert_eq!(lines[index].trim(), line.trim_start_matches("export ").trim(), "line {}", index + 1);
            assert_eq!(lines[index].len(), line.len(), "columns of line {}", index + 1);
        }
    }
}

#[test]
fn other_forms_are_refused_with_their_line() {
    for statement in [
        "export default 1;",
        "export let a = 1;",
        "export * from \"./x.js\";",
        "export const { a } = b;",
        "import a from \"./x.js\";",
        "import a, { b } from \"./x.js\";",
        "export { a } from \"./x.js\";",
    ] {
        let refused = rewrite(&format!("\n{statement}\n")).err();
        assert_eq!(refused, Some(UnknownForm { line: 2 }), "{statement}");
    }
}
