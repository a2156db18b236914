// node:_http_server, which older packages name.

import { moduleExports as http } from "../http.js";

const { STATUS_CODES, Server, ServerResponse } = http;

export const moduleExports = { STATUS_CODES, Server, ServerResponse, _connectionListener: () => undefined };
