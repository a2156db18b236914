// node:net (nodejs.org/api/net.html): what is an address. An app has no sockets.

import { isIPv4, isIPv6 } from "./net/address.js";
import { BlockList, SocketAddress } from "./net/block_list.js";
import { missingClass, missingFunctions } from "./internal/missing.js";

export const moduleExports = {
  ...missingFunctions("net", ["connect", "createConnection", "createServer"]),
  BlockList,
  BoundSocket: missingClass("net", "BoundSocket"),
  Server: missingClass("net", "Server"),
  Socket: missingClass("net", "Socket"),
  SocketAddress,
  Stream: missingClass("net", "Stream"),
  getDefaultAutoSelectFamily: () => true,
  getDefaultAutoSelectFamilyAttemptTimeout: () => 250,
  isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0),
  isIPv4,
  isIPv6,
  _normalizeArgs: (args) => [args[0], null],
  setDefaultAutoSelectFamily() {},
  setDefaultAutoSelectFamilyAttemptTimeout() {},
};
