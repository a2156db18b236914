// What a value is among streams, those of Node.js, of older packages and of the web, and how far it has come.

import { primordials } from "../../primordials.js";
import { readableStreamSlots } from "../../streams/readable_stream.js";
import { writableStreamSlots } from "../../streams/writable_stream.js";

const { SymbolAsyncIterator, SymbolFor, SymbolIterator } = primordials;

export const kIsDestroyed = SymbolFor("nodejs.stream.destroyed");
const kIsErrored = SymbolFor("nodejs.stream.errored");
const kIsReadable = SymbolFor("nodejs.stream.readable");
const kIsWritable = SymbolFor("nodejs.stream.writable");
const kIsDisturbed = SymbolFor("nodejs.stream.disturbed");

export function isReadableNodeStream(value, isStrict = false) {
  return !!(
    value && typeof value.pipe === "function" && typeof value.on === "function" &&
    (!isStrict || (typeof value.pause === "function" && typeof value.resume === "function")) &&
    // A Writable has a pipe() too, which only says that it cannot.
    (!value._writableState || (value._readableState && value._readableState.readable !== false))
  );
}

export function isWritableNodeStream(value) {
  return !!(
    value && typeof value.write === "function" && typeof value.on === "function" &&
    (!value._readableState || value._writableState?.writable !== false)
  );
}

export function isDuplexNodeStream(value) {
  return !!(
    value && typeof value.pipe === "function" && value._readableState && typeof value.on === "function" &&
    typeof value.write === "function"
  );
}

export function isNodeStream(value) {
  return !!value && !!(
    value._readableState || value._writableState ||
    (typeof value.on === "function" && (typeof value.write === "function" || typeof value.pipe === "function"))
  );
}

export function isReadableStream(value) {
  return !!(
    value && !isNodeStream(value) && typeof value.pipeThrough === "function" && typeof value.getReader === "function" &&
    typeof value.cancel === "function"
  );
}

export function isWritableStream(value) {
  return !!(value && !isNodeStream(value) && typeof value.getWriter === "function" && typeof value.abort === "function");
}

export function isTransformStream(value) {
  return !!(value && !isNodeStream(value) && typeof value.readable === "object" && typeof value.writable === "object");
}

export function isWebStream(value) {
  return isReadableStream(value) || isWritableStream(value) || isTransformStream(value);
}

/** `isAsync`: whether it must be an asynchronous one; undefined: any. */
export function isIterable(value, isAsync = undefined) {
  if (value === undefined || value === null) return false;
  if (isAsync === true) return typeof value[SymbolAsyncIterator] === "function";
  return typeof value[SymbolAsyncIterator] === "function" || typeof value[SymbolIterator] === "function";
}

export function isDestroyed(stream) {
  if (!isNodeStream(stream)) return null;
  const state = stream._writableState || stream._readableState;
  return !!(stream.destroyed || stream[kIsDestroyed] || state?.destroyed);
}

export function isWritableEnded(stream) {
  if (!isWritableNodeStream(stream)) return null;
  if (stream.writableEnded === true) return true;
  const state = stream._writableState;
  if (state?.errored) return false;
  return typeof state?.ended === "boolean" ? state.ended : null;
}

/** `isStrict` false: also where nothing is left to be done but to say so. */
export function isWritableFinished(stream, isStrict = true) {
  if (!isWritableNodeStream(stream)) return null;
  if (stream.writableFinished === true) return true;
  const state = stream._writableState;
  if (state?.errored) return false;
  if (typeof state?.finished !== "boolean") return null;
  return state.finished || (!isStrict && state.ended === true && state.length === 0);
}

export function isReadableFinished(stream, isStrict = true) {
  if (!isReadableNodeStream(stream)) return null;
  const state = stream._readableState;
  if (state?.errored) return false;
  if (typeof state?.endEmitted !== "boolean") return null;
  return state.endEmitted || (!isStrict && state.ended === true && state.length === 0);
}

export function isReadable(stream) {
  if (stream && stream[kIsReadable] !== undefined && stream[kIsReadable] !== null) return stream[kIsReadable];
  const slots = readableStreamSlots(stream);
  if (slots !== undefined) return slots.state === "readable";
  if (typeof stream?.readable !== "boolean") return null;
  if (isDestroyed(stream)) return false;
  return isReadableNodeStream(stream) && stream.readable && !isReadableFinished(stream);
}

export function isWritable(stream) {
  if (stream && stream[kIsWritable] !== undefined && stream[kIsWritable] !== null) return stream[kIsWritable];
  const slots = writableStreamSlots(stream);
  if (slots !== undefined) return slots.state === "writable";
  if (typeof stream?.writable !== "boolean") return null;
  if (isDestroyed(stream)) return false;
  return isWritableNodeStream(stream) && stream.writable && !isWritableEnded(stream);
}

export function isFinished(stream, options = undefined) {
  if (!isNodeStream(stream)) return null;
  if (isDestroyed(stream)) return true;
  if (options?.readable !== false && isReadable(stream)) return false;
  return !(options?.writable !== false && isWritable(stream));
}

export function writableError(stream) {
  if (!isNodeStream(stream)) return null;
  return stream.writableErrored || (stream._writableState?.errored ?? null);
}

export function readableError(stream) {
  if (!isNodeStream(stream)) return null;
  return stream.readableErrored || (stream._readableState?.errored ?? null);
}

export function isClosed(stream) {
  if (!isNodeStream(stream)) return null;
  if (typeof stream.closed === "boolean") return stream.closed;
  const writable = stream._writableState;
  const readable = stream._readableState;
  if (typeof writable?.closed === "boolean" || typeof readable?.closed === "boolean") return writable?.closed || readable?.closed;
  return typeof stream._closed === "boolean" && isOutgoingMessage(stream) ? stream._closed : null;
}

/** What `node:http` and packages that act like it have. */
function isOutgoingMessage(stream) {
  return typeof stream._closed === "boolean" && typeof stream._defaultKeepAlive === "boolean" &&
    typeof stream._removedConnection === "boolean" && typeof stream._removedContLen === "boolean";
}

export function isServerRequest(stream) {
  return typeof stream._consuming === "boolean" && typeof stream._dumped === "boolean" && stream.req?.upgradeOrConnect === undefined;
}

/** A client's request, as `node:http` and packages have them: it is aborted, not destroyed. */
export function isRequest(stream) {
  return !!(stream?.setHeader && typeof stream.abort === "function");
}

export function willEmitClose(stream) {
  if (!isNodeStream(stream)) return null;
  const state = stream._writableState || stream._readableState;
  if (!state) return typeof stream._sent100 === "boolean" && isOutgoingMessage(stream);
  return !!(state.autoDestroy && state.emitClose && state.closed === false);
}

export function isDisturbed(stream) {
  const slots = readableStreamSlots(stream);
  if (slots !== undefined) return slots.disturbed;
  return !!(stream && (stream[kIsDisturbed] ?? (stream.readableDidRead || stream.readableAborted)));
}

export function isErrored(stream) {
  const slots = readableStreamSlots(stream) ?? writableStreamSlots(stream);
  if (slots !== undefined) return slots.state === "errored";
  return !!(stream && (
    stream[kIsErrored] ?? stream.readableErrored ?? stream.writableErrored ?? stream._readableState?.errorEmitted ??
      stream._writableState?.errorEmitted ?? stream._readableState?.errored ?? stream._writableState?.errored
  ));
}
