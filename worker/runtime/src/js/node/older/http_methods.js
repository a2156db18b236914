// node:_http_common, which older packages name.

import { moduleExports as http } from "../http.js";

const { METHODS } = http;

export const moduleExports = { METHODS, methods: METHODS };
