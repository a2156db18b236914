// node:_tls_wrap, which older packages name.

import { moduleExports as tls } from "./tls.js";

const { Server, TLSSocket, connect, createServer } = /** @type {any} */ (tls);

export const moduleExports = { Server, TLSSocket, connect, createServer };
