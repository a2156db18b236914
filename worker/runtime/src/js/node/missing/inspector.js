// node:inspector: nobody debugs an app that serves.

import { missingClass, missingFunctions } from "../internal/missing.js";

export const moduleExports = {
  Network: missingFunctions("inspector", [
    "dataReceived", "dataSent", "loadingFailed", "loadingFinished", "requestWillBeSent", "responseReceived", "webSocketClosed",
    "webSocketCreated", "webSocketHandshakeResponseReceived",
  ]),
  Session: missingClass("inspector", "Session"),
  close() {},
  console: {},
  open: () => ({}),
  url: () => undefined,
  waitForDebugger() {},
};
