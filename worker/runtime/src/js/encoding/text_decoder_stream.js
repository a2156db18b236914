// TextDecoderStream (https://encoding.spec.whatwg.org/#interface-textdecoderstream).

import { configureInterface, converters, illegalInvocation } from "../webidl.js";
import { createTextTransform } from "./coding_transform.js";
import { TextDecoder, decodePiece, describeTextDecoder } from "./text_decoder.js";

class Decoder {
  #decoder;

  constructor(decoder) {
    this.#decoder = decoder;
  }

  transform(chunk) {
    converters.AllowSharedBufferSource(chunk, "Failed to decode", "The chunk");
    const text = decodePiece(this.#decoder, chunk, true, "Failed to decode");
    return text === "" ? undefined : text;
  }

  flush() {
    const text = decodePiece(this.#decoder, undefined, false, "Failed to decode");
    return text === "" ? undefined : text;
  }
}

let describe;

export class TextDecoderStream {
  // { encoding, fatal, ignoreBOM }.
  #attributes;
  #transform;

  constructor(label = "utf-8", options = undefined) {
    const decoder = new TextDecoder(label, options);
    this.#attributes = describeTextDecoder(decoder);
    this.#transform = createTextTransform(new Decoder(decoder));
  }

  get encoding() {
    if (!(#attributes in this)) throw illegalInvocation("TextDecoderStream");
    return this.#attributes.encoding;
  }

  get fatal() {
    if (!(#attributes in this)) throw illegalInvocation("TextDecoderStream");
    return this.#attributes.fatal;
  }

  get ignoreBOM() {
    if (!(#attributes in this)) throw illegalInvocation("TextDecoderStream");
    return this.#attributes.ignoreBOM;
  }

  get readable() {
    if (!(#attributes in this)) throw illegalInvocation("TextDecoderStream");
    return this.#transform.readable;
  }

  get writable() {
    if (!(#attributes in this)) throw illegalInvocation("TextDecoderStream");
    return this.#transform.writable;
  }

  static {
    describe = (object) => {
      if (!(#attributes in object)) return undefined;
      const { encoding, fatal, ignoreBOM } = object.#attributes;
      const { readable, writable } = object.#transform;
      return { __proto__: null, encoding, fatal, ignoreBOM, readable, writable };
    };
  }
}

configureInterface(TextDecoderStream);

/** What the console shows of a TextDecoderStream; undefined for any other object. */
export function describeTextDecoderStream(object) {
  return describe(object);
}
