// TextEncoder (https://encoding.spec.whatwg.org/#interface-textencoder).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { configureInterface, conversionError, converters, illegalInvocation, requireArguments } from "../webidl.js";

const { ArrayBufferIsView, TypedArrayPrototypeGetSymbolToStringTag, Uint32Array } = primordials;

// UTF-16 units read and bytes written by the last encodeInto.
const counts = new Uint32Array(2);

let isTextEncoderImpl;

export class TextEncoder {
  #brand;

  constructor() {}

  get encoding() {
    if (!(#brand in this)) throw illegalInvocation("TextEncoder");
    return "utf-8";
  }

  encode(input = "") {
    if (!(#brand in this)) throw illegalInvocation("TextEncoder");
    return ops.utf8Encode(converters.DOMString(input, "Failed to execute 'encode' on 'TextEncoder'", "Argument 1"));
  }

  encodeInto(source, destination) {
    if (!(#brand in this)) throw illegalInvocation("TextEncoder");
    const prefix = "Failed to execute 'encodeInto' on 'TextEncoder'";
    requireArguments(arguments.length, 2, prefix);
    source = converters.DOMString(source, prefix, "Argument 1");
    // [AllowShared]: a view of a SharedArrayBuffer will do.
    if (!ArrayBufferIsView(destination) || TypedArrayPrototypeGetSymbolToStringTag(destination) !== "Uint8Array") {
      throw conversionError(prefix, "Argument 2", "is not a Uint8Array");
    }
    ops.utf8EncodeInto(source, /** @type {Uint8Array} */ (destination), counts);
    return { read: counts[0], written: counts[1] };
  }

  static {
    isTextEncoderImpl = (value) => #brand in value;
  }
}

configureInterface(TextEncoder);

/** The brand check of an object. */
export function isTextEncoder(object) {
  return isTextEncoderImpl(object);
}
