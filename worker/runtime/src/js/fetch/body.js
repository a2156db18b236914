// Bodies (https://fetch.spec.whatwg.org/#bodies): where the bytes come from, and how they are read as a whole.
//
// A body that is there as a whole stays the string or the bytes that it was made of. Others have a source:
// `{ pull() → Uint8Array | null | Promise of either }`, which is asked for one chunk at a time; null is the end.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Deferred } from "../streams/promises.js";
import { searchParamsList } from "../url/search_params.js";
import { serializeUrlencoded } from "../url/urlencoded.js";
import { converters, illegalInvocation, isArrayBuffer, viewBuffer } from "../webidl.js";

const {
  ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, ArrayPrototypePush, ArrayPrototypeShift, DataViewPrototypeGetByteLength,
  DataViewPrototypeGetByteOffset, JSONParse, ObjectDefineProperty, PromisePrototypeThen, PromiseReject, PromiseResolve,
  StringPrototypeCharCodeAt, StringPrototypeSlice, TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetSymbolToStringTag, TypedArrayPrototypeSet, Uint8Array,
} = primordials;

/** A body, of a request or a response. */
export class Body {
  /** `content`: a well-formed string, a Uint8Array that nobody else changes, or a source. `type`: its Content-Type or null. */
  constructor(content, type) {
    this.content = content;
    this.type = type;
    /** "Disturbed": read, or on its way to be. */
    this.used = false;
    /** The bytes are those of a clone as well: whoever gives them away copies them. */
    this.shared = false;
  }
}

// Interfaces that bodies are made of, beside those named here: { isInstance, extract }.
const bodyTypes = [];

/** Makes instances of one more interface bodies: `extract(value)` returns a Body. For Blob, FormData and ReadableStream. */
export function registerBodyType(isInstance, extract) {
  ArrayPrototypePush(bodyTypes, { __proto__: null, isInstance, extract });
}

function findBodyType(value) {
  for (let i = 0; i < bodyTypes.length; i++) if (bodyTypes[i].isInstance(value)) return bodyTypes[i];
  return undefined;
}

/** Converts to BodyInit, or null for null. */
export function toBodyInit(value, prefix) {
  if (typeof value !== "object" || value === null) return value === null ? null : converters.USVString(value, prefix, "The body");
  if (ArrayBufferIsView(value)) return converters.ArrayBufferView(value, prefix, "The body");
  if (isArrayBuffer(value) || searchParamsList(value) !== undefined || findBodyType(value) !== undefined) return value;
  return converters.USVString(value, prefix, "The body");
}

/** "Extract a body" from a BodyInit. */
export function extractBody(init) {
  if (typeof init === "string") return new Body(init, "text/plain;charset=UTF-8");
  if (ArrayBufferIsView(init) || isArrayBuffer(init)) return new Body(copyBytes(init), null);
  const pairs = searchParamsList(init);
  if (pairs !== undefined) return new Body(serializeUrlencoded(pairs), "application/x-www-form-urlencoded;charset=UTF-8");
  return findBodyType(init).extract(init);
}

/** "Get a copy of the bytes" of an ArrayBuffer or a view; none of a detached one. */
export function copyBytes(source) {
  let buffer = source;
  let offset = 0;
  let length;
  if (!ArrayBufferIsView(source)) {
    length = ArrayBufferPrototypeGetByteLength(source);
  } else if (TypedArrayPrototypeGetSymbolToStringTag(source) !== undefined) {
    buffer = TypedArrayPrototypeGetBuffer(source);
    offset = TypedArrayPrototypeGetByteOffset(source);
    length = TypedArrayPrototypeGetByteLength(source);
  } else {
    buffer = viewBuffer(source);
    try {
      offset = DataViewPrototypeGetByteOffset(source);
      length = DataViewPrototypeGetByteLength(source);
    } catch {
      // Detached, or out of the bounds of a buffer that shrank.
      length = 0;
    }
  }
  const copy = new Uint8Array(length);
  if (length > 0) TypedArrayPrototypeSet(copy, new Uint8Array(buffer, offset, length));
  return copy;
}

/** True for a body's content that is a source of chunks. */
export function isSource(content) {
  return typeof content !== "string" && TypedArrayPrototypeGetSymbolToStringTag(content) === undefined;
}

export function unusableBody() {
  return new TypeError("Body is unusable: Body has already been read");
}

/** "Clone a body": `body` goes on as one of the two, the other is returned. */
export function cloneBody(body) {
  if (isSource(body.content)) {
    const branches = tee(body.content);
    body.content = branches[0];
    return new Body(branches[1], body.type);
  }
  body.shared = true;
  const clone = new Body(body.content, body.type);
  clone.shared = true;
  return clone;
}

/** Takes what a body holds, for a new owner; the body counts as used from then on. */
export function transferBody(body) {
  const moved = new Body(body.content, body.type);
  moved.shared = body.shared;
  body.used = true;
  body.content = "";
  return moved;
}

