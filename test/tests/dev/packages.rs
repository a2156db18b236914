//! Packages in `node_modules`, as bundlers find them.

use std::os::unix::fs::symlink;
use std::process::Command;

use nano_test::{Site, finish, tool};
use serde_json::json;

use crate::server::DevServer;

#[test]
fn packages_are_found_as_bundlers_find_them() {
    let site = Site::new();
    // The order of conditions counts.
    site.file(
        "p/node_modules/conditions/package.json",
        r#"{ "exports": { ".": { "node": "./node.js", "workerd": "./workerd.js", "default": "./default.js" } } }"#,
    );
    site.file("p/node_modules/conditions/workerd.js", "export default 'workerd';");
    site.file("p/node_modules/conditions/default.js", "export default 'default';");
    let package = |name: &str, manifest: serde_json::Value, files: &[(&str, &str)]| {
        let root = format!("p/node_modules/{name}");
        site.file(&format!("{root}/package.json"), &manifest.to_string());
        for (path, text) in files {
            site.file(&format!("{root}/{path}"), text);
        }
    };
    package(
        "kinds",
        json!({ "exports": { "import": "./esm.mjs", "require": "./cjs.cjs" } }),
        &[("esm.mjs", "export default 'import';"), ("cjs.cjs", "module.exports = 'require';")],
    );
    package(
        "fields",
        json!({ "main": "./main.js", "module": "./module.js", "browser": { "./inner.js": "./browser.js", "vm": false } }),
        &[
            ("main.js", "module.exports = 'main';"),
            (
                "module.js",
                "import inner from './inner.js'; import { readFileSync } from 'fs'; export default `module ${inner} ${typeof readFileSync}`;",
            ),
            ("inner.js", "export default 'inner';"),
            ("browser.js", "export default 'browser';"),
        ],
    );
    package(
        "patterns",
        json!({ "type": "module", "exports": { "./*": "./lib/*.js", "./private/*": null }, "imports": { "#own": "./lib/own.js" } }),
        &[("lib/a.js", "export { default } from '#own';"), ("lib/own.js", "export default 'own';")],
    );
    package(
        "common",
        json!({ "main": "index.js" }),
        &[
            (
                "index.js",
                "exports.a = 1; exports.b = require('./b'); exports.kinds = require('kinds'); exports.cycle = require('./cycle-a').seen;\nexports.missing = (() => { try { require('not-there'); } catch (error) { return error.code; } })(); exports.env = process.env.NODE_ENV;",
            ),
            ("b.js", "module.exports = function b() { return 'b'; };\nmodule.exports.json = require('./data.json').x;"),
            ("data.json", r#"{ "x": "json" }"#),
            ("cycle-a.js", "exports.seen = 'half'; const b = require('./cycle-b'); exports.seen = b.seen;"),
            ("cycle-b.js", "exports.seen = `b saw ${require('./cycle-a').seen}`;"),
        ],
    );
    package(
        "marked",
        json!({}),
        &[(
            "index.js",
            "Object.defineProperty(exports, '__esModule', { value: true }); exports.default = 'the default'; exports.named = 'named';",
        )],
    );
    package(
        "emitter",
        json!({}),
        &[(
            "index.js",
            "const EventEmitter = require('events'); module.exports = class extends EventEmitter {}; module.exports.same = require('node:events') === EventEmitter;",
        )],
    );
    package(
        "outer",
        json!({ "dependencies": { "twice": "2" } }),
        &[
            ("index.js", "module.exports = require('twice');"),
            ("node_modules/twice/package.json", "{}"),
            ("node_modules/twice/index.js", "module.exports = 'inner twice';"),
        ],
    );
    package("twice", json!({}), &[("index.js", "module.exports = 'outer twice';")]);
    site.file("p/wrangler.json", r#"{ "name": "a", "main": "index.ts", "compatibility_flags": ["nodejs_compat"], "alias": { "aliased": "./alias.ts" } }"#);
    site.file("p/alias.ts", "export default 'alias';");
    site.file("p/lazy.ts", "export const lazy = 'lazy'; (globalThis as any).evaluated = true;");
    site.file(
        "p/index.ts",
        "import conditions from 'conditions';\nimport kinds from 'kinds';\nimport fields from 'fields';\nimport own from 'patterns/a';\n\
         import common, { a, b } from 'common';\nimport marked, { named } from 'marked';\nimport Emitter from 'emitter';\n\
         import outer from 'outer';\nimport twice from 'twice';\nimport aliased from 'aliased';\n\
         export default { async fetch() {\n  const before = (globalThis as any).evaluated;\n  const { lazy } = await import('./lazy');\n\
         return Response.json([conditions, kinds, fields, own, a, b(), b.json, common.kinds, common.cycle, common.missing, common.env,\n\
         marked, named, new Emitter().on('x', () => {}).listenerCount('x'), Emitter.same, outer, twice, aliased, before ?? 'not yet', lazy]); } };",
    );
    let dev = DevServer::start(&site, &["p"]);
    assert_eq!(
        dev.get("localhost", "/").json(),
        json!([
            "workerd",
            "import",
            "module browser function",
            "own",
            1,
            "b",
            "json",
            "require",
            "b saw half",
            "MODULE_NOT_FOUND",
            "development",
            "the default",
            "named",
            1,
            true,
            "inner twice",
            "outer twice",
            "alias",
            "not yet",
            "lazy"
        ])
    );
    dev.await_line("warning: p/node_modules/common/index.js:2:");
    // A package is a source like others.
    site.file("p/node_modules/twice/index.js", "module.exports = 'changed';");
    nano_test::until("the package's change", || (dev.get("localhost", "/").json()[16] == "changed").then_some(()));
}

#[test]
fn a_workspaces_packages_are_links() {
    let site = Site::new();
    site.file("w/package.json", r#"{ "workspaces": ["apps/*", "packages/*"] }"#);
    site.file("w/packages/shared/package.json", r#"{ "name": "shared", "exports": "./index.ts" }"#);
    site.file("w/packages/shared/index.ts", "export const shared: string = 'shared';");
    site.file(
        "w/apps/api/index.ts",
        "import { shared } from 'shared';\nexport default { fetch: () => new Response(shared) };",
    );
    std::fs::create_dir_all(site.path("w/node_modules")).unwrap();
    symlink("../packages/shared", site.path("w/node_modules/shared")).unwrap();
    let dev = DevServer::start(&site, &["w/apps/api"]);
    assert_eq!(dev.get("localhost", "/").text(), "shared");
    site.file("w/packages/shared/index.ts", "export const shared: string = 'changed';");
    dev.await_text("changed");
}

#[test]
fn an_app_of_hono_from_npm_is_served() {
    let site = Site::new();
    site.file("p/package.json", r#"{ "name": "p", "private": true }"#);
    let Some(npm) = tool("npm") else { return };
    let mut install = Command::new(npm);
    install.args(["install", "--no-audit", "--no-fund", "--loglevel=error", "hono@4"]).current_dir(site.path("p"));
    let installed = finish(&mut install, "");
    if installed.code != Some(0) {
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{installed:?}");
        eprintln!("skipped: npm has no hono here: {}", installed.stderr);
        return;
    }
    site.file("p/tsconfig.json", r#"{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "hono/jsx" } }"#);
    site.file("p/wrangler.toml", "name = \"hono-app\"\nmain = \"src/index.tsx\"\ncompatibility_date = \"2026-01-01\"\n[vars]\nWORD = \"hello\"\n");
    site.file(
        "p/src/index.tsx",
        "import { Hono } from 'hono';\nimport { cors } from 'hono/cors';\nconst app = new Hono<{ Bindings: { WORD: string } }>();\napp.use(cors());\n\
         app.get('/', (c) => c.html(<p class=\"a\">{c.env.WORD}</p>));\napp.get('/users/:id', (c) => c.json({ id: c.req.param('id') }));\nexport default app;\n",
    );
    let dev = DevServer::start(&site, &["p"]);
    assert_eq!(dev.get("localhost", "/").text(), "<p class=\"a\">hello</p>");
    assert_eq!(dev.get("localhost", "/users/7").json(), json!({ "id": "7" }));
    let checked = finish(&mut site.command("nano", &["check", "p"]), "");
    assert_eq!(checked.code, Some(0), "{checked:?}");
}
