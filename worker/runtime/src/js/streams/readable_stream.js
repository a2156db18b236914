// ReadableStream (https://streams.spec.whatwg.org/#rs-class).

import { toAbortSignal } from "../dom/abort.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, createEnumConverter, illegalInvocation, isObject, kInternal,
  requireArguments,
} from "../webidl.js";
import { promiseRejectedWith } from "./promises.js";
import { convertQueuingStrategy, ExtractHighWaterMark, ExtractSizeAlgorithm } from "./queuing_strategy.js";
import { SetUpReadableByteStreamControllerFromUnderlyingSource } from "./readable/byte_controller_operations.js";
import { ReadableStreamCancel } from "./readable/controller_interface.js";
import { SetUpReadableStreamDefaultControllerFromUnderlyingSource } from "./readable/default_controller_operations.js";
import { ReadableStreamFromIterable } from "./readable/from_iterable.js";
import { ReadableStreamPipeTo } from "./readable/pipe_to.js";
import { ReadableStreamSlots } from "./readable/slots.js";
import {
  AcquireReadableStreamBYOBReader, AcquireReadableStreamDefaultReader, IsReadableStreamLocked, lockedError,
} from "./readable/stream_operations.js";
import { ReadableStreamTee } from "./readable/tee.js";
import { createReadableStreamAsyncIterator } from "./readable_stream_async_iterator.js";
import { createReadableStreamBYOBReader } from "./readable_stream_byob_reader.js";
import { createReadableStreamDefaultReader } from "./readable_stream_default_reader.js";
import { IsWritableStreamLocked, lockedError as writableLockedError } from "./writable/stream_operations.js";
import { writableStreamSlots } from "./writable_stream.js";

const { ObjectDefineProperty, RangeError, SymbolAsyncIterator, TypeError } = primordials;

let slotsOf;

export class ReadableStream {
  #slots;

  constructor(underlyingSource = undefined, strategy = undefined) {
    if (underlyingSource === kInternal) {
      this.#slots = strategy;
      return;
    }
    const prefix = "Failed to construct 'ReadableStream'";
    if (underlyingSource !== undefined && !isObject(underlyingSource)) {
      throw conversionError(prefix, "Argument 1", "is not an object");
    }
    const strategyDict = convertQueuingStrategy(strategy, prefix, "Argument 2");
    const underlyingSourceDict = convertUnderlyingSource(underlyingSource, prefix);
    this.#slots = new ReadableStreamSlots();
    if (underlyingSourceDict.type === "bytes") {
      if (strategyDict.size !== undefined) {
        throw new RangeError(`${prefix}: the strategy of a byte stream cannot have a size function`);
      }
      const highWaterMark = ExtractHighWaterMark(strategyDict, 0);
      SetUpReadableByteStreamControllerFromUnderlyingSource(
        this.#slots, underlyingSource, underlyingSourceDict, highWaterMark,
      );
    } else {
      const sizeAlgorithm = ExtractSizeAlgorithm(strategyDict);
      const highWaterMark = ExtractHighWaterMark(strategyDict, 1);
      SetUpReadableStreamDefaultControllerFromUnderlyingSource(
        this.#slots, underlyingSource, underlyingSourceDict, highWaterMark, sizeAlgorithm,
      );
    }
  }

  static from(asyncIterable) {
    const prefix = "Failed to execute 'from' on 'ReadableStream'";
    requireArguments(arguments.length, 1, prefix);
    return createReadableStreamObject(ReadableStreamFromIterable(asyncIterable, prefix));
  }

  get locked() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStream");
    return IsReadableStreamLocked(this.#slots);
  }

  cancel(reason = undefined) {
    const slots = slotsOf(this);
    if (slots === undefined) return promiseRejectedWith(illegalInvocation("ReadableStream"));
    if (IsReadableStreamLocked(slots)) return promiseRejectedWith(lockedError());
    return ReadableStreamCancel(slots, reason).get();
  }

