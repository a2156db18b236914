// Readers (https://streams.spec.whatwg.org/#rs-reader-abstract-ops).

import { primordials } from "../../primordials.js";
import {
  ReadableByteStreamControllerPullInto, ReadableByteStreamControllerPullSteps, ReadableByteStreamControllerReleaseSteps,
} from "./byte_controller_operations.js";
import { ReadableStreamCancel } from "./controller_interface.js";
import { ReadableStreamDefaultControllerPullSteps } from "./default_controller_operations.js";
import { IsReadableStreamLocked, lockedError } from "./stream_operations.js";

const { TypeError } = primordials;

/** The error of everything that a reader does after releaseLock(). */
export function releasedError() {
  return new TypeError("This reader has been released and no longer has a stream");
}

/** Returns a LazyPromise. */
export function ReadableStreamReaderGenericCancel(reader, reason) {
  return ReadableStreamCancel(reader.stream, reason);
}

function ReadableStreamReaderGenericInitialize(reader, stream) {
  reader.stream = stream;
  stream.reader = reader;
  if (stream.state === "closed") reader.closedPromise.resolve();
  else if (stream.state === "errored") reader.closedPromise.ensureRejected(stream.storedError);
}

function ReadableStreamReaderGenericRelease(reader) {
  const { stream } = reader;
  reader.closedPromise.ensureRejected(releasedError());
  if (stream.controller.isByte) ReadableByteStreamControllerReleaseSteps(stream.controller);
  stream.reader = undefined;
  reader.stream = undefined;
}

export function ReadableStreamBYOBReaderErrorReadIntoRequests(reader, e) {
  const requests = reader.readIntoRequests.takeAll();
  while (requests.length > 0) requests.shift().errorSteps(e);
}

export function ReadableStreamBYOBReaderRead(reader, view, min, readIntoRequest) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === "errored") readIntoRequest.errorSteps(stream.storedError);
  else ReadableByteStreamControllerPullInto(stream.controller, view, min, readIntoRequest);
}

export function ReadableStreamBYOBReaderRelease(reader) {
  ReadableStreamReaderGenericRelease(reader);
  ReadableStreamBYOBReaderErrorReadIntoRequests(reader, releasedError());
}

export function ReadableStreamDefaultReaderErrorReadRequests(reader, e) {
  if (reader.readRequests.length === 0) return;
  const requests = reader.readRequests.takeAll();
  while (requests.length > 0) requests.shift().errorSteps(e);
}

export function ReadableStreamDefaultReaderRead(reader, readRequest) {
  const { stream } = reader;
  stream.disturbed = true;
  if (stream.state === "closed") readRequest.closeSteps();
  else if (stream.state === "errored") readRequest.errorSteps(stream.storedError);
  else if (stream.controller.isByte) ReadableByteStreamControllerPullSteps(stream.controller, readRequest);
  else ReadableStreamDefaultControllerPullSteps(stream.controller, readRequest);
}

export function ReadableStreamDefaultReaderRelease(reader) {
  ReadableStreamReaderGenericRelease(reader);
  ReadableStreamDefaultReaderErrorReadRequests(reader, releasedError());
}

export function SetUpReadableStreamBYOBReader(reader, stream) {
  if (IsReadableStreamLocked(stream)) throw lockedError();
  if (!stream.controller.isByte) throw new TypeError("A BYOB reader needs a byte stream: one whose source has type 'bytes'");
  ReadableStreamReaderGenericInitialize(reader, stream);
}

export function SetUpReadableStreamDefaultReader(reader, stream) {
  if (IsReadableStreamLocked(stream)) throw lockedError();
  ReadableStreamReaderGenericInitialize(reader, stream);
}
