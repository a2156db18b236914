// What is put into a document instead of a string: a ReadableStream, or the body of a Response. It is read when it is its turn.

import { isSource, takeContent } from "../fetch/body.js";
import { copyBytes, isChunk, WholeSource } from "../fetch/body_source.js";
import { responseHead } from "../fetch/response.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { Deferred } from "../streams/promises.js";
import { ReadableStreamDefaultReaderRead, ReadableStreamReaderGenericCancel } from "../streams/readable/reader_operations.js";
import { AcquireReadableStreamDefaultReader, IsReadableStreamLocked } from "../streams/readable/stream_operations.js";
import { readableStreamSlots } from "../streams/readable_stream.js";
import { seal } from "../streams/sealed_class.js";
import { isArrayBuffer } from "../webidl.js";

const { ArrayBufferIsView, PromiseReject, TypeError } = primordials;

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
  return new ContentSource(content);
}

/** As StreamSource of body_source.js; strings are content, too. */
class ContentSource {
  #reader;

  constructor(stream) {
    this.#reader = AcquireReadableStreamDefaultReader(stream);
    stream.disturbed = true;
    this.isAliased = true;
  }

  pull() {
    const request = new ContentRequest();
    ReadableStreamDefaultReaderRead(this.#reader, request);
    return request.take();
  }

  cancel(reason) {
    return ReadableStreamReaderGenericCancel(this.#reader, reason);
  }
}
seal(ContentSource);

class ContentRequest {
  #chunk;
  #deferred;

  chunkSteps(chunk) {
    if (typeof chunk === "string") chunk = ops.utf8Encode(chunk);
    else if (!isChunk(chunk) && (ArrayBufferIsView(chunk) || isArrayBuffer(chunk))) chunk = copyBytes(chunk);
    if (!isChunk(chunk)) this.errorSteps(new TypeError("A stream that is put into a document must give strings or bytes"));
    else if (this.#deferred === undefined) this.#chunk = chunk;
    else this.#deferred.resolve(chunk);
  }

  closeSteps() {
    if (this.#deferred === undefined) this.#chunk = null;
    else this.#deferred.resolve(null);
  }

  errorSteps(error) {
    if (this.#deferred === undefined) this.#chunk = PromiseReject(error);
    else this.#deferred.reject(error);
  }

  take() {
    if (this.#chunk !== undefined) return this.#chunk;
    this.#deferred = new Deferred();
    return this.#deferred.promise;
  }
}
seal(ContentRequest);
