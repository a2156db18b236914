// node:vm: an app has one realm, and makes no code of strings.

import { missingClass, missingFunctions } from "../internal/missing.js";

const names = ["compileFunction", "createContext", "measureMemory", "runInContext", "runInNewContext", "runInThisContext"];

export const moduleExports = {
  ...missingFunctions("vm", names),
  Script: missingClass("vm", "Script"),
  constants: {},
  isContext: () => false,
};
