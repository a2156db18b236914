// node:vm: an app has one realm, and makes no code of strings. Scripts can be made, as bundles do when they load, and not run.

import { hollowClass, missingFunctions } from "../internal/missing.js";
import { primordials } from "../../primordials.js";

const { Symbol } = primordials;

const names = ["compileFunction", "createContext", "measureMemory", "runInContext", "runInNewContext", "runInThisContext"];
const methods = ["createCachedData", "runInContext", "runInNewContext", "runInThisContext"];
const Script = hollowClass("vm", "Script", methods);

export const moduleExports = {
  ...missingFunctions("vm", names),
  Script,
  constants: {
    __proto__: null,
    USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol("vm_dynamic_import_main_context_default"),
    DONT_CONTEXTIFY: Symbol("vm_context_no_contextify"),
  },
  createScript: () => new Script(),
  isContext: () => false,
};
