// What a Readable knows of itself: `_readableState`, which packages look into.

import { primordials } from "../../primordials.js";
import { moduleExports as buffer } from "../buffer.js";
import { unknownEncoding } from "../internal/errors.js";
import { moduleExports as stringDecoder } from "../string_decoder.js";
import { highWaterMarkOf } from "./defaults.js";

const { ObjectDefineProperties, Symbol } = primordials;

const { Buffer } = buffer;
const { StringDecoder } = stringDecoder;

export const kPaused = Symbol("kPaused");

export class ReadableState {
  constructor(options, stream, isDuplex) {
    this.objectMode = !!(options?.objectMode || (isDuplex && options?.readableObjectMode));
    this.highWaterMark = highWaterMarkOf(this.objectMode, options, "readableHighWaterMark", isDuplex);
    this.buffer = [];
    this.bufferIndex = 0;
    this.length = 0;
    this.pipes = [];
    /** Whether chunks are given to 'data'; null: nobody has said so yet, nor that they are not. */
    this.flowing = null;
    this[kPaused] = null;
    this.ended = false;
    this.endEmitted = false;
    /** Whether `_read()` was called that nothing came of yet. */
    this.reading = false;
    this.constructed = true;
    /** Whether `_read()` runs now: what it pushes is given out in a tick of its own. */
    this.sync = true;
    this.needReadable = false;
    this.emittedReadable = false;
    this.readableListening = false;
    this.dataListening = false;
    this.resumeScheduled = false;
    this.errorEmitted = false;
    this.emitClose = options?.emitClose !== false;
    this.autoDestroy = options?.autoDestroy !== false;
    this.destroyed = false;
    this.errored = null;
    this.closed = false;
    this.closeEmitted = false;
    this.defaultEncoding = checkedEncoding(options?.defaultEncoding);
    /** Who it is piped to and waits for: one, or a Set of them. */
    this.awaitDrainWriters = null;
    this.multiAwaitDrain = false;
    this.readingMore = false;
    this.dataEmitted = false;
    this.decoder = null;
    this.encoding = null;
    if (options?.encoding) {
      this.decoder = new StringDecoder(options.encoding);
      this.encoding = options.encoding;
    }
  }
}

ObjectDefineProperties(ReadableState.prototype, {
  pipesCount: {
    __proto__: null,
    /** @this {any} */
    get() {
      return this.pipes.length;
    },
  },
  paused: {
    __proto__: null,
    /** @this {any} */
    get() {
      return this[kPaused] !== false;
    },
    /** @this {any} */
    set(value) {
      this[kPaused] = !!value;
    },
  },
});

/** The option `defaultEncoding` of either side. */
export function checkedEncoding(name) {
  if (name === undefined || name === null) return "utf8";
  if (!Buffer.isEncoding(name)) throw unknownEncoding(name);
  return name === "utf-8" ? "utf8" : name;
}
