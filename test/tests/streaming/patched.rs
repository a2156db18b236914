//! A program that patches what bodies are made with.

use super::*;

const HOSTILE: &str = r#"
const seen = [];
const note = (name) => function () { seen[seen.length] = name; return undefined; };
for (const name of ["cancel", "isAliased", "id", "source", "bytes", "content", "stream", "pull"]) {
  Object.defineProperty(Object.prototype, name, {
    configurable: true,
    get: note(`get ${name}`),
    set(value) {
      seen[seen.length] = `set ${name}`;
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true });
    },
  });
}
for (const [owner, name] of [
  [Map.prototype, "get"], [Map.prototype, "set"], [Map.prototype, "has"], [Map.prototype, "delete"],
  [Array.prototype, "push"],
]) {
  owner[name] = note(name);
}
const TypedArray = Object.getPrototypeOf(Uint8Array);
for (const name of ["set", "subarray", "slice"]) TypedArray.prototype[name] = note(name);
Object.defineProperty(Uint8Array, Symbol.species, { get: note("species") });
Object.defineProperty(Uint8Array, Symbol.hasInstance, { value: note("hasInstance") });
Array.prototype[Symbol.iterator] = note("iterator");
export default {
  fetch(request) {
    if (request.method === "GET") return new Response(seen.join());
    if (request.headers.get("x-way") === "pass") return new Response(request.body);
    if (request.headers.get("x-way") === "text") return request.text().then((text) => new Response(text));
    return new Response(request.clone().body);
  },
};
"#;

#[test]
fn a_program_that_patches_everything_sees_nothing_of_bodies() {
    let site = Site::new();
    site.app("a", HOSTILE).apps(json!([{ "hostname": "a.local", "path": "a" }]));
    let nano = site.serve();
    let body = "x".repeat(1_000_000);
    for way in ["pass", "text", "clone"] {
        let mut connection = nano.connect();
        let head =
            format!("POST / HTTP/1.1\r\nHost: a.local\r\nX-Way: {way}\r\nContent-Length: {}\r\n\r\n", body.len());
        connection.send(head.as_bytes()).unwrap();
        connection.send(body.as_bytes()).unwrap();
        let answer = connection.receive().unwrap();
        assert!(
            answer.status == 200 && answer.text() == body,
            "{way}: {} of {} bytes",
            answer.status,
            answer.body.len()
        );
    }
    let seen = nano.get("a.local", "/").text();
    assert_eq!(seen, "");
}
