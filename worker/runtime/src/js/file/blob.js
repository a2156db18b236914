// Blob (https://w3c.github.io/FileAPI/#blob-section). A blob is a range of bytes in memory that never change; slices and
// copies share them.

import { registerInspector } from "../console/inspect.js";
import { Body, bodyStream, registerBodyType } from "../fetch/body.js";
import { copyBytes } from "../fetch/body_source.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { registerBlobSize } from "../streams/budget.js";
import {
  configureInterface, conversionError, converters, createDictionaryConverter, createEnumConverter, forEachOfIterable,
  illegalInvocation, isArrayBuffer, isObject, kInternal, setCloner,
} from "../webidl.js";

const {
  ArrayBufferIsView, ArrayPrototypePush, MathMax, MathMin, PromiseReject, PromiseResolve, RegExpPrototypeExec, StringPrototypeCharCodeAt,
  StringPrototypeSlice, StringPrototypeToLowerCase, SymbolIterator, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeSet, Uint8Array,
} = primordials;

/** Members of BlobPropertyBag, which File's options have too. */
export const blobPropertyBag = [
  { key: "endings", converter: createEnumConverter("EndingType", ["transparent", "native"]) },
  { key: "type", converter: converters.DOMString },
];
const toOptions = createDictionaryConverter("BlobPropertyBag", blobPropertyBag);

const notPrintable = /[^\x20-\x7e]/;

/** A type as blobs have it: in lower case, or none where it has other than printable characters. */
export function normalizeType(type) {
  return RegExpPrototypeExec(notPrintable, type) === null ? StringPrototypeToLowerCase(type) : "";
}

/** Converts to a sequence of BlobParts: strings, Uint8Arrays that nothing else has, and Blobs. */
export function toBlobParts(value, prefix, context) {
  const method = isObject(value) ? value[SymbolIterator] : undefined;
  if (typeof method !== "function") throw conversionError(prefix, context, "is not a sequence");
  const parts = [];
  forEachOfIterable(value, method, prefix, context, (item) => {
    let part;
    if (ArrayBufferIsView(item) || isArrayBuffer(item)) part = copyBytes(converters.BufferSource(item, prefix, context));
    else part = internals.bytes(item) ?? converters.USVString(item, prefix, context);
    ArrayPrototypePush(parts, part);
  });
  return parts;
}

/** The bytes of parts, one after the other. */
export function joinParts(parts, endings) {
  const chunks = [];
  let total = 0;
  for (let i = 0; i < parts.length; i++) {
    let part = parts[i];
    if (typeof part === "string") part = ops.utf8Encode(endings === "native" ? withNativeEndings(part) : part);
    ArrayPrototypePush(chunks, part);
    total += TypedArrayPrototypeGetByteLength(part);
  }
  if (chunks.length === 1) return chunks[0];
  const bytes = new Uint8Array(total);
  let offset = 0;
  for (let i = 0; i < chunks.length; i++) {
    TypedArrayPrototypeSet(bytes, chunks[i], offset);
    offset += TypedArrayPrototypeGetByteLength(chunks[i]);
  }
  return bytes;
}

// "Convert line endings to native": a line feed here.
function withNativeEndings(text) {
  let result = "";
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (StringPrototypeCharCodeAt(text, i) !== 13) continue;
    result += `${StringPrototypeSlice(text, from, i)}\n`;
    if (StringPrototypeCharCodeAt(text, i + 1) === 10) i++;
    from = i + 1;
  }
  return result + StringPrototypeSlice(text, from);
}

let internals;

export class Blob {
  #bytes;
  #type;

  constructor(blobParts = undefined, options = undefined) {
    registerBlobSize(sizeOf);
    if (blobParts === kInternal) {
      this.#bytes = options.bytes;
      this.#type = options.type;
      return;
    }
    const prefix = "Failed to construct 'Blob'";
    const parts = blobParts === undefined ? [] : toBlobParts(blobParts, prefix, "Argument 1");
    const { endings, type } = toOptions(options, prefix, "Argument 2");
    this.#bytes = joinParts(parts, endings);
    this.#type = type === undefined ? "" : normalizeType(type);
  }

