// ESLint's rules for the JavaScript of this repository: strict ones for the builtins, the common ones for tests and examples.
// Nothing is imported from node_modules, so that the tools may lie elsewhere (see ./run).

import { builtinGlobals, platformGlobals } from "./globals.js";
import nano from "./rules.js";

const common = {
  "array-callback-return": "error",
  "constructor-super": "error",
  "for-direction": "error",
  "getter-return": "error",
  "no-async-promise-executor": "error",
  "no-class-assign": "error",
  "no-compare-neg-zero": "error",
  "no-const-assign": "error",
  "no-constant-binary-expression": "error",
  "no-debugger": "error",
  "no-dupe-args": "error",
  "no-dupe-class-members": "error",
  "no-dupe-else-if": "error",
  "no-dupe-keys": "error",
  "no-duplicate-case": "error",
  "no-duplicate-imports": "error",
  "no-ex-assign": "error",
  "no-fallthrough": "error",
  "no-func-assign": "error",
  "no-import-assign": "error",
  "no-invalid-regexp": "error",
  "no-loss-of-precision": "error",
  "no-new-native-nonconstructor": "error",
  "no-octal": "error",
  "no-self-assign": "error",
  "no-setter-return": "error",
  "no-shadow-restricted-names": "error",
  "no-sparse-arrays": "error",
  "no-this-before-super": "error",
  "no-undef": "error",
  "no-unreachable": "error",
  "no-unsafe-finally": "error",
  "no-unsafe-negation": "error",
  "no-unused-private-class-members": "error",
  "no-unused-vars": ["error", {
    args: "after-used", argsIgnorePattern: "^_", varsIgnorePattern: "^_$", caughtErrors: "none", ignoreRestSiblings: true,
  }],
  "no-useless-backreference": "error",
  "no-useless-catch": "error",
  "no-var": "error",
  "prefer-const": ["error", { destructuring: "all", ignoreReadBeforeAssign: true }],
  "require-yield": "error",
  "use-isnan": "error",
  "valid-typeof": "error",
};

// What an app can replace after the snapshot was made, and what the language looks up there by itself.
const iterates = [
  ["ForOfStatement", "for…of calls what Array.prototype[Symbol.iterator] is by then: count, or use forEachOfIterable"],
  [":matches(ArrayExpression, CallExpression, NewExpression) > SpreadElement", "spreading iterates: use ReflectApply or a loop"],
  ["ArrayPattern", "array destructuring iterates: use indices"],
].map(([selector, message]) => ({ selector: `:function ${selector}`, message }));

// What holds instances of nano's own classes, which no app can reach: their methods are called as they are.
const rings = Object.fromEntries(
  [
    "#inbox", "filledPullIntos", "furtherReactions", "pendingPullIntos", "queue", "readIntoRequests", "readRequests", "requests", "waiting",
    "writeRequests",
  ].map((name) => [name, ["clear", "push", "shift"]]),
);
const promises = Object.fromEntries(
  ["()", "closedPromise", "inFlightWritePromise", "readyPromise", "slot"].map((name) => [name, ["get", "set"]]),
);
const own = {
  ...rings, ...promises,
  "#list": ["delete", "get", "has", "replace", "set"], // PairList
  Cursor: ["next"],
  Stamped: ["get"],
  internals: ["name", "replace"],
  list: ["find"], // ListenerList
  request: ["get", "take"],
  slots: ["next", "return"],
  // What belongs to the app: its streams' methods and its iterators', which are to be as it made them.
  ...Object.fromEntries(["duplex", "stream"].map((name) => [name, ["push"]])),
  iterator: ["next", "return", "throw"],
};

const builtins = "worker/runtime/src/js/**/*.js";

export default [
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["**/*.js", "**/*.mjs", "**/*.cjs"],
    languageOptions: { ecmaVersion: "latest", sourceType: "module", globals: platformGlobals },
    rules: common,
  },
  // What Node alone has, for tools that run on it, and `gc` of `--expose-gc`.
  {
    files: ["test/**"],
    languageOptions: {
      globals: { ...platformGlobals, Buffer: "readonly", gc: "readonly", process: "readonly", setImmediate: "readonly" },
    },
  },
  // They are about how odd values are printed and cloned.
  {
    files: ["worker/tests/web_apis/*.mjs"],
    rules: { "no-sparse-arrays": "off", "no-unused-private-class-members": "off", "no-unused-vars": "off" },
  },
  { files: ["**/*.cjs"], languageOptions: { sourceType: "commonjs" } },
  {
    files: [builtins],
    plugins: { nano },
    languageOptions: { globals: builtinGlobals },
    rules: {
      "eqeqeq": "error",
      "no-extend-native": "error",
      "no-implicit-globals": "error",
      "no-restricted-syntax": ["error", ...iterates],
      "no-shadow-restricted-names": ["error", { reportGlobalThis: false }],
      "no-useless-rename": "error",
      "nano/captured-methods": ["error", own],
      "nano/no-unused-exports": "error",
    },
  },
  {
    // Run while the snapshot is made, and never again: the realm is pristine, and here it is captured.
    files: ["worker/runtime/src/js/primordials.js", "worker/runtime/src/js/ops.js"],
    languageOptions: { globals: platformGlobals },
    rules: { "no-restricted-syntax": "off", "nano/captured-methods": "off" },
  },
  {
    files: ["worker/runtime/src/js/bootstrap.js"],
    rules: { "no-restricted-syntax": "off" },
  },
];
