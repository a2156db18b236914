// stream.compose() (nodejs.org/api/stream.html#streamcomposestreams): several streams as one, whose writable side is that of the first
// and whose readable side is that of the last.

import { primordials } from "../../primordials.js";
import { abortError, invalidArgValue } from "../internal/errors.js";
import { destroyer } from "./destroy.js";
import { Duplex } from "./duplex.js";
import { duplexFrom } from "./duplexify.js";
import { missingArgument } from "./errors.js";
import { eos } from "./finished.js";
import { isNodeStream, isReadable, isReadableStream, isTransformStream, isWebStream, isWritable, isWritableStream } from "./kinds.js";
import { runPipeline } from "./pipeline.js";

const { ArrayPrototypeSlice, PromisePrototypeThen } = primordials;

function nothing() {}

function canRead(stream) {
  return !!(isReadable(stream) || isReadableStream(stream) || isTransformStream(stream));
}

function canWrite(stream) {
  return !!(isWritable(stream) || isWritableStream(stream) || isTransformStream(stream));
}

export function compose(...given) {
  if (given.length === 0) throw missingArgument("streams");
  if (given.length === 1) return duplexFrom(given[0]);
  const streams = ArrayPrototypeSlice(given);
  const last = streams.length - 1;
  if (typeof streams[0] === "function") streams[0] = duplexFrom(streams[0]);
  if (typeof streams[last] === "function") streams[last] = duplexFrom(streams[last]);
  for (let at = 0; at <= last; at++) {
    if (!isNodeStream(streams[at]) && !isWebStream(streams[at])) continue;
    if (at < last && !canRead(streams[at])) throw invalidArgValue(`streams[${at}]`, given[at], "must be readable");
    if (at > 0 && !canWrite(streams[at])) throw invalidArgValue(`streams[${at}]`, given[at], "must be writable");
  }
  return new Composed(streams).duplex;
}

class Composed {
  constructor(streams) {
    this.onClose = undefined;
    this.waiting = { onDrain: null, onFinish: null, onReadable: null };
    const head = streams[0];
    const tail = runPipeline(streams, (error) => this.finished(error));
    this.canWrite = canWrite(head);
    this.canRead = canRead(tail);
    this.duplex = new Duplex({
      writableObjectMode: !!head?.writableObjectMode,
      readableObjectMode: !!tail?.readableObjectMode,
      writable: this.canWrite,
      readable: this.canRead,
    });
    if (this.canWrite) this.joinHead(head, tail);
    if (this.canRead) this.joinTail(tail);
    this.duplex._destroy = (given, callback) => {
      const error = !given && this.onClose !== null ? abortError() : given;
      this.waiting.onDrain = this.waiting.onFinish = this.waiting.onReadable = null;
      if (this.onClose === null) return void callback(error);
      this.onClose = callback;
      if (isNodeStream(tail)) destroyer(tail, error);
    };
  }

  finished(error) {
    const callback = this.onClose;
    this.onClose = null;
    if (callback) callback(error);
    else if (error) this.duplex.destroy(error);
    else if (!this.canRead && !this.canWrite) this.duplex.destroy();
  }

  wake(name) {
    const callback = this.waiting[name];
    this.waiting[name] = null;
    if (callback) callback();
  }

  joinHead(head, tail) {
    const { duplex, waiting } = this;
    if (isNodeStream(head)) {
      duplex._write = (chunk, encoding, callback) => {
        if (head.write(chunk, encoding)) callback();
        else waiting.onDrain = callback;
      };
      duplex._final = (callback) => {
        head.end();
        waiting.onFinish = callback;
      };
      head.on("drain", () => this.wake("onDrain"));
    } else {
      const writer = (isTransformStream(head) ? head.writable : head).getWriter();
      duplex._write = async (chunk, encoding, callback) => {
        try {
          await writer.ready;
          PromisePrototypeThen(writer.write(chunk), undefined, nothing);
          callback();
        } catch (error) {
          callback(error);
        }
      };
      duplex._final = async (callback) => {
        try {
          await writer.ready;
          PromisePrototypeThen(writer.close(), undefined, nothing);
          waiting.onFinish = callback;
        } catch (error) {
          callback(error);
        }
      };
    }
    eos(isTransformStream(tail) ? tail.readable : tail, () => this.wake("onFinish"));
  }

  joinTail(tail) {
    const { duplex, waiting } = this;
    if (isNodeStream(tail)) {
      tail.on("readable", () => this.wake("onReadable"));
      tail.on("end", () => duplex.push(null));
      duplex._read = () => {
        for (;;) {
          const chunk = tail.read();
          if (chunk === null) {
            waiting.onReadable = duplex._read;
            return;
          }
          if (!duplex.push(chunk)) return;
        }
      };
      return;
    }
    const reader = (isTransformStream(tail) ? tail.readable : tail).getReader();
    duplex._read = async () => {
      for (;;) {
        try {
          const { value, done } = await reader.read();
          if (done) return void duplex.push(null);
          if (!duplex.push(value)) return;
        } catch {
          // pipeline() has the error too.
          return;
        }
      }
    };
  }
}
