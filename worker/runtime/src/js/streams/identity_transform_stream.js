// IdentityTransformStream and FixedLengthStream, of workerd: bytes that go through as they come, and so many of them
// (https://developers.cloudflare.com/workers/runtime-apis/streams/transformstream/). Made when an app looks at one of them.
//
// NANO: their readable side is no byte stream: a BYOB reader cannot read it.

import { primordials } from "../primordials.js";
import { configureInterface, converters, isArrayBuffer, requireArguments } from "../webidl.js";
import { ViewByteLength, ViewByteOffset, ViewedArrayBuffer } from "./array_buffers.js";
import { TransformStream } from "./transform_stream.js";
import { TransformStreamDefaultController } from "./transform_stream_default_controller.js";

const { ArrayBufferIsView, FunctionPrototypeCall, Number, TypeError, Uint8Array } = primordials;
const { enqueue } = TransformStreamDefaultController.prototype;

/** A chunk as a Uint8Array of its bytes. */
function toBytes(chunk) {
  if (isArrayBuffer(chunk)) return new Uint8Array(chunk);
  if (ArrayBufferIsView(chunk)) return new Uint8Array(ViewedArrayBuffer(chunk), ViewByteOffset(chunk), ViewByteLength(chunk));
  throw new TypeError("Such a stream carries bytes: a chunk is an ArrayBuffer or a view of one (encode strings by TextEncoder)");
}

export function createIdentityTransformStreams() {
  class IdentityTransformStream extends TransformStream {
    constructor(queuingStrategy = undefined) {
      const limit = arguments[1];
      super({
        __proto__: null,
        transform(chunk, controller) {
          const bytes = toBytes(chunk);
          const length = ViewByteLength(bytes);
          if (limit !== undefined) limit.spend(length);
          if (length > 0) FunctionPrototypeCall(enqueue, controller, bytes);
        },
        flush: () => limit?.end(),
      }, queuingStrategy);
    }
  }

  /** How many bytes are to come still. */
  class Remaining {
    #bytes;

    constructor(bytes) {
      this.#bytes = bytes;
    }

    spend(bytes) {
      if (bytes > this.#bytes) throw new TypeError("Attempt to write too many bytes through a FixedLengthStream");
      this.#bytes -= bytes;
    }

    end() {
      if (this.#bytes > 0) throw new TypeError(`The FixedLengthStream was closed ${this.#bytes} bytes before its end`);
    }
  }

  class FixedLengthStream extends IdentityTransformStream {
    constructor(expectedLength, queuingStrategy = undefined) {
      const prefix = "Failed to construct 'FixedLengthStream'";
      requireArguments(arguments.length, 1, prefix);
      if (typeof expectedLength === "bigint") expectedLength = Number(expectedLength);
      const length = converters["unsigned long long"].enforceRange(expectedLength, prefix, "Argument 1");
      // @ts-expect-error -- an argument for builtins only, which no app sees in the constructor's length
      super(queuingStrategy, new Remaining(length));
    }
  }

  configureInterface(IdentityTransformStream);
  configureInterface(FixedLengthStream);
  return { __proto__: null, FixedLengthStream, IdentityTransformStream };
}
