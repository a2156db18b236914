// node:dns/promises.

import { promises } from "../dns.js";

export const moduleExports = promises;
