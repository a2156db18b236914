// WritableStreamDefaultController (https://streams.spec.whatwg.org/#ws-default-controller-class).

import { configureInterface, illegalConstructor, illegalInvocation, kInternal } from "../webidl.js";
import { CAUSE_CONTROLLER } from "./budget.js";
import {
  WritableStreamDefaultControllerError, WritableStreamDefaultControllerGetSignal,
} from "./writable/controller_operations.js";

export class WritableStreamDefaultController {
  #slots;

  constructor(brand = undefined, slots = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#slots = slots;
  }

  get signal() {
    if (!(#slots in this)) throw illegalInvocation("WritableStreamDefaultController");
    return WritableStreamDefaultControllerGetSignal(this.#slots);
  }

  error(e = undefined) {
    if (!(#slots in this)) throw illegalInvocation("WritableStreamDefaultController");
    if (this.#slots.stream.state !== "writable") return;
    WritableStreamDefaultControllerError(this.#slots, e, CAUSE_CONTROLLER);
  }
}

configureInterface(WritableStreamDefaultController);

/** The object for internal slots. */
export function createWritableStreamDefaultController(slots) {
  return new WritableStreamDefaultController(kInternal, slots);
}
