// node:_http_incoming, which older packages name.

import { moduleExports as http } from "../http.js";

const { IncomingMessage } = http;

export const moduleExports = { IncomingMessage };
