// ReadableByteStreamController (https://streams.spec.whatwg.org/#rbs-controller-class).

import { primordials } from "../primordials.js";
import {
  configureInterface, converters, illegalConstructor, illegalInvocation, kInternal, requireArguments,
} from "../webidl.js";
import { ViewByteLength, ViewedArrayBuffer } from "./array_buffers.js";
import {
  ReadableByteStreamControllerClose, ReadableByteStreamControllerEnqueue, ReadableByteStreamControllerError,
  ReadableByteStreamControllerGetBYOBRequest, ReadableByteStreamControllerGetDesiredSize,
} from "./readable/byte_controller_operations.js";
import { readableStreamBYOBRequestObject } from "./readable_stream_byob_request.js";

const { ArrayBufferPrototypeGetByteLength, TypeError } = primordials;

export class ReadableByteStreamController {
  #slots;

  constructor(brand = undefined, slots = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#slots = slots;
  }

  get byobRequest() {
    if (!(#slots in this)) throw illegalInvocation("ReadableByteStreamController");
    const request = ReadableByteStreamControllerGetBYOBRequest(this.#slots);
    return request === null ? null : readableStreamBYOBRequestObject(request);
  }

  get desiredSize() {
    if (!(#slots in this)) throw illegalInvocation("ReadableByteStreamController");
    return ReadableByteStreamControllerGetDesiredSize(this.#slots);
  }

  close() {
    if (!(#slots in this)) throw illegalInvocation("ReadableByteStreamController");
    if (this.#slots.closeRequested || this.#slots.stream.state !== "readable") {
      throw new TypeError("Cannot close a stream that is already closing, closed or errored");
    }
    ReadableByteStreamControllerClose(this.#slots);
  }

  enqueue(chunk) {
    if (!(#slots in this)) throw illegalInvocation("ReadableByteStreamController");
    const prefix = "Failed to execute 'enqueue' on 'ReadableByteStreamController'";
    requireArguments(arguments.length, 1, prefix);
    converters.ArrayBufferView(chunk, prefix, "Argument 1");
    if (ViewByteLength(chunk) === 0) throw new TypeError(`${prefix}: the chunk is empty`);
    if (ArrayBufferPrototypeGetByteLength(ViewedArrayBuffer(chunk)) === 0) {
      throw new TypeError(`${prefix}: the chunk's buffer is empty`);
    }
    if (this.#slots.closeRequested || this.#slots.stream.state !== "readable") {
      throw new TypeError("Cannot enqueue to a stream that is closing, closed or errored");
    }
    ReadableByteStreamControllerEnqueue(this.#slots, chunk);
  }

  error(e = undefined) {
    if (!(#slots in this)) throw illegalInvocation("ReadableByteStreamController");
    ReadableByteStreamControllerError(this.#slots, e);
  }
}

configureInterface(ReadableByteStreamController);

/** The object for internal slots. */
export function createReadableByteStreamController(slots) {
  return new ReadableByteStreamController(kInternal, slots);
}