// ---- sources ----

function isChunk(value) {
  return TypedArrayPrototypeGetSymbolToStringTag(value) !== undefined;
}

const noConstructor = { __proto__: null, value: undefined, writable: false, enumerable: false, configurable: false };

/** Waits for a promise that a source returned and nobody else has: `then` would look at Promise.prototype.constructor. */
function upon(promise, onFulfilled, onRejected) {
  ObjectDefineProperty(promise, "constructor", noConstructor);
  PromisePrototypeThen(promise, onFulfilled, onRejected);
}

/** An incoming request's body. */
export class IncomingSource {
  #id;

  constructor(id) {
    this.#id = id;
  }

  pull() {
    return ops.requestBodyRead(this.#id);
  }
}

// One source read by two. What one has read ahead waits for the other, who gets a copy of it.
function tee(source) {
  const queues = [[], []];
  // Promises of a branch, and how to settle them; there while a chunk is awaited.
  const waiting = [null, null];
  let isPending = false;
  let end;

  function settle(deliver) {
    isPending = false;
    for (let branch = 0; branch < 2; branch++) {
      const deferred = waiting[branch];
      if (deferred === null) continue;
      waiting[branch] = null;
      deliver(deferred, branch);
    }
  }

  function take(chunk, reader) {
    if (chunk === null) {
      end = null;
      return;
    }
    ArrayPrototypePush(queues[1 - reader], copyBytes(chunk));
    ArrayPrototypePush(queues[reader], chunk);
  }

  function pull(branch) {
    if (queues[branch].length > 0) return ArrayPrototypeShift(queues[branch]);
    if (end !== undefined) return end === null ? null : PromiseReject(end.error);
    if (!isPending) {
      const result = source.pull();
      if (result === null || isChunk(result)) {
        take(result, branch);
        return result === null ? null : ArrayPrototypeShift(queues[branch]);
      }
      isPending = true;
      upon(
        result,
        (chunk) => {
          take(chunk, branch);
          settle((deferred, each) => deferred.resolve(chunk === null ? null : ArrayPrototypeShift(queues[each])));
        },
        (error) => {
          end = { __proto__: null, error };
          settle((deferred) => deferred.reject(error));
        },
      );
    }
    waiting[branch] = new Deferred();
    return waiting[branch].promise;
  }

  return [{ __proto__: null, pull: () => pull(0) }, { __proto__: null, pull: () => pull(1) }];
}

// Reads a source to its end, then calls one of the two.
function readAll(source, onBytes, onError) {
  const chunks = [];
  let total = 0;
  function step(chunk) {
    try {
      while (chunk !== null) {
        if (!isChunk(chunk)) return upon(chunk, step, onError);
        ArrayPrototypePush(chunks, chunk);
        total += TypedArrayPrototypeGetByteLength(chunk);
        chunk = source.pull();
      }
      onBytes(chunks.length === 1 ? chunks[0] : concatenate(chunks, total));
    } catch (error) {
      onError(error);
    }
  }
  step(source.pull());
}

function concatenate(chunks, total) {
  const all = new Uint8Array(total);
  let offset = 0;
  for (let i = 0; i < chunks.length; i++) {
    TypedArrayPrototypeSet(all, chunks[i], offset);
    offset += TypedArrayPrototypeGetByteLength(chunks[i]);
  }
  return all;
}

// ---- consuming (§5.2) ----

/** The forms of `consumeBody`. Each takes the whole content, a string or a Uint8Array of its own, and may throw. */
export const forms = {
  __proto__: null,
  arrayBuffer: (content) => TypedArrayPrototypeGetBuffer(forms.bytes(content)),
  bytes: (content) => (typeof content === "string" ? ops.utf8Encode(content) : content),
  json: (content) => JSONParse(forms.text(content)),
  // "UTF-8 decode": without a byte order mark. A string was well-formed when it became a body.
  text(content) {
    if (typeof content !== "string") return ops.decode(content, undefined, false, false);
    return StringPrototypeCharCodeAt(content, 0) === 0xfeff ? StringPrototypeSlice(content, 1) : content;
  },
};

/** "Consume body": a promise of `form(content)`. `body` may be null; undefined is what a brand check found wanting. */
export function consumeBody(body, form, interfaceName) {
  if (body === undefined) return PromiseReject(illegalInvocation(interfaceName));
  if (body === null) return settled(form, "");
  if (body.used) return PromiseReject(unusableBody());
  body.used = true;
  const { content } = body;
  body.content = "";
  if (typeof content === "string") return settled(form, content);
  if (!isSource(content)) return settled(form, body.shared ? copyBytes(content) : content);
  const { promise, resolve, reject } = new Deferred();
  readAll(content, (bytes) => resolve(form(bytes)), reject);
  return promise;
}

function settled(form, content) {
  try {
    return PromiseResolve(form(content));
  } catch (error) {
    return PromiseReject(error);
  }
}
