// TextDecoder (https://encoding.spec.whatwg.org/#interface-textdecoder).
//
// A text in one piece is decoded by one native call that keeps nothing. One in several pieces has a native decoder from
// its first piece to its last.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { configureInterface, converters, createDictionaryConverter, illegalInvocation } from "../webidl.js";

const {
  FinalizationRegistry, FinalizationRegistryPrototypeRegister, FinalizationRegistryPrototypeUnregister, RangeError, TypeError,
  Uint8Array,
} = primordials;

const toOptions = createDictionaryConverter("TextDecoderOptions", [
  { key: "fatal", converter: converters.boolean },
  { key: "ignoreBOM", converter: converters.boolean },
]);

const empty = new Uint8Array(0);
// Closes the native decoders of texts that were given up. Made when first needed: it cannot be in the snapshot.
let abandoned;

let describe;
let decode;

export class TextDecoder {
  // undefined is UTF-8, by far the most frequent.
  #encoding = undefined;
  #fatal = false;
  #ignoreBOM = false;
  // The native decoder's number while a text is incomplete, else -1.
  #decoder = -1;

  constructor(label = "utf-8", options = undefined) {
    const prefix = "Failed to construct 'TextDecoder'";
    label = converters.DOMString(label, prefix, "Argument 1");
    if (options !== undefined && options !== null) {
      const { fatal, ignoreBOM } = toOptions(options, prefix, "Argument 2");
      this.#fatal = fatal === true;
      this.#ignoreBOM = ignoreBOM === true;
    }
    if (label === "utf-8" || label === "utf8") return;
    const encoding = ops.encodingName(label);
    if (encoding === undefined) throw new RangeError(`${prefix}: '${label}' is not the label of an encoding`);
    if (encoding !== "utf-8") this.#encoding = encoding;
  }

  get encoding() {
    if (!(#encoding in this)) throw illegalInvocation("TextDecoder");
    return this.#encoding ?? "utf-8";
  }

  get fatal() {
    if (!(#encoding in this)) throw illegalInvocation("TextDecoder");
    return this.#fatal;
  }

  get ignoreBOM() {
    if (!(#encoding in this)) throw illegalInvocation("TextDecoder");
    return this.#ignoreBOM;
  }

  decode(input = undefined, options = undefined) {
    if (!(#encoding in this)) throw illegalInvocation("TextDecoder");
    const prefix = "Failed to execute 'decode' on 'TextDecoder'";
    if (input === undefined) input = empty;
    else converters.AllowSharedBufferSource(input, prefix, "Argument 1");
    let stream = false;
    if (options !== undefined && options !== null) {
      if (typeof options !== "object" && typeof options !== "function") {
        throw new TypeError(`${prefix}: Argument 2 cannot be converted to a dictionary (TextDecodeOptions)`);
      }
      stream = !!options.stream;
    }
    return this.#decode(input, stream, prefix);
  }

  #decode(input, stream, prefix) {
    if (!stream && this.#decoder === -1) {
      const text = ops.decode(input, this.#encoding, this.#fatal, this.#ignoreBOM);
      if (text === undefined) throw malformed(prefix, this.#encoding);
      return text;
    }
    if (this.#decoder === -1) this.#open();
    const text = ops.decodeStream(this.#decoder, input, this.#fatal, !stream);
    if (!stream || text === undefined) this.#close();
    if (text === undefined) throw malformed(prefix, this.#encoding);
    return text;
  }

  #open() {
    this.#decoder = ops.decoderOpen(this.#encoding, this.#ignoreBOM);
    abandoned ??= new FinalizationRegistry((decoder) => ops.decoderClose(decoder));
    FinalizationRegistryPrototypeRegister(abandoned, this, this.#decoder, this);
  }

  #close() {
    FinalizationRegistryPrototypeUnregister(abandoned, this);
    ops.decoderClose(this.#decoder);
    this.#decoder = -1;
  }

  static {
    decode = (decoder, input, stream, prefix) => decoder.#decode(input, stream, prefix);
    describe = (object) => {
      if (!(#encoding in object)) return undefined;
      return { __proto__: null, encoding: object.#encoding ?? "utf-8", fatal: object.#fatal, ignoreBOM: object.#ignoreBOM };
    };
  }
}

function malformed(prefix, encoding) {
  return new TypeError(`${prefix}: The encoded data is not valid ${encoding ?? "utf-8"}`);
}

configureInterface(TextDecoder);

/** What the console shows of a TextDecoder; undefined for any other object. */
export function describeTextDecoder(object) {
  return describe(object);
}

/** Decodes a piece of a text, or with `stream` false its last one. `input`: a buffer or view; undefined where there is no more. */
export function decodePiece(decoder, input, stream, prefix) {
  return decode(decoder, input ?? empty, stream, prefix);
}
