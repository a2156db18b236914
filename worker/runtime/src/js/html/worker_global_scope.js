// The classes of the global object (https://w3c.github.io/ServiceWorker/#serviceworkerglobalscope-interface), which is an event
// target therefore.

import { EventTarget } from "../dom/event_target.js";
import { primordials } from "../primordials.js";
import { configureInterface, illegalConstructor } from "../webidl.js";

const { ObjectSetPrototypeOf, globalThis: global } = primordials;

export class WorkerGlobalScope extends EventTarget {
  constructor() {
    super();
    throw illegalConstructor();
  }
}

export class ServiceWorkerGlobalScope extends WorkerGlobalScope {}

configureInterface(WorkerGlobalScope);
configureInterface(ServiceWorkerGlobalScope);
ObjectSetPrototypeOf(global, ServiceWorkerGlobalScope.prototype);
