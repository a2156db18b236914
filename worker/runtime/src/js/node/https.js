// node:https (nodejs.org/api/https.html): as node:http. TLS is the supervisor's.

import { httpModule } from "./http/module.js";

export const moduleExports = httpModule(true);
