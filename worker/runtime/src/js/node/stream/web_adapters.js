// Streams of Node.js around those of the web (nodejs.org/api/stream.html#streamreadablefromwebreadablestream-options).

import { primordials } from "../../primordials.js";
import { moduleExports as buffer } from "../buffer.js";
import { invalidArgType, invalidArgValue } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { validateBoolean, validateObject } from "../internal/validators.js";
import { destroyer } from "./destroy.js";
import { Duplex } from "./duplex.js";
import { prematureClose } from "./errors.js";
import { isReadableStream, isWritableEnded, isWritableStream } from "./kinds.js";
import { Readable } from "./readable.js";
import { Writable } from "./writable.js";

const {
  ArrayPrototypePush, Promise, PromisePrototypeThen, PromiseResolve, TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength, Uint8Array,
} = primordials;

const { Buffer } = buffer;

/** Throws in a tick of its own: nobody is there to catch it. */
function throwLater(error) {
  nextTick(() => {
    throw error;
  });
}

function checkEncoding(encoding) {
  if (encoding !== undefined && !Buffer.isEncoding(encoding)) throw invalidArgValue("options.encoding", encoding);
}

/** Resolves when all promises have, and rejects with the first that does not. */
function all(promises) {
  return new Promise((resolve, reject) => {
    let left = promises.length;
    if (left === 0) resolve(undefined);
    for (let at = 0; at < promises.length; at++) {
      PromisePrototypeThen(PromiseResolve(promises[at]), () => {
        if (--left === 0) resolve(undefined);
      }, reject);
    }
  });
}

/** The writable side: options of a stream that writes into a writer. `side.isClosed`: whether it is over. */
function writeOptions(writer, side, self) {
  const settle = (callback, isLater) => (error) => {
    try {
      callback(error);
    } catch (failure) {
      if (isLater) nextTick(() => destroyer(self(), failure));
      else destroyer(self(), failure);
    }
  };
  const whenReady = (write, done) => PromisePrototypeThen(writer.ready, () => PromisePrototypeThen(write(), done, done), done);
  return {
    writev(chunks, callback) {
      const done = settle(callback, true);
      const write = () => {
        const promises = [];
        for (let at = 0; at < chunks.length; at++) ArrayPrototypePush(promises, writer.write(chunks[at].chunk));
        return all(promises);
      };
      whenReady(write, (error) => done(error));
    },
    write(chunk, encoding, callback) {
      whenReady(() => writer.write(side.decodes && typeof chunk === "string" ? bytesOf(chunk, encoding) : chunk), settle(callback, false));
    },
    final(callback) {
      const done = settle(callback, true);
      if (!side.isClosed) PromisePrototypeThen(writer.close(), () => done(), done);
    },
  };
}

/** Text as plain bytes, as streams of the web expect them. */
function bytesOf(text, encoding) {
  const bytes = Buffer.from(text, encoding);
  return new Uint8Array(
    /** @type {any} */ (TypedArrayPrototypeGetBuffer(bytes)), TypedArrayPrototypeGetByteOffset(bytes), TypedArrayPrototypeGetLength(bytes),
  );
}

function readFrom(reader, self) {
  PromisePrototypeThen(reader.read(), ({ done, value }) => {
    const stream = self();
    stream.push(done ? null : value);
  }, (error) => destroyer(self(), error));
}

/** Calls back, once, when what is closed or given up has been. */
function closeThen(promise, error, callback) {
  const done = () => {
    try {
      callback(error);
    } catch (failure) {
      throwLater(failure);
    }
  };
  if (promise === undefined) done();
  else PromisePrototypeThen(promise, done, done);
}

export function readableFromWeb(stream, options = {}) {
  if (!isReadableStream(stream)) throw invalidArgType("readableStream", "ReadableStream", stream);
  validateObject(options, "options");
  const { highWaterMark, encoding, objectMode = false, signal } = options;
  checkEncoding(encoding);
  validateBoolean(objectMode, "options.objectMode");
  const reader = stream.getReader();
  let isClosed = false;
  let readable;
  const self = () => readable;
  readable = new Readable({
    objectMode,
    highWaterMark,
    encoding,
    signal,
    read: () => readFrom(reader, self),
    destroy: (error, callback) => closeThen(isClosed ? undefined : reader.cancel(error), error, callback),
  });
  PromisePrototypeThen(reader.closed, () => {
    isClosed = true;
  }, (error) => {
    isClosed = true;
    destroyer(readable, error);
  });
  return readable;
}

export function writableFromWeb(stream, options = {}) {
  if (!isWritableStream(stream)) throw invalidArgType("writableStream", "WritableStream", stream);
  validateObject(options, "options");
  const { highWaterMark, decodeStrings = true, objectMode = false, signal } = options;
  validateBoolean(objectMode, "options.objectMode");
  validateBoolean(decodeStrings, "options.decodeStrings");
  const writer = stream.getWriter();
  const side = { isClosed: false, decodes: decodeStrings && !objectMode };
  const writable = new Writable({
    highWaterMark,
    objectMode,
    decodeStrings,
    signal,
    ...writeOptions(writer, side, () => writable),
    destroy(error, callback) {
      let promise;
      if (!side.isClosed) promise = error === undefined || error === null ? writer.close() : writer.abort(error);
      closeThen(promise, error, callback);
    },
  });
  watchWriter(writer, side, () => writable, () => {
    side.isClosed = true;
  });
  return writable;
}

function watchWriter(writer, side, self, onError) {
  PromisePrototypeThen(writer.closed, () => {
    side.isClosed = true;
    if (!isWritableEnded(self())) destroyer(self(), prematureClose());
  }, (error) => {
    onError();
    destroyer(self(), error);
  });
}

export function duplexFromWeb(pair = {}, options = {}) {
  validateObject(pair, "pair");
  const { readable, writable } = pair;
  if (!isReadableStream(readable)) throw invalidArgType("pair.readable", "ReadableStream", readable);
  if (!isWritableStream(writable)) throw invalidArgType("pair.writable", "WritableStream", writable);
  validateObject(options, "options");
  const { allowHalfOpen = false, objectMode = false, encoding, decodeStrings = true, highWaterMark, signal } = options;
  validateBoolean(objectMode, "options.objectMode");
  checkEncoding(encoding);
  const writer = writable.getWriter();
  const reader = readable.getReader();
  const side = { isClosed: false, decodes: decodeStrings && !objectMode };
  let isReadClosed = false;
  let duplex;
  const self = () => duplex;
  const closeAll = () => {
    side.isClosed = isReadClosed = true;
  };
  duplex = new Duplex({
    allowHalfOpen,
    highWaterMark,
    objectMode,
    encoding,
    decodeStrings,
    signal,
    ...writeOptions(writer, side, self),
    read: () => readFrom(reader, self),
    destroy(error, callback) {
      const promises = [];
      if (!side.isClosed) ArrayPrototypePush(promises, writer.abort(error));
      if (!isReadClosed) ArrayPrototypePush(promises, reader.cancel(error));
      closeThen(promises.length > 0 ? all(promises) : undefined, error, callback);
    },
  });
  watchWriter(writer, side, self, closeAll);
  PromisePrototypeThen(reader.closed, () => {
    isReadClosed = true;
  }, (error) => {
    closeAll();
    destroyer(duplex, error);
  });
  return duplex;
}
