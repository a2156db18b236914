// Streams of the web around those of Node.js (nodejs.org/api/stream.html#streamreadabletowebstreamreadable-options).

import { primordials } from "../../primordials.js";
import { ByteLengthQueuingStrategy } from "../../streams/byte_length_queuing_strategy.js";
import { CountQueuingStrategy } from "../../streams/count_queuing_strategy.js";
import { ReadableStream } from "../../streams/readable_stream.js";
import { WritableStream } from "../../streams/writable_stream.js";
import { moduleExports as buffer } from "../buffer.js";
import { abortError, invalidArgType } from "../internal/errors.js";
import { destroyer } from "./destroy.js";
import { eos } from "./finished.js";
import { isDestroyed, isReadable, isWritable, isWritableEnded } from "./kinds.js";

const { PromisePrototypeThen, PromiseResolve, PromiseWithResolvers, Uint8Array } = primordials;

const { Buffer } = buffer;

/** A stream that was destroyed before its end is an abort. */
function webError(error) {
  return error?.code === "ERR_STREAM_PREMATURE_CLOSE" ? abortError(undefined, { cause: error }) : error;
}

function nothing() {}

function closedReadable() {
  const stream = new ReadableStream();
  stream.cancel();
  return stream;
}

function closedWritable() {
  const stream = new WritableStream();
  stream.close();
  return stream;
}

export function readableToWeb(readable, options = {}) {
  if (typeof readable?._readableState !== "object") throw invalidArgType("streamReadable", "stream.Readable", readable);
  if (isDestroyed(readable) || !isReadable(readable)) return closedReadable();
  const isObjects = readable.readableObjectMode;
  const highWaterMark = readable.readableHighWaterMark;
  const strategy = options?.strategy ||
    (isObjects ? new CountQueuingStrategy({ highWaterMark }) : new ByteLengthQueuingStrategy({ highWaterMark }));
  let controller;
  let isCancelled = false;
  readable.pause();
  const stop = eos(readable, (given) => {
    const error = webError(given);
    stop();
    // An error that comes late is nobody's.
    readable.on("error", nothing);
    if (error) controller.error(error);
    else if (!isCancelled) controller.close();
  });
  readable.on("data", (chunk) => {
    controller.enqueue(Buffer.isBuffer(chunk) && !isObjects ? new Uint8Array(chunk) : chunk);
    if (controller.desiredSize <= 0) readable.pause();
  });
  return new ReadableStream({
    start(given) {
      controller = given;
    },
    pull() {
      readable.resume();
    },
    cancel(reason) {
      isCancelled = true;
      destroyer(readable, reason);
    },
  }, strategy);
}

export function writableToWeb(writable) {
  if (typeof writable?.write !== "function" || typeof writable.on !== "function") {
    throw invalidArgType("streamWritable", "stream.Writable", writable);
  }
  if (isDestroyed(writable) || !isWritable(writable)) return closedWritable();
  const highWaterMark = writable.writableHighWaterMark;
  const strategy = writable.writableObjectMode ? new CountQueuingStrategy({ highWaterMark }) : { highWaterMark };
  let controller;
  let drained;
  let closed;
  const stop = eos(writable, (given) => {
    const error = webError(given);
    stop();
    writable.on("error", nothing);
    const waiting = closed;
    closed = undefined;
    if (error !== undefined && error !== null) {
      drained?.reject(error);
      waiting?.reject(error);
      controller.error(error);
    } else if (waiting !== undefined) {
      waiting.resolve();
    } else {
      controller.error(abortError());
    }
  });
  writable.on("drain", () => drained?.resolve());
  return new WritableStream({
    start(given) {
      controller = given;
    },
    write(chunk) {
      if (!writable.writableNeedDrain && writable.write(chunk)) return undefined;
      drained = PromiseWithResolvers();
      const forget = () => {
        drained = undefined;
      };
      return PromisePrototypeThen(drained.promise, forget, (error) => {
        forget();
        throw error;
      });
    },
    abort(reason) {
      destroyer(writable, reason);
    },
    close() {
      if (closed !== undefined || isWritableEnded(writable)) return PromiseResolve();
      closed = PromiseWithResolvers();
      writable.end();
      return closed.promise;
    },
  }, strategy);
}

export function duplexToWeb(duplex) {
  if (typeof duplex?._writableState !== "object" || typeof duplex._readableState !== "object") {
    throw invalidArgType("duplex", "stream.Duplex", duplex);
  }
  if (isDestroyed(duplex)) return { readable: closedReadable(), writable: closedWritable() };
  const writable = isWritable(duplex) ? writableToWeb(duplex) : closedWritable();
  const readable = isReadable(duplex) ? readableToWeb(duplex) : closedReadable();
  return { writable, readable };
}
