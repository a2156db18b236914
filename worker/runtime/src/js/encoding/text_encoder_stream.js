// TextEncoderStream (https://encoding.spec.whatwg.org/#interface-textencoderstream).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { configureInterface, converters, illegalInvocation } from "../webidl.js";
import { createTextTransform } from "./coding_transform.js";

const { StringPrototypeCharCodeAt, StringPrototypeSlice } = primordials;

// Encodes what comes, but for a leading surrogate at the end, which may be half of a character.
class Encoder {
  #pending = "";

  transform(chunk) {
    const text = this.#pending + converters.DOMString(chunk, "Failed to encode", "The chunk");
    const last = text === "" ? 0 : StringPrototypeCharCodeAt(text, text.length - 1);
    const isOpen = last >= 0xd800 && last <= 0xdbff;
    this.#pending = isOpen ? StringPrototypeSlice(text, -1) : "";
    const whole = isOpen ? StringPrototypeSlice(text, 0, -1) : text;
    return whole === "" ? undefined : ops.utf8Encode(whole);
  }

  flush() {
    return this.#pending === "" ? undefined : ops.utf8Encode(this.#pending);
  }
}

let describe;

export class TextEncoderStream {
  #transform = createTextTransform(new Encoder());

  constructor() {}

  get encoding() {
    if (!(#transform in this)) throw illegalInvocation("TextEncoderStream");
    return "utf-8";
  }

  get readable() {
    if (!(#transform in this)) throw illegalInvocation("TextEncoderStream");
    return this.#transform.readable;
  }

  get writable() {
    if (!(#transform in this)) throw illegalInvocation("TextEncoderStream");
    return this.#transform.writable;
  }

  static {
    describe = (object) => {
      if (!(#transform in object)) return undefined;
      return { __proto__: null, encoding: "utf-8", readable: object.#transform.readable, writable: object.#transform.writable };
    };
  }
}

configureInterface(TextEncoderStream);

/** What the console shows of a TextEncoderStream; undefined for any other object. */
export function describeTextEncoderStream(object) {
  return describe(object);
}
