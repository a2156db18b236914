// node:http2: the protocol is the supervisor's.

import { primordials } from "../../primordials.js";
import { missingClass, missingFunctions } from "../internal/missing.js";

const { Symbol } = primordials;

export const moduleExports = {
  ...missingFunctions("http2", [
    "connect", "createSecureServer", "createServer", "getDefaultSettings", "getPackedSettings", "getUnpackedSettings", "performServerHandshake",
  ]),
  Http2ServerRequest: missingClass("http2", "Http2ServerRequest"),
  Http2ServerResponse: missingClass("http2", "Http2ServerResponse"),
  constants: {},
  sensitiveHeaders: Symbol("sensitiveHeaders"),
};
