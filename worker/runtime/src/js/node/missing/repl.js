// node:repl: there is no terminal.

import { primordials } from "../../primordials.js";
import { missingClass, missingFunctions } from "../internal/missing.js";
import { moduleExports as module } from "../module.js";

const { Symbol, SyntaxError } = primordials;

export const moduleExports = {
  ...missingFunctions("repl", ["start", "writer"]),
  REPLServer: missingClass("repl", "REPLServer"),
  REPL_MODE_SLOPPY: Symbol("repl-sloppy"),
  REPL_MODE_STRICT: Symbol("repl-strict"),
  Recoverable: class Recoverable extends SyntaxError {},
  builtinModules: module.builtinModules,
};
