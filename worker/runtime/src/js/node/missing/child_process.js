// node:child_process: an app has no processes.

import { missingClass, missingFunctions } from "../internal/missing.js";

export const moduleExports = {
  ...missingFunctions("child_process", ["exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"]),
  ChildProcess: missingClass("child_process", "ChildProcess"),
};
