// node:tls: connections are the supervisor's, for fetch().

import { missingClass, missingFunctions } from "../internal/missing.js";

export const moduleExports = {
  ...missingFunctions("tls", ["checkServerIdentity", "connect", "createSecureContext", "createSecurePair", "createServer", "getCiphers"]),
  DEFAULT_ECDH_CURVE: "auto",
  DEFAULT_MAX_VERSION: "TLSv1.3",
  DEFAULT_MIN_VERSION: "TLSv1.2",
  SecureContext: missingClass("tls", "SecureContext"),
  Server: missingClass("tls", "Server"),
  TLSSocket: missingClass("tls", "TLSSocket"),
  rootCertificates: [],
};
