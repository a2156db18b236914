// ReadableStreamBYOBRequest (https://streams.spec.whatwg.org/#rs-byob-request-class).

import { primordials } from "../primordials.js";
import {
  configureInterface, converters, illegalConstructor, illegalInvocation, kInternal, requireArguments,
} from "../webidl.js";
import { IsDetachedBuffer, ViewedArrayBuffer } from "./array_buffers.js";
import {
  ReadableByteStreamControllerRespond, ReadableByteStreamControllerRespondWithNewView,
} from "./readable/byte_controller_operations.js";

const { TypeError } = primordials;

export class ReadableStreamBYOBRequest {
  #slots;

  constructor(brand = undefined, slots = undefined) {
    if (brand !== kInternal) throw illegalConstructor();
    this.#slots = slots;
  }

  get view() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamBYOBRequest");
    return this.#slots.view;
  }

  respond(bytesWritten) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamBYOBRequest");
    const prefix = "Failed to execute 'respond' on 'ReadableStreamBYOBRequest'";
    requireArguments(arguments.length, 1, prefix);
    bytesWritten = converters["unsigned long long"].enforceRange(bytesWritten, prefix, "Argument 1");
    const { controller, view } = this.#slots;
    if (controller === undefined) throw new TypeError("This BYOB request has been answered already");
    if (IsDetachedBuffer(ViewedArrayBuffer(view))) {
      throw new TypeError("Cannot respond to a BYOB request whose buffer is detached");
    }
    ReadableByteStreamControllerRespond(controller, bytesWritten);
  }

  respondWithNewView(view) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStreamBYOBRequest");
    const prefix = "Failed to execute 'respondWithNewView' on 'ReadableStreamBYOBRequest'";
    requireArguments(arguments.length, 1, prefix);
    converters.ArrayBufferView(view, prefix, "Argument 1");
    const { controller } = this.#slots;
    if (controller === undefined) throw new TypeError("This BYOB request has been answered already");
    if (IsDetachedBuffer(ViewedArrayBuffer(view))) {
      throw new TypeError("Cannot respond to a BYOB request with a view of a detached buffer");
    }
    ReadableByteStreamControllerRespondWithNewView(controller, view);
  }
}

configureInterface(ReadableStreamBYOBRequest);

/** The object for internal slots, always the same. */
export function readableStreamBYOBRequestObject(slots) {
  slots.object ??= new ReadableStreamBYOBRequest(kInternal, slots);
  return slots.object;
}
