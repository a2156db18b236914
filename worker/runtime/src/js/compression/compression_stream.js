// CompressionStream (https://compression.spec.whatwg.org/#compression-stream).

import { configureInterface, illegalInvocation, requireArguments } from "../webidl.js";
import { createCodingTransform, toCompressionFormat } from "./coding.js";

let describe;

export class CompressionStream {
  #transform;

  constructor(format) {
    const prefix = "Failed to construct 'CompressionStream'";
    requireArguments(arguments.length, 1, prefix);
    this.#transform = createCodingTransform(toCompressionFormat(format, prefix, "Argument 1"), false);
  }

  get readable() {
    if (!(#transform in this)) throw illegalInvocation("CompressionStream");
    return this.#transform.readable;
  }

  get writable() {
    if (!(#transform in this)) throw illegalInvocation("CompressionStream");
    return this.#transform.writable;
  }

  static {
    describe = (object) => {
      if (!(#transform in object)) return undefined;
      return { __proto__: null, readable: object.#transform.readable, writable: object.#transform.writable };
    };
  }
}

configureInterface(CompressionStream);

/** What the console shows of a CompressionStream; undefined for any other object. */
export function describeCompressionStream(object) {
  return describe(object);
}