  get size() {
    if (!(#bytes in this)) throw illegalInvocation("Blob");
    return TypedArrayPrototypeGetByteLength(this.#bytes);
  }

  get type() {
    if (!(#bytes in this)) throw illegalInvocation("Blob");
    return this.#type;
  }

  slice(start = undefined, end = undefined, contentType = undefined) {
    if (!(#bytes in this)) throw illegalInvocation("Blob");
    const prefix = "Failed to execute 'slice' on 'Blob'";
    const size = TypedArrayPrototypeGetByteLength(this.#bytes);
    const from = start === undefined ? 0 : position(converters["long long"].clamp(start, prefix, "Argument 1"), size);
    const to = end === undefined ? size : position(converters["long long"].clamp(end, prefix, "Argument 2"), size);
    const type = contentType === undefined ? "" : normalizeType(converters.DOMString(contentType, prefix, "Argument 3"));
    const offset = TypedArrayPrototypeGetByteOffset(this.#bytes) + from;
    const bytes = new Uint8Array(TypedArrayPrototypeGetBuffer(this.#bytes), offset, MathMax(to - from, 0));
    return new Blob(kInternal, { __proto__: null, bytes, type });
  }

  stream() {
    if (!(#bytes in this)) throw illegalInvocation("Blob");
    return bodyStream(bodyOf(this.#bytes, null));
  }

  text() {
    if (!isObject(this) || !(#bytes in this)) return PromiseReject(illegalInvocation("Blob"));
    return PromiseResolve(ops.decode(this.#bytes, undefined, false, false));
  }

  arrayBuffer() {
    if (!isObject(this) || !(#bytes in this)) return PromiseReject(illegalInvocation("Blob"));
    return PromiseResolve(TypedArrayPrototypeGetBuffer(copyBytes(this.#bytes)));
  }

  bytes() {
    if (!isObject(this) || !(#bytes in this)) return PromiseReject(illegalInvocation("Blob"));
    return PromiseResolve(copyBytes(this.#bytes));
  }

  static {
    internals = {
      __proto__: null,
      bytes: (value) => (isObject(value) && #bytes in value ? value.#bytes : undefined),
      type: (blob) => blob.#type,
    };
  }
}

// An index from the start, of one that may count from the end.
function position(index, size) {
  return index < 0 ? MathMax(size + index, 0) : MathMin(index, size);
}

function bodyOf(bytes, type) {
  const body = new Body(bytes, type);
  // What reads it must not get at the blob's own bytes.
  body.shared = true;
  return body;
}

configureInterface(Blob);

/** The brand check. */
export function isBlob(value) {
  return internals.bytes(value) !== undefined;
}

/** The bytes of a blob, which must not be changed; undefined for any other value. */
export function blobBytes(value) {
  return internals.bytes(value);
}

// For the streams' budget.
function sizeOf(value) {
  const bytes = internals.bytes(value);
  return bytes === undefined ? -1 : TypedArrayPrototypeGetByteLength(bytes);
}

/** The type of a blob. */
export function blobType(blob) {
  return internals.type(blob);
}

/** A blob of bytes that nothing else will change. */
export function createBlob(bytes, type) {
  return new Blob(kInternal, { __proto__: null, bytes, type });
}

setCloner(Blob.prototype, (value) => {
  const bytes = internals.bytes(value);
  return bytes === undefined ? undefined : createBlob(bytes, internals.type(value));
});
registerBodyType(isBlob, (blob) => bodyOf(internals.bytes(blob), internals.type(blob) === "" ? null : internals.type(blob)));
registerInspector(Blob.prototype, (value) => {
  const bytes = internals.bytes(value);
  return bytes === undefined ? undefined : { __proto__: null, size: TypedArrayPrototypeGetByteLength(bytes), type: internals.type(value) };
});
