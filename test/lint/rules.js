// ESLint rules of nano's own, for the builtins.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, normalize, relative, resolve, sep } from "node:path";

const builtins = resolve(import.meta.dirname, "../../worker/runtime/src/js");

/** Methods of the language's own prototypes, by primordials.d.ts: name → the primordials that hold them. */
function capturedMethods() {
  const methods = new Map();
  const text = readFileSync(join(builtins, "primordials.d.ts"), "utf8");
  for (const [, primordial, method] of text.matchAll(/^ {2}(\w+Prototype\w+): Method<.*, "(\w+)">;$/gm)) {
    methods.set(method, [...(methods.get(method) ?? []), primordial]);
  }
  if (!methods.has("push")) throw new Error("primordials.d.ts has no line for Array.prototype.push: is it written in another form?");
  return methods;
}

/**
 * Calls, from within functions, of methods that an app may have replaced by then. The option names what holds instances of
 * nano's own classes: `{ name: [methods] }`, a name as it stands before the dot, or `()` for what a call returns.
 */
const capturedMethodsRule = {
  meta: { type: "problem", schema: [{ type: "object" }], messages: { captured: "an app may have replaced .{{method}}: use {{primordials}}" } },
  create(context) {
    const methods = capturedMethods();
    const own = context.options[0] ?? {};
    return {
      ":function CallExpression"({ callee }) {
        if (callee.type !== "MemberExpression" || callee.computed || callee.property.type !== "Identifier") return;
        if (callee.object.type === "ThisExpression" || callee.object.type === "Super") return;
        if (own[nameOf(callee.object)]?.includes(callee.property.name)) return;
        const found = methods.get(callee.property.name);
        if (found === undefined) return;
        const primordials = found.slice(0, 3).join(" or ");
        context.report({ node: callee.property, messageId: "captured", data: { method: callee.property.name, primordials } });
      },
    };
  },
};

/** What stands before the dot, without what stands before another. */
function nameOf(object) {
  switch (object.type) {
    case "Identifier":
      return object.name;
    case "MemberExpression":
      return object.property.type === "PrivateIdentifier" ? `#${object.property.name}` : object.property.name;
    case "CallExpression":
      return "()";
    default:
      return undefined;
  }
}

const statement = /^import (?:\{([^}]*)\}|\* as (\w+)) from "([^"]+)";/gm;

/** `file:name` of what builtins import from each other; `file:*` where all of it may be used. */
function importedNames() {
  const imported = new Set(["bootstrap.js:entry"]); // Which Rust reads.
  for (const file of readdirSync(builtins, { recursive: true }).filter((name) => name.endsWith(".js"))) {
    const text = readFileSync(join(builtins, file), "utf8");
    for (const [, list, namespace, from] of text.matchAll(statement)) {
      const path = normalize(join(dirname(file), from)).split(sep).join("/");
      if (namespace !== undefined) {
        for (const [, name] of text.matchAll(new RegExp(`\\b${namespace}\\.(\\w+)`, "g"))) imported.add(`${path}:${name}`);
      } else {
        for (const entry of list.split(",")) imported.add(`${path}:${entry.trim().split(" as ")[0]}`);
      }
    }
  }
  return imported;
}

const noUnusedExportsRule = {
  meta: { type: "problem", schema: [], messages: { unused: "no builtin imports {{name}}" } },
  create(context) {
    const file = relative(builtins, context.filename).split(sep).join("/");
    const imported = importedNames();
    const check = (node, name) => {
      // What apps import of a module; the engine reads it.
      if (name === "moduleExports") return;
      if (!imported.has(`${file}:${name}`)) context.report({ node, messageId: "unused", data: { name } });
    };
    return {
      ExportNamedDeclaration({ declaration, specifiers }) {
        for (const specifier of specifiers) check(specifier, specifier.exported.name);
        if (declaration?.id) check(declaration.id, declaration.id.name);
        for (const { id } of declaration?.declarations ?? []) check(id, id.name);
      },
    };
  },
};

export default { rules: { "captured-methods": capturedMethodsRule, "no-unused-exports": noUnusedExportsRule } };
