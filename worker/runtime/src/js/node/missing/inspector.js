// node:inspector: nobody debugs an app that serves.

import { missingClass, missingFunctions } from "../internal/missing.js";

export const moduleExports = {
  ...missingFunctions("inspector", ["open", "waitForDebugger"]),
  Session: missingClass("inspector", "Session"),
  close() {},
  url: () => undefined,
};
