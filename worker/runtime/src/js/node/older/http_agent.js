// node:_http_agent, which older packages name.

import { moduleExports as http } from "../http.js";

const { Agent, globalAgent } = http;

export const moduleExports = { Agent, globalAgent };
