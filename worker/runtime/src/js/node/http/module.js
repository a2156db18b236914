// What node:http and node:https export.

import { primordials } from "../../primordials.js";
import { Agent, ClientRequest, createClient } from "./client.js";
import { validateHeaderName, validateHeaderValue } from "./headers.js";
import { IncomingMessage } from "./incoming_message.js";
import { OutgoingMessage } from "./outgoing_message.js";
import { Server, ServerResponse } from "./server.js";
import { METHODS, STATUS_CODES } from "./statuses.js";

const { globalThis: global } = primordials;

export function httpModule(secure) {
  const { request, get } = createClient(secure);
  const globalAgent = new Agent({ __proto__: null, keepAlive: true });
  if (secure) {
    globalAgent.defaultPort = 443;
    globalAgent.protocol = "https:";
  }
  const common = { Agent, Server, createServer: (options, listener) => new Server(options, listener), get, globalAgent, request };
  if (secure) return common;
  const { CloseEvent, MessageEvent, WebSocket } = /** @type {any} */ (global);
  return {
    ...common, CloseEvent, ClientRequest, IncomingMessage, METHODS, MessageEvent, OutgoingMessage, STATUS_CODES, ServerResponse, maxHeaderSize: 65536,
    setMaxIdleHTTPParsers() {}, validateHeaderName, validateHeaderValue,
    WebSocket, _connectionListener() {},
  };
}
