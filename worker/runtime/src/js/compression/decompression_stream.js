// DecompressionStream (https://compression.spec.whatwg.org/#decompression-stream).

import { configureInterface, illegalInvocation, requireArguments } from "../webidl.js";
import { createCodingTransform, toCompressionFormat } from "./coding.js";

let describe;

export class DecompressionStream {
  #transform;

  constructor(format) {
    const prefix = "Failed to construct 'DecompressionStream'";
    requireArguments(arguments.length, 1, prefix);
    this.#transform = createCodingTransform(toCompressionFormat(format, prefix, "Argument 1"), true);
  }

  get readable() {
    if (!(#transform in this)) throw illegalInvocation("DecompressionStream");
    return this.#transform.readable;
  }

  get writable() {
    if (!(#transform in this)) throw illegalInvocation("DecompressionStream");
    return this.#transform.writable;
  }

  static {
    describe = (object) => {
      if (!(#transform in object)) return undefined;
      return { __proto__: null, readable: object.#transform.readable, writable: object.#transform.writable };
    };
  }
}

configureInterface(DecompressionStream);

/** What the console shows of a DecompressionStream; undefined for any other object. */
export function describeDecompressionStream(object) {
  return describe(object);
}
