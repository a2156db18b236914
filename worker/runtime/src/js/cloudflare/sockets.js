// The module `cloudflare:sockets` (https://developers.cloudflare.com/workers/runtime-apis/tcp-sockets/), for bundles that name it:
// nano has no connections but those of fetch() and WebSocket.

import { primordials } from "../primordials.js";

const { Error } = primordials;

function connect(_address = undefined, _options = undefined) {
  throw new Error("nano has no TCP sockets (cloudflare:sockets connect()): an app connects by fetch() and WebSocket alone");
}

export const moduleExports = { __proto__: null, connect };
