// Bodies (https://fetch.spec.whatwg.org/#bodies): what they are made of, and how they are read.
//
// A body stays what it was made of, a string, bytes or a source, until its stream is looked at.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Deferred } from "../streams/promises.js";
import { IsReadableStreamLocked } from "../streams/readable/stream_operations.js";
import { ReadableStreamTee } from "../streams/readable/tee.js";
import { createReadableStreamObject, readableStreamSlots } from "../streams/readable_stream.js";
import { seal } from "../streams/sealed_class.js";
import { searchParamsList } from "../url/search_params.js";
import { serializeUrlencoded } from "../url/urlencoded.js";
import { converters, illegalInvocation, isArrayBuffer } from "../webidl.js";
import {
  StreamSource, WholeSource, copyBytes, mayBeEmpty, streamFromSource, takeUntouchedSource, usedStream,
} from "./body_source.js";
import { IterableInit, toIterableInit } from "./iterable_source.js";
import { discard, outOfMemory, readAll, watchedFrom } from "./collect.js";

const {
  ArrayBufferIsView, ArrayPrototypePush, JSONParse, PromiseReject, PromiseResolve, StringPrototypeCharCodeAt, StringPrototypeSlice,
  TypeError, TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetSymbolToStringTag,
} = primordials;

/** A body, of a request or a response. */
export class Body {
  /**
   * `content`: a well-formed string, a Uint8Array that nothing else changes, a source (body_source.js), or null where
   * `stream` is set instead. `type`: its Content-Type, or null.
   */
  constructor(content, type) {
    this.content = content;
    this.type = type;
    /** It was read, or is about to be. Once there is a stream, that one knows. */
    this.used = false;
    /** The bytes are those of a clone as well: code that gives them away copies them. */
    this.shared = false;
    /** Internal slots of the ReadableStream, or null. */
    this.stream = null;
    /** The ReadableStream object, or null. */
    this.streamObject = null;
  }
}
seal(Body);

// Interfaces that bodies are made of, beside those named here: { isInstance, extract }.
const bodyTypes = [];

/** Makes instances of one more interface bodies: `extract(value)` returns a Body. For Blob and FormData. */
export function registerBodyType(isInstance, extract) {
  ArrayPrototypePush(bodyTypes, { __proto__: null, isInstance, extract });
}

function findBodyType(value) {
  for (let i = 0; i < bodyTypes.length; i++) if (bodyTypes[i].isInstance(value)) return bodyTypes[i];
  return undefined;
}

/** Converts to BodyInit, or null for null. */
export function toBodyInit(value, prefix) {
  if (value === null) return null;
  if (typeof value !== "object") return toIterableInit(value, prefix) ?? converters.USVString(value, prefix, "The body");
  if (ArrayBufferIsView(value)) return converters.ArrayBufferView(value, prefix, "The body");
  if (
    isArrayBuffer(value) || readableStreamSlots(value) !== undefined || searchParamsList(value) !== undefined ||
    findBodyType(value) !== undefined
  ) return value;
  return toIterableInit(value, prefix) ?? converters.USVString(value, prefix, "The body");
}

/** "Extract a body" from a BodyInit. */
export function extractBody(init) {
  if (typeof init === "string") return new Body(init, "text/plain;charset=UTF-8");
  if (ArrayBufferIsView(init) || isArrayBuffer(init)) return new Body(copyBytes(init), null);
  const stream = readableStreamSlots(init);
  if (stream !== undefined) {
    if (stream.disturbed || IsReadableStreamLocked(stream)) {
      throw new TypeError("A ReadableStream that is locked or was read from cannot be a body");
    }
    const body = new Body(null, null);
    body.stream = stream;
    body.streamObject = init;
    return body;
  }
  const pairs = searchParamsList(init);
  if (pairs !== undefined) return new Body(serializeUrlencoded(pairs), "application/x-www-form-urlencoded;charset=UTF-8");
  if (init instanceof IterableInit) return new Body(init.open(), null);
  return findBodyType(init).extract(init);
}

/** True for what a body holds if it comes in chunks. */
export function isSource(content) {
  return typeof content !== "string" && TypedArrayPrototypeGetSymbolToStringTag(content) === undefined;
}

