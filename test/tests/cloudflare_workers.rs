//! Apps that were made for Cloudflare Workers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use nano_test::Site;
use serde_json::json;

#[test]
fn an_environment_has_values_of_every_json_type() {
    let site = Site::new();
    site.app(
        "a",
        "Object.defineProperty(Object.prototype, 'list', { set() { throw new Error('called'); }, configurable: true });
         export default { fetch(request, env) {
            if (new URL(request.url).pathname === '/change') env.object.list.push('changed');
            const { text, number, no, nothing, object } = env;
            return Response.json({
                text, number, no, nothing, object,
                names: Object.keys(env), plain: Object.getPrototypeOf(object) === Object.prototype,
                proto: Object.keys(object.inner), count: object.list instanceof Array,
            });
         } };",
    );
    let inner: serde_json::Value =
        serde_json::from_str(r#"{ "__proto__": { "evil": true }, "constructor": 1 }"#).unwrap();
    let env = json!({
        "text": "ü", "number": -1.5, "no": false, "nothing": null, "object": { "list": [1, [null]], "inner": inner },
    });
    site.apps(json!([
        { "name": "a", "hostname": "a.local", "path": "a", "env": env },
        { "name": "b", "hostname": "b.local", "path": "a", "env": env, "start": "on-demand" },
    ]));
    let nano = site.serve();
    let seen = nano.get("a.local", "/change").json();
    assert_eq!(seen["object"]["list"], json!([1, [null], "changed"]));
    assert_eq!((&seen["names"], &seen["plain"]), (&json!(["no", "nothing", "number", "object", "text"]), &json!(true)));
    assert_eq!((&seen["proto"], &seen["count"]), (&json!(["__proto__", "constructor"]), &json!(true)));
    let other = nano.get("b.local", "/").json();
    for name in ["text", "number", "no", "nothing", "object"] {
        assert_eq!(other[name], env[name], "another app has values of its own");
    }
}
