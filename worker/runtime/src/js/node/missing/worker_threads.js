// node:worker_threads: an app has one thread.

import { messagePorts } from "../../html/message_ports.js";
import { primordials } from "../../primordials.js";
import { missingClass, missingFunctions } from "../internal/missing.js";

const { SymbolFor } = primordials;
const { BroadcastChannel, MessageChannel, MessagePort } = messagePorts();

export const moduleExports = {
  ...missingFunctions("worker_threads", ["moveMessagePortToContext", "postMessageToThread"]),
  BroadcastChannel,
  MessageChannel,
  MessagePort,
  SHARE_ENV: SymbolFor("nodejs.worker_threads.SHARE_ENV"),
  Worker: missingClass("worker_threads", "Worker"),
  getEnvironmentData: () => undefined,
  isMainThread: true,
  isInternalThread: false,
  isMarkedAsUntransferable: () => false,
  markAsUncloneable() {},
  markAsUntransferable() {},
  parentPort: null,
  receiveMessageOnPort: () => undefined,
  resourceLimits: {},
  setEnvironmentData() {},
  threadId: 0,
  threadName: "",
  workerData: null,
};
