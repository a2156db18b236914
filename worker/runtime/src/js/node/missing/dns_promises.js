// node:dns/promises.

import { moduleExports as dns } from "./dns.js";

export const moduleExports = dns.promises;
