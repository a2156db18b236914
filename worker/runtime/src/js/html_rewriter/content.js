// What is put into a document instead of a string: a ReadableStream, or the body of a Response. It is read when it is its turn.

import { isSource, takeContent } from "../fetch/body.js";
import { copyBytes, StreamSource, WholeSource } from "../fetch/body_source.js";
import { responseHead } from "../fetch/response.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { IsReadableStreamLocked } from "../streams/readable/stream_operations.js";
import { readableStreamSlots } from "../streams/readable_stream.js";
import { isArrayBuffer } from "../webidl.js";

const { ArrayBufferIsView, TypeError } = primordials;

/** A value that is content to be read later: the internal slots of a ReadableStream, or a Body; null of a Response without one. */
export function contentOf(value) {
  const stream = readableStreamSlots(value);
  if (stream !== undefined) return stream;
  const head = responseHead(value);
  return head === null ? undefined : head.body;
}

/** The source of what contentOf() found. Throws where it was read already. */
export function openContent(content) {
  // A Body has a content; the slots of a stream have none.
  if ("content" in content) {
    const taken = takeContent(content);
    return isSource(taken) ? taken : new WholeSource(taken);
  }
  if (content.disturbed || IsReadableStreamLocked(content)) {
    throw new TypeError("A ReadableStream that is locked or was read from cannot be put into a document");
  }
  return new StreamSource(content, toChunk);
}

/** Strings are content, too, and all bytes. */
function toChunk(value) {
  if (typeof value === "string") return ops.utf8Encode(value);
  if (ArrayBufferIsView(value) || isArrayBuffer(value)) return copyBytes(value);
  return new TypeError("A stream that is put into a document must give strings or bytes");
}
