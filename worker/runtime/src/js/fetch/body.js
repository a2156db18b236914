// Bodies (https://fetch.spec.whatwg.org/#bodies): where the bytes come from, and the methods that Request and Response
// share to read them.
//
// A body that is there as a whole stays the string or the bytes that it was made of. Others have a source:
// `{ pull() → Uint8Array | null | Promise of either }`, which is asked for one chunk at a time; null is the end.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { searchParamsList } from "../url/search_params.js";
import { serializeUrlencoded } from "../url/urlencoded.js";
import { converters, isArrayBuffer, isObject, isSharedArrayBuffer, viewBuffer } from "../webidl.js";

const {
  ArrayBufferIsView, ArrayBufferPrototypeSlice, ArrayPrototypePush, ArrayPrototypeShift, DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset, JSONParse, PromisePrototypeThen, PromiseReject, PromiseResolve, StringPrototypeCharCodeAt,
  StringPrototypeSlice, StringPrototypeToWellFormed, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet,
  TypedArrayPrototypeSlice, Uint8Array,
} = primordials;

/** A body. */
export class Body {
  /** A string, a Uint8Array that nobody else changes, or an object with `pull`. */
  content;
  used = false;
  /** The bytes are those of a clone as well: whoever gives them away copies them. */
  shared = false;

  constructor(content) {
    this.content = content;
  }
}

/** What `extractBody` found beside the body: the Content-Type that goes with it, or null. */
export let extractedType = null;

/** "Extract a body" from any BodyInit but null and undefined. */
export function extractBody(init, prefix) {
  if (typeof init === "string") {
    extractedType = "text/plain;charset=UTF-8";
    return new Body(init);
  }
  extractedType = null;
  if (isObject(init)) {
    if (ArrayBufferIsView(init) || isArrayBuffer(init) || isSharedArrayBuffer(init)) {
      return new Body(copyBytes(converters.AllowSharedBufferSource(init, prefix, "The body")));
    }
    const pairs = searchParamsList(init);
    if (pairs !== undefined) {
      extractedType = "application/x-www-form-urlencoded;charset=UTF-8";
      return new Body(serializeUrlencoded(pairs));
    }
  }
  const text = converters.USVString(init, prefix, "The body");
  extractedType = "text/plain;charset=UTF-8";
  return new Body(text);
}

/** A copy of the bytes of a buffer or view. */
export function copyBytes(source) {
  if (!ArrayBufferIsView(source)) return TypedArrayPrototypeSlice(new Uint8Array(source));
  const tag = TypedArrayPrototypeGetSymbolToStringTag(source);
  const offset = tag === undefined ? DataViewPrototypeGetByteOffset(source) : TypedArrayPrototypeGetByteOffset(source);
  const length = tag === undefined ? DataViewPrototypeGetByteLength(source) : TypedArrayPrototypeGetByteLength(source);
  const copy = new Uint8Array(length);
  TypedArrayPrototypeSet(copy, new Uint8Array(viewBuffer(source), offset, length));
  return copy;
}

/** "Clone a body": `body` goes on as one of the two, the other is returned. */
export function cloneBody(body) {
  const { content } = body;
  if (typeof content !== "string" && TypedArrayPrototypeGetSymbolToStringTag(content) === undefined) {
    const branches = new Tee(content);
    body.content = branches.first;
    return new Body(branches.second);
  }
  body.shared = true;
  const clone = new Body(content);
  clone.shared = true;
  return clone;
}

// A source read by two. What one has read ahead waits for the other.
class Tee {
  constructor(source) {
    const queues = [[], []];
    let ended = false;
    let reading = null;
    const deliver = (chunk, own) => {
      reading = null;
      if (chunk === null) {
        ended = true;
        return null;
      }
      ArrayPrototypePush(queues[1 - own], TypedArrayPrototypeSlice(chunk));
      return chunk;
    };
    const pull = (own) => {
      if (queues[own].length > 0) return ArrayPrototypeShift(queues[own]);
      if (ended) return null;
      // The other one is waiting for a chunk: this one gets its copy when that is there.
      if (reading !== null) return PromisePrototypeThen(reading, () => pull(own));
      const chunk = source.pull();
      if (chunk === null || isChunk(chunk)) return deliver(chunk, own);
      reading = PromisePrototypeThen(chunk, (value) => deliver(value, own));
      return reading;
    };
    this.first = { __proto__: null, pull: () => pull(0) };
    this.second = { __proto__: null, pull: () => pull(1) };
  }
}

function isChunk(value) {
  return TypedArrayPrototypeGetSymbolToStringTag(value) !== undefined;
}

// ---- consuming (§5.2) ----

/** How the bytes are wanted. */
export const kText = 0;
export const kJson = 1;
export const kArrayBuffer = 2;
export const kBytes = 3;

/** "Consume body": a promise of the whole in the form wanted. `body` may be null. */
export function consumeBody(body, form) {
  if (body === null) return settle("", false, form);
  if (body.used) return PromiseReject(new TypeError("Body is unusable: it has already been read"));
  body.used = true;
  const { content, shared } = body;
  body.content = "";
  if (typeof content === "string" || isChunk(content)) return settle(content, shared, form);
  return PromisePrototypeThen(readAll(content), (bytes) => convert(bytes, false, form));
}

function settle(content, shared, form) {
  try {
    return PromiseResolve(convert(content, shared, form));
  } catch (error) {
    return PromiseReject(error);
  }
}

function convert(content, shared, form) {
  const isText = typeof content === "string";
  switch (form) {
    case kText:
      return isText ? decodedForm(content) : ops.decode(content, undefined, false, false);
    case kJson:
      return JSONParse(isText ? decodedForm(content) : ops.decode(content, undefined, false, false));
    case kArrayBuffer: {
      const bytes = isText ? ops.utf8Encode(content) : content;
      const buffer = TypedArrayPrototypeGetBuffer(bytes);
      return shared && !isText ? ArrayBufferPrototypeSlice(buffer) : buffer;
    }
    default:
      if (isText) return ops.utf8Encode(content);
      return shared ? TypedArrayPrototypeSlice(content) : content;
  }
}

// What a string is after it has been encoded and decoded as UTF-8.
function decodedForm(text) {
  return StringPrototypeToWellFormed(StringPrototypeCharCodeAt(text, 0) === 0xfeff ? StringPrototypeSlice(text, 1) : text);
}

// All chunks of a source as one, a promise.
function readAll(source) {
  const chunks = [];
  let total = 0;
  const step = (chunk) => {
    while (chunk !== null) {
      ArrayPrototypePush(chunks, chunk);
      total += TypedArrayPrototypeGetLength(chunk);
      chunk = source.pull();
      if (chunk !== null && !isChunk(chunk)) return PromisePrototypeThen(chunk, step);
    }
    if (chunks.length === 1) return chunks[0];
    const all = new Uint8Array(total);
    let offset = 0;
    for (let i = 0; i < chunks.length; i++) {
      TypedArrayPrototypeSet(all, chunks[i], offset);
      offset += TypedArrayPrototypeGetLength(chunks[i]);
    }
    return all;
  };
  try {
    const chunk = source.pull();
    return chunk === null || isChunk(chunk) ? PromiseResolve(step(chunk)) : PromisePrototypeThen(chunk, step);
  } catch (error) {
    return PromiseReject(error);
  }
}
