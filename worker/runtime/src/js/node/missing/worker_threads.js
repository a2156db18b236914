// node:worker_threads: an app has one thread.

import { messagePorts } from "../../html/message_ports.js";
import { missingClass, missingFunctions } from "../internal/missing.js";

const { BroadcastChannel, MessageChannel, MessagePort } = messagePorts();

export const moduleExports = {
  ...missingFunctions("worker_threads", ["moveMessagePortToContext", "postMessageToThread", "receiveMessageOnPort"]),
  BroadcastChannel,
  MessageChannel,
  MessagePort,
  SHARE_ENV: "SHARE_ENV",
  Worker: missingClass("worker_threads", "Worker"),
  getEnvironmentData: () => undefined,
  isMainThread: true,
  isInternalThread: false,
  isMarkedAsUntransferable: () => false,
  markAsUncloneable() {},
  markAsUntransferable() {},
  parentPort: null,
  resourceLimits: {},
  setEnvironmentData() {},
  threadId: 0,
  workerData: null,
};
