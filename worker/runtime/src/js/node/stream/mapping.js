// Readable.prototype.map(): a function runs for some chunks at a time, ahead of who takes what comes of them, in their order.

import { isAborted } from "../../dom/abort.js";
import { primordials } from "../../primordials.js";
import { abortError } from "../internal/errors.js";
import { Cursor } from "./cursor.js";

const { ArrayPrototypePush, ArrayPrototypeSlice, Promise, PromisePrototypeThen, PromiseReject, PromiseResolve, Symbol } = primordials;

const kEnd = Symbol("kEnd");

export class Mapping {
  /** `most`: so many results wait at most. */
  constructor(stream, fn, none, concurrency, most, signal) {
    this.stream = stream;
    this.fn = fn;
    this.none = none;
    this.concurrency = concurrency;
    this.most = most;
    this.signal = signal;
    /** Promises of results, from `start` on. */
    this.queue = [];
    this.begin = 0;
    this.running = 0;
    this.isDone = false;
    this.wakeTaker = undefined;
    this.wakePump = undefined;
    this.onSettled = () => {
      this.running--;
      this.resume();
    };
    this.onFailed = () => {
      this.isDone = true;
      this.onSettled();
    };
  }

  get length() {
    return this.queue.length - this.begin;
  }

  get first() {
    return this.queue[this.begin];
  }

  isEnd(value) {
    return value === kEnd;
  }

  takeFirst() {
    this.queue[this.begin++] = undefined;
    if (this.begin > 32 && this.begin > this.queue.length / 2) {
      this.queue = ArrayPrototypeSlice(this.queue, this.begin);
      this.begin = 0;
    }
    this.resume();
  }

  /** Resolves when there is another result. */
  more() {
    return new Promise((resolve) => {
      this.wakeTaker = resolve;
    });
  }

  start() {
    this.pump();
  }

  stop() {
    this.isDone = true;
    this.wake("wakePump");
  }

  wake(name) {
    const callback = this[name];
    this[name] = undefined;
    callback?.();
  }

  resume() {
    if (this.wakePump && !this.isDone && this.running < this.concurrency && this.length < this.most) this.wake("wakePump");
  }

  async pump() {
    try {
      await this.callAll();
    } catch (error) {
      const failed = PromiseReject(error);
      PromisePrototypeThen(failed, this.onSettled, this.onFailed);
      ArrayPrototypePush(this.queue, failed);
    } finally {
      this.isDone = true;
      this.wake("wakeTaker");
    }
  }

  async callAll() {
    const { signal } = this;
    const options = { signal };
    const cursor = new Cursor(this.stream);
    try {
      for (;;) {
        const step = await cursor.step();
        if (cursor.isDone(step)) break;
        if (this.isDone) return;
        if (isAborted(signal)) throw abortError();
        const result = this.call(step.value, options);
        if (result === this.none) continue;
        this.running++;
        PromisePrototypeThen(result, this.onSettled, this.onFailed);
        ArrayPrototypePush(this.queue, result);
        this.wake("wakeTaker");
        if (!this.isDone && (this.length >= this.most || this.running >= this.concurrency)) {
          await new Promise((resolve) => {
            this.wakePump = resolve;
          });
        }
      }
    } finally {
      if (cursor.isInside) await cursor.close();
    }
    ArrayPrototypePush(this.queue, kEnd);
  }

  call(value, options) {
    try {
      const result = this.fn(value, options);
      return result === this.none ? result : PromiseResolve(result);
    } catch (error) {
      return PromiseReject(error);
    }
  }
}
