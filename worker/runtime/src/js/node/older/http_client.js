// node:_http_client, which older packages name.

import { moduleExports as http } from "../http.js";

const { ClientRequest } = http;

export const moduleExports = { ClientRequest };
