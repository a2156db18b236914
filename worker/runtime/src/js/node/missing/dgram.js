// node:dgram: an app has no sockets.

import { missingClass, missingFunctions } from "../internal/missing.js";

export const moduleExports = { ...missingFunctions("dgram", ["createSocket"]), Socket: missingClass("dgram", "Socket") };
