// node:cluster: an app is always the primary.

import { primordials } from "../../primordials.js";
import { moduleExports as EventEmitter } from "../events.js";
import { missingClass, missingFunctions } from "../internal/missing.js";

const { ObjectAssign } = primordials;

const cluster = new EventEmitter();
const functions = missingFunctions("cluster", ["disconnect", "fork", "setupMaster", "setupPrimary"]);

export const moduleExports = ObjectAssign(cluster, {
  ...functions, Worker: missingClass("cluster", "Worker"), SCHED_NONE: 1, SCHED_RR: 2, isMaster: true, isPrimary: true, isWorker: false, schedulingPolicy: 2, settings: {}, workers: {},
});
