// node:http (nodejs.org/api/http.html): clients over fetch(), servers for httpServerHandler() of `cloudflare:node`.

import { httpModule } from "./http/module.js";

export const moduleExports = httpModule(false);
