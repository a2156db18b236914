// node:tls: connections are the supervisor's, for fetch().

import { constants } from "../crypto/constants.js";
import { hollowClass, missingClass, missingFunctions } from "../internal/missing.js";

const SecureContext = hollowClass("tls", "SecureContext");

export const moduleExports = {
  ...missingFunctions("tls", ["checkServerIdentity", "connect", "createSecurePair", "createServer"]),
  CLIENT_RENEG_LIMIT: 3,
  CLIENT_RENEG_WINDOW: 600,
  DEFAULT_CIPHERS: constants.defaultCipherList,
  DEFAULT_ECDH_CURVE: "auto",
  DEFAULT_MAX_VERSION: "TLSv1.3",
  DEFAULT_MIN_VERSION: "TLSv1.2",
  SecureContext,
  Server: missingClass("tls", "Server"),
  TLSSocket: missingClass("tls", "TLSSocket"),
  convertALPNProtocols() {},
  createSecureContext: () => new SecureContext(),
  getCACertificates: () => [],
  getCiphers: () => [],
  rootCertificates: [],
};
