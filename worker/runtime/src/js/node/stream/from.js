// stream.Readable.from() (nodejs.org/api/stream.html#streamreadablefromiterable-options).

import { primordials } from "../../primordials.js";
import { moduleExports as buffer } from "../buffer.js";
import { invalidArgType } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { nullValues } from "./errors.js";

const { PromisePrototypeThen, ReflectApply, SymbolAsyncIterator, SymbolIterator } = primordials;

const { Buffer } = buffer;

/** A stream, made by `constructor`, of what an iterable gives, which is not asked before it is read. */
export function from(constructor, iterable, options = undefined) {
  if (typeof iterable === "string" || iterable instanceof Buffer) {
    return new constructor({
      objectMode: true,
      ...options,
      read() {
        this.push(iterable);
        this.push(null);
      },
    });
  }
  const method = iterable?.[SymbolAsyncIterator] || iterable?.[SymbolIterator];
  if (!method) throw invalidArgType("iterable", ["Iterable"], iterable);
  const isAsync = !!iterable[SymbolAsyncIterator];
  const iterator = ReflectApply(method, iterable, []);
  const stream = new constructor({ objectMode: true, highWaterMark: 1, ...options });
  const source = new Source(stream, iterator, isAsync);
  stream._read = () => source.read();
  stream._destroy = (error, callback) => {
    PromisePrototypeThen(source.close(error), () => nextTick(callback, error), (failure) => nextTick(callback, failure || error));
  };
  return stream;
}

class Source {
  constructor(stream, iterator, isAsync) {
    this.stream = stream;
    this.iterator = iterator;
    this.isAsync = isAsync;
    this.hasPromises = false;
    this.isReading = false;
  }

  read() {
    if (this.isReading) return;
    this.isReading = true;
    if (this.isAsync) this.nextAsync();
    else if (this.hasPromises) this.nextPromises();
    else this.nextValues();
  }

  /** Whether the stream wants more. */
  push(value) {
    if (value === null) {
      this.isReading = false;
      throw nullValues();
    }
    const { stream } = this;
    const wantsMore = stream.push(value);
    if (!wantsMore) this.isReading = false;
    return wantsMore;
  }

  async nextAsync() {
    const { iterator, stream } = this;
    try {
      for (;;) {
        const { value, done } = await iterator.next();
        if (done) return void stream.push(null);
        if (!this.push(value)) return;
      }
    } catch (error) {
      stream.destroy(error);
    }
  }

  /** Values that are no promises are pushed at once. */
  nextValues() {
    const { iterator, stream } = this;
    try {
      for (;;) {
        const { value, done } = iterator.next();
        if (done) return void stream.push(null);
        if (typeof value?.then === "function") return void this.firstPromise(value);
        if (!this.push(value)) return;
      }
    } catch (error) {
      this.stream.destroy(error);
    }
  }

  async firstPromise(promise) {
    this.hasPromises = true;
    try {
      if (this.push(await promise)) this.nextPromises();
    } catch (error) {
      this.stream.destroy(error);
    }
  }

  async nextPromises() {
    const { iterator, stream } = this;
    try {
      for (;;) {
        const { value, done } = iterator.next();
        if (done) return void stream.push(null);
        const settled = typeof value?.then === "function" ? await value : value;
        if (!this.push(settled)) return;
      }
    } catch (error) {
      this.stream.destroy(error);
    }
  }

  async close(error) {
    const { iterator } = this;
    if (error !== undefined && error !== null && typeof iterator.throw === "function") {
      const { value, done } = await iterator.throw(error);
      await value;
      if (done) return;
    }
    if (typeof iterator.return === "function") {
      const { value } = await iterator.return();
      await value;
    }
  }
}
