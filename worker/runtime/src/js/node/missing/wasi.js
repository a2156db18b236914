// node:wasi: an app has no files of its own.

import { missingClass } from "../internal/missing.js";

export const moduleExports = { WASI: missingClass("wasi", "WASI") };
