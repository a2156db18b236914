// node:sys, the oldest name of node:util.

import { moduleExports as util } from "../util.js";

export const moduleExports = util;
