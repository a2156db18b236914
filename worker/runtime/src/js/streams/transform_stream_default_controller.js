// TransformStreamDefaultController (https://streams.spec.whatwg.org/#ts-default-controller-class).

import { configureInterface, illegalConstructor, illegalInvocation, kInternal } from "../webidl.js";
import { ReadableStreamDefaultControllerGetDesiredSize } from "./readable/default_controller_operations.js";
import {
  TransformStreamDefaultControllerEnqueue, TransformStreamDefaultControllerError, TransformStreamDefaultControllerTerminate,
} from "./transform/controller_operations.js";

export class TransformStreamDefaultController {
  #slots;

  constructor(brand = undefined, slots = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#slots = slots;
  }

  get desiredSize() {
    if (!(#slots in this)) throw illegalInvocation("TransformStreamDefaultController");
    return ReadableStreamDefaultControllerGetDesiredSize(this.#slots.stream.readable.controller);
  }

  enqueue(chunk = undefined) {
    if (!(#slots in this)) throw illegalInvocation("TransformStreamDefaultController");
    TransformStreamDefaultControllerEnqueue(this.#slots, chunk);
  }

  error(reason = undefined) {
    if (!(#slots in this)) throw illegalInvocation("TransformStreamDefaultController");
    TransformStreamDefaultControllerError(this.#slots, reason);
  }

  terminate() {
    if (!(#slots in this)) throw illegalInvocation("TransformStreamDefaultController");
    TransformStreamDefaultControllerTerminate(this.#slots);
  }
}

configureInterface(TransformStreamDefaultController);

/** The object for internal slots. */
export function createTransformStreamDefaultController(slots) {
  return new TransformStreamDefaultController(kInternal, slots);
}
