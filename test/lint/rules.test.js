// Each check finds what it is for: a fault of its kind in a builtin, and nothing in the same builtin without it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import test from "node:test";
import config from "./eslint.config.js";

const repository = resolve(import.meta.dirname, "../..");
const tools = join(repository, "target/tools/lint");
const { ESLint } = createRequire(join(tools, "package.json"))("eslint");
const builtins = join(repository, "worker/runtime/src/js");
const tsconfig = join(import.meta.dirname, "tsconfig.json");

const path = "encoding/base64.js";
const original = readFileSync(join(builtins, path), "utf8");

async function lint(text) {
  const eslint = new ESLint({ cwd: repository, overrideConfigFile: true, overrideConfig: config });
  const [{ messages }] = await eslint.lintText(text, { filePath: join(builtins, path) });
  return messages.map(({ ruleId, fatal, message }) => (fatal ? message : ruleId));
}

const faults = {
  "a global that an app can replace": ["export function atob(", "new Map();\nexport function atob(", "no-undef"],
  "a method that an app can replace": ["return ", "[].push(1);\n  return ", "nano/captured-methods"],
  "iteration that an app can replace": ["return ", "for (const _ of []);\n  return ", "no-restricted-syntax"],
  "an unused variable": ["export function atob(", "const left = 1;\nexport function atob(", "no-unused-vars"],
  "an unused import": [/^import /m, 'import { inspect } from "../console/inspect.js";\nimport ', "no-unused-vars"],
  "an export that nothing imports": ["export function atob(", "export function other() {}\nexport function atob(", "nano/no-unused-exports"],
};

test("the file as it is has no fault", async () => {
  assert.deepEqual(await lint(original), []);
});

for (const [what, [from, to, rule]] of Object.entries(faults)) {
  test(what, async () => {
    const text = original.replace(from, to);
    assert.notEqual(text, original);
    assert.deepEqual(await lint(text), [rule]);
  });
}

/** tsc's complaints about a statement that stood in a builtin. */
function typeErrors(statement) {
  const directory = mkdtempSync(join(tools, "fault-"));
  try {
    const imports = `import { ops } from "${builtins}/ops.js";\nimport { primordials } from "${builtins}/primordials.js";\n`;
    writeFileSync(join(directory, "fault.js"), `${imports}${statement}\n`);
    writeFileSync(join(directory, "tsconfig.json"), JSON.stringify({ extends: tsconfig, include: ["fault.js"] }));
    execFileSync(join(tools, "node_modules/.bin/tsc"), ["--project", directory], { encoding: "utf8" });
    return [];
  } catch (error) {
    return [...error.stdout.matchAll(/error (TS\d+)/g)].map(([, code]) => code);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("wrong calls, and names that there are not", () => {
  assert.deepEqual(typeErrors("ops.utf8Length('a'); primordials.ArrayPrototypePush([], 1);"), []);
  assert.deepEqual(typeErrors("ops.utf8Length();"), ["TS2554"]);
  assert.deepEqual(typeErrors("ops.utf8Length(1);"), ["TS2345"]);
  assert.deepEqual(typeErrors("ops.noSuchOperation();"), ["TS2339"]);
  assert.deepEqual(typeErrors("const { ArrayPrototypePull } = primordials; ArrayPrototypePull();"), ["TS2339"]);
  assert.deepEqual(typeErrors("primordials.StringPrototypeSlice(1, 2);"), ["TS2345"]);
  assert.deepEqual(typeErrors(`import { nothing } from "${builtins}/webidl.js"; nothing();`), ["TS2305"]);
});
