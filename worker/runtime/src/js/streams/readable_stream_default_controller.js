// ReadableStreamDefaultController (https://streams.spec.whatwg.org/#rs-default-controller-class).

import { primordials } from "../primordials.js";
import { configureInterface, illegalConstructor, illegalInvocation, kInternal } from "../webidl.js";
import {
  ReadableStreamDefaultControllerCanCloseOrEnqueue, ReadableStreamDefaultControllerClose,
  ReadableStreamDefaultControllerEnqueue, ReadableStreamDefaultControllerError,
  ReadableStreamDefaultControllerGetDesiredSize,
} from "./readable/default_controller_operations.js";

const { TypeError } = primordials;

export class ReadableStreamDefaultController {
  #slots;

  constructor(brand = undefined, slots = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#slots = slots;
  }

  get desiredSize() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamDefaultController");
    return ReadableStreamDefaultControllerGetDesiredSize(this.#slots);
  }

  close() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamDefaultController");
    if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(this.#slots)) {
      throw new TypeError("Cannot close a stream that is already closing, closed or errored");
    }
    ReadableStreamDefaultControllerClose(this.#slots);
  }

  enqueue(chunk = undefined) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamDefaultController");
    if (!ReadableStreamDefaultControllerCanCloseOrEnqueue(this.#slots)) {
      throw new TypeError("Cannot enqueue to a stream that is closing, closed or errored");
    }
    ReadableStreamDefaultControllerEnqueue(this.#slots, chunk);
  }

  error(e = undefined) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamDefaultController");
    ReadableStreamDefaultControllerError(this.#slots, e);
  }
}

configureInterface(ReadableStreamDefaultController);

/** The object for internal slots. */
export function createReadableStreamDefaultController(slots) {
  return new ReadableStreamDefaultController(kInternal, slots);
}
