// node:_http_outgoing, which older packages name.

import { moduleExports as http } from "../http.js";

const { OutgoingMessage, validateHeaderName, validateHeaderValue } = http;

export const moduleExports = { OutgoingMessage, validateHeaderName, validateHeaderValue };
