// Interfacing with controllers (https://streams.spec.whatwg.org/#rs-abstract-ops-used-by-controllers): how a controller
// affects its stream.

import { countErrored } from "../budget.js";
import { LazyPromise } from "../lazy_promise.js";
import { uponPromise } from "../promises.js";
import { ReadableByteStreamControllerCancelSteps } from "./byte_controller_operations.js";
import { ReadableStreamDefaultControllerCancelSteps } from "./default_controller_operations.js";
import {
  ReadableStreamBYOBReaderErrorReadIntoRequests, ReadableStreamDefaultReaderErrorReadRequests,
} from "./reader_operations.js";

export function ReadableStreamAddReadIntoRequest(stream, readIntoRequest) {
  stream.reader.readIntoRequests.push(readIntoRequest);
}

export function ReadableStreamAddReadRequest(stream, readRequest) {
  stream.reader.readRequests.push(readRequest);
}

/** Returns a LazyPromise. */
export function ReadableStreamCancel(stream, reason) {
  stream.disturbed = true;
  if (stream.state === "closed") return LazyPromise.resolved();
  if (stream.state === "errored") return LazyPromise.rejected(stream.storedError);
  ReadableStreamClose(stream);
  const { controller, reader } = stream;
  if (reader !== undefined && reader.isByob) {
    const requests = reader.readIntoRequests.takeAll();
    while (requests.length > 0) requests.shift().closeSteps(undefined);
  }
  const sourceCancelPromise = controller.isByte
    ? ReadableByteStreamControllerCancelSteps(controller, reason)
    : ReadableStreamDefaultControllerCancelSteps(controller, reason);
  const promise = new LazyPromise();
  uponPromise(sourceCancelPromise, () => promise.resolve(), (error) => promise.reject(error));
  return promise;
}

export function ReadableStreamClose(stream) {
  stream.state = "closed";
  const { reader } = stream;
  if (reader === undefined) return;
  reader.closedPromise.resolve();
  if (reader.isByob || reader.readRequests.length === 0) return;
  const requests = reader.readRequests.takeAll();
  while (requests.length > 0) requests.shift().closeSteps();
}

/** NANO: `cause` is for the metrics: one of budget.js's CAUSE_*. */
export function ReadableStreamError(stream, e, cause) {
  stream.state = "errored";
  stream.storedError = e;
  countErrored(cause);
  const { reader } = stream;
  if (reader === undefined) return;
  reader.closedPromise.ensureRejected(e);
  if (reader.isByob) ReadableStreamBYOBReaderErrorReadIntoRequests(reader, e);
  else ReadableStreamDefaultReaderErrorReadRequests(reader, e);
}

export function ReadableStreamFulfillReadIntoRequest(stream, chunk, done) {
  const readIntoRequest = stream.reader.readIntoRequests.shift();
  if (done) readIntoRequest.closeSteps(chunk);
  else readIntoRequest.chunkSteps(chunk);
}

export function ReadableStreamFulfillReadRequest(stream, chunk, done) {
  const readRequest = stream.reader.readRequests.shift();
  if (done) readRequest.closeSteps();
  else readRequest.chunkSteps(chunk);
}

export function ReadableStreamGetNumReadIntoRequests(stream) {
  return stream.reader.readIntoRequests.length;
}

export function ReadableStreamGetNumReadRequests(stream) {
  return stream.reader.readRequests.length;
}

export function ReadableStreamHasBYOBReader(stream) {
  return stream.reader !== undefined && stream.reader.isByob;
}

export function ReadableStreamHasDefaultReader(stream) {
  return stream.reader !== undefined && !stream.reader.isByob;
}
