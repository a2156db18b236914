// Working with readable streams (https://streams.spec.whatwg.org/#rs-abstract-ops). Streams, readers and controllers are
// slot records (slots.js); the standard's assertions are left out.

import { primordials } from "../../primordials.js";
import { SetUpReadableByteStreamController } from "./byte_controller_operations.js";
import { SetUpReadableStreamDefaultController } from "./default_controller_operations.js";
import { SetUpReadableStreamBYOBReader, SetUpReadableStreamDefaultReader } from "./reader_operations.js";
import {
  ReadableByteStreamControllerSlots, ReadableStreamBYOBReaderSlots, ReadableStreamDefaultControllerSlots,
  ReadableStreamDefaultReaderSlots, ReadableStreamSlots,
} from "./slots.js";

const { TypeError } = primordials;

/** The error of whatever needs a stream that is not locked. */
export function lockedError() {
  return new TypeError("ReadableStream is locked");
}

export function AcquireReadableStreamBYOBReader(stream) {
  const reader = new ReadableStreamBYOBReaderSlots();
  SetUpReadableStreamBYOBReader(reader, stream);
  return reader;
}

export function AcquireReadableStreamDefaultReader(stream) {
  const reader = new ReadableStreamDefaultReaderSlots();
  SetUpReadableStreamDefaultReader(reader, stream);
  return reader;
}

/** The algorithms are methods of `source`, undefined where they do nothing: see promiseOfAlgorithm. */
export function CreateReadableStream(
  source, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark = 1, sizeAlgorithm = null,
) {
  const stream = new ReadableStreamSlots();
  const controller = new ReadableStreamDefaultControllerSlots(stream);
  SetUpReadableStreamDefaultController(
    stream, controller, source, true, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, sizeAlgorithm,
  );
  return stream;
}

/** The algorithms are methods of `source`, as in CreateReadableStream. */
export function CreateReadableByteStream(source, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark = 0) {
  const stream = new ReadableStreamSlots();
  const controller = new ReadableByteStreamControllerSlots(stream);
  SetUpReadableByteStreamController(
    stream, controller, source, true, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark, undefined,
  );
  return stream;
}

// InitializeReadableStream is the constructor of ReadableStreamSlots.

export function IsReadableStreamLocked(stream) {
  return stream.reader !== undefined;
}
