// The module `cloudflare:node` (https://developers.cloudflare.com/workers/runtime-apis/nodejs/http/): the app's requests for a
// server of node:http.

import { handle, serverAt, serverOf } from "../node/http/server.js";

function handleAsNodeRequest(port, request, _env = undefined, _ctx = undefined) {
  return handle(serverAt(port), request);
}

/** `server`, or `{ port }`. It is looked for with each request: it may listen later. */
function httpServerHandler(server, handlers = undefined) {
  return {
    ...handlers,
    fetch: (request) => handle(serverOf(server), request),
  };
}

export const moduleExports = { __proto__: null, handleAsNodeRequest, httpServerHandler };
