// node:path/win32.

import { win32 } from "./win32.js";

export const moduleExports = win32;
