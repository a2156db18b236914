// node:http2: the protocol is the supervisor's.

import { primordials } from "../../primordials.js";
import { FastBuffer } from "../buffer/create.js";
import { missingClass, missingFunctions } from "../internal/missing.js";
import { constants } from "./http2_constants.js";

const { Symbol } = primordials;

export const moduleExports = {
  ...missingFunctions("http2", ["connect", "createSecureServer", "createServer", "performServerHandshake"]),
  Http2ServerRequest: missingClass("http2", "Http2ServerRequest"),
  Http2ServerResponse: missingClass("http2", "Http2ServerResponse"),
  constants,
  getDefaultSettings: () => ({}),
  getPackedSettings: () => new FastBuffer(0),
  getUnpackedSettings: () => ({}),
  sensitiveHeaders: Symbol("nodejs.http2.sensitiveHeaders"),
};