/** "Body used". `body` may be null. */
export function isBodyUsed(body) {
  if (body === null) return false;
  return body.stream === null ? body.used : body.stream.disturbed;
}

/** "Unusable": its stream is disturbed or locked. `body` may be null. */
export function isBodyUnusable(body) {
  if (body === null) return false;
  return body.stream === null ? body.used : body.stream.disturbed || IsReadableStreamLocked(body.stream);
}

/** Whether a body is one that came in, and may turn out to be none. */
export function isBodyInDoubt(body) {
  if (body.stream !== null) return mayBeEmpty(body.stream);
  return !body.used && isSource(body.content) && mayBeEmpty(body.content);
}

export function unusableBody() {
  return new TypeError("Body is unusable: Body has already been read");
}

/** The ReadableStream of a body; null of null. */
export function bodyStream(body) {
  if (body === null) return null;
  if (body.streamObject === null) {
    if (body.stream === null) {
      const { content } = body;
      body.stream = body.used ? usedStream() : streamFromSource(isSource(content) ? content : new WholeSource(content));
      body.content = null;
    }
    body.streamObject = createReadableStreamObject(body.stream);
  }
  return body.streamObject;
}

/** Uses a body up for what it holds: a string, a Uint8Array or a source. Throws where it is unusable. */
export function takeContent(body) {
  if (isBodyUnusable(body)) throw unusableBody();
  if (body.stream !== null) {
    const source = takeUntouchedSource(body.stream);
    if (source === undefined) return new StreamSource(body.stream);
    if (!(source instanceof WholeSource)) return source;
    body.shared = true;
    return source.bytes;
  }
  const { content } = body;
  body.used = true;
  body.content = "";
  return content;
}

/** "Clone a body": `body` goes on as one of the two, the other is returned. What comes in chunks becomes a stream. */
export function cloneBody(body) {
  const clone = new Body(body.content, body.type);
  if (body.stream === null) {
    if (!isSource(body.content)) {
      body.shared = true;
      clone.shared = true;
      return clone;
    }
    body.stream = streamFromSource(body.content);
    body.content = null;
    clone.content = null;
  }
  const branches = ReadableStreamTee(body.stream);
  body.stream = branches[0];
  body.streamObject = null;
  clone.stream = branches[1];
  return clone;
}

/** "Create a proxy": `body` is used up, what it held is in the body that is returned. */
export function transferBody(body) {
  const moved = new Body(takeContent(body), body.type);
  moved.shared = body.shared;
  return moved;
}

// ---- consuming (§5.2) ----

/** The forms of `consumeBody`. Each takes the whole content, a string or a Uint8Array of its own, and may throw. */
export const forms = {
  __proto__: null,
  arrayBuffer: (content) => TypedArrayPrototypeGetBuffer(forms.bytes(content)),
  bytes: (content) => (typeof content === "string" ? ops.utf8Encode(content) : content),
  json(content) {
    if (typeof content === "string") return JSONParse(forms.text(content));
    const length = TypedArrayPrototypeGetByteLength(content);
    const cost = length < watchedFrom ? 0 : ops.jsonCost(content);
    const text = forms.text(content);
    if (length >= watchedFrom) discard(content);
    if (cost > 0 && !ops.memoryAllows(cost)) throw outOfMemory(length);
    return JSONParse(text);
  },
  // "UTF-8 decode": without a byte order mark. A string was well-formed when it became a body.
  text(content) {
    if (typeof content !== "string") return ops.decode(content, undefined, false, false);
    return StringPrototypeCharCodeAt(content, 0) === 0xfeff ? StringPrototypeSlice(content, 1) : content;
  },
};

/** "Consume body": a promise of `form(content)`. `body` may be null; undefined is what a brand check found wanting. */
export function consumeBody(body, form, interfaceName) {
  try {
    if (body === undefined) throw illegalInvocation(interfaceName);
    if (body === null) return PromiseResolve(form(""));
    const content = takeContent(body);
    if (typeof content === "string") return PromiseResolve(form(content));
    if (!isSource(content)) return PromiseResolve(form(body.shared ? copyBytes(content) : content));
    const { promise, resolve, reject } = new Deferred();
    readAll(content, (bytes) => resolve(form(bytes)), reject);
    return promise;
  } catch (error) {
    return PromiseReject(error);
  }
}