  getReader(options = undefined) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStream");
    const mode = convertReaderMode(options);
    if (mode === "byob") return createReadableStreamBYOBReader(AcquireReadableStreamBYOBReader(this.#slots));
    return createReadableStreamDefaultReader(AcquireReadableStreamDefaultReader(this.#slots));
  }

  pipeThrough(transform, options = undefined) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStream");
    const prefix = "Failed to execute 'pipeThrough' on 'ReadableStream'";
    requireArguments(arguments.length, 1, prefix);
    const { readable, writable } = convertReadableWritablePair(transform, prefix);
    const { preventAbort, preventCancel, preventClose, signal } = convertPipeOptions(options, prefix);
    if (IsReadableStreamLocked(this.#slots)) throw lockedError();
    const dest = writableStreamSlots(writable);
    if (IsWritableStreamLocked(dest)) throw writableLockedError();
    // What becomes of the pipe is seen at both its ends.
    ReadableStreamPipeTo(this.#slots, dest, preventClose, preventAbort, preventCancel, signal);
    return readable;
  }

  pipeTo(destination, options = undefined) {
    const prefix = "Failed to execute 'pipeTo' on 'ReadableStream'";
    try {
      const slots = slotsOf(this);
      if (slots === undefined) throw illegalInvocation("ReadableStream");
      requireArguments(arguments.length, 1, prefix);
      const dest = writableStreamSlots(destination);
      if (dest === undefined) throw conversionError(prefix, "Argument 1", "is not of type WritableStream");
      const { preventAbort, preventCancel, preventClose, signal } = convertPipeOptions(options, prefix);
      if (IsReadableStreamLocked(slots)) throw lockedError();
      if (IsWritableStreamLocked(dest)) throw writableLockedError();
      return ReadableStreamPipeTo(slots, dest, preventClose, preventAbort, preventCancel, signal).get();
    } catch (error) {
      return promiseRejectedWith(error);
    }
  }

  tee() {
    if (!(#slots in this)) throw illegalInvocation("ReadableStream");
    const branches = ReadableStreamTee(this.#slots);
    return [createReadableStreamObject(branches[0]), createReadableStreamObject(branches[1])];
  }

  values(options = undefined) {
    if (!(#slots in this)) throw illegalInvocation("ReadableStream");
    return createReadableStreamAsyncIterator(this.#slots, convertPreventCancel(options));
  }

  static {
    slotsOf = (value) => (isObject(value) && #slots in value ? value.#slots : undefined);
  }
}

configureInterface(ReadableStream);
ObjectDefineProperty(ReadableStream.prototype, SymbolAsyncIterator, {
  __proto__: null, value: ReadableStream.prototype.values, writable: true, enumerable: false, configurable: true,
});

/** The internal slots of a ReadableStream; undefined for anything else. */
export function readableStreamSlots(value) {
  return slotsOf(value);
}

/** The object for internal slots that were made by CreateReadableStream or CreateReadableByteStream. */
export function createReadableStreamObject(slots) {
  return new ReadableStream(kInternal, slots);
}

const toReadableStreamType = createEnumConverter("ReadableStreamType", ["bytes"]);
const toReadableStreamReaderMode = createEnumConverter("ReadableStreamReaderMode", ["byob"]);

/** Converts to the dictionary UnderlyingSource: its members undefined where absent. */
function convertUnderlyingSource(source, prefix) {
  const dictionary = {
    __proto__: null,
    autoAllocateChunkSize: undefined,
    cancel: undefined,
    pull: undefined,
    start: undefined,
    type: undefined,
  };
  if (source === undefined) return dictionary;
  const { autoAllocateChunkSize } = source;
  if (autoAllocateChunkSize !== undefined) {
    const context = "'autoAllocateChunkSize' of 'UnderlyingSource'";
    dictionary.autoAllocateChunkSize = converters["unsigned long long"].enforceRange(autoAllocateChunkSize, prefix, context);
  }
  dictionary.cancel = convertMethod(source.cancel, prefix, "cancel");
  dictionary.pull = convertMethod(source.pull, prefix, "pull");
  dictionary.start = convertMethod(source.start, prefix, "start");
  const { type } = source;
  if (type !== undefined) dictionary.type = toReadableStreamType(type, prefix, "'type' of 'UnderlyingSource'");
  return dictionary;
}

function convertMethod(method, prefix, name) {
  if (method === undefined || typeof method === "function") return method;
  throw conversionError(prefix, `'${name}' of 'UnderlyingSource'`, "is not a function");
}

/** The one member of ReadableStreamGetReaderOptions. */
function convertReaderMode(options) {
  if (options === undefined || options === null) return undefined;
  const prefix = "Failed to execute 'getReader' on 'ReadableStream'";
  if (!isObject(options)) throw conversionError(prefix, "Argument 1", "cannot be converted to a dictionary");
  const { mode } = options;
  if (mode === undefined) return undefined;
  return toReadableStreamReaderMode(mode, prefix, "'mode' of 'ReadableStreamGetReaderOptions'");
}

/** The one member of ReadableStreamIteratorOptions. */
function convertPreventCancel(options) {
  if (options === undefined || options === null) return false;
  if (!isObject(options)) {
    const prefix = "Failed to execute 'values' on 'ReadableStream'";
    throw conversionError(prefix, "Argument 1", "cannot be converted to a dictionary");
  }
  return !!options.preventCancel;
}

/** Converts to the dictionary StreamPipeOptions. */
function convertPipeOptions(options, prefix) {
  const dictionary = {
    __proto__: null,
    preventAbort: false,
    preventCancel: false,
    preventClose: false,
    signal: undefined,
  };
  if (options === undefined || options === null) return dictionary;
  if (!isObject(options)) {
    throw conversionError(prefix, "Argument 2", "cannot be converted to a dictionary (StreamPipeOptions)");
  }
  dictionary.preventAbort = !!options.preventAbort;
  dictionary.preventCancel = !!options.preventCancel;
  dictionary.preventClose = !!options.preventClose;
  const { signal } = options;
  if (signal !== undefined) dictionary.signal = toAbortSignal(signal, prefix, "'signal' of 'StreamPipeOptions'");
  return dictionary;
}

/** Converts to the dictionary ReadableWritablePair. */
function convertReadableWritablePair(transform, prefix) {
  if (transform !== undefined && transform !== null && !isObject(transform)) {
    throw conversionError(prefix, "Argument 1", "cannot be converted to a dictionary (ReadableWritablePair)");
  }
  const readable = transform?.readable;
  if (readable === undefined) throw new TypeError(`${prefix}: 'readable' is required in 'ReadableWritablePair'`);
  if (slotsOf(readable) === undefined) {
    throw conversionError(prefix, "'readable' of 'ReadableWritablePair'", "is not of type ReadableStream");
  }
  const writable = transform?.writable;
  if (writable === undefined) throw new TypeError(`${prefix}: 'writable' is required in 'ReadableWritablePair'`);
  if (writableStreamSlots(writable) === undefined) {
    throw conversionError(prefix, "'writable' of 'ReadableWritablePair'", "is not of type WritableStream");
  }
  return { __proto__: null, readable, writable };
}
