// Prints the order of events of streams in many cases, for Node.js and nano-worker, whose output is to be the same: that of Node.js
// is in stream_events.txt (stream_order.py). Each case is made of what its number says, so that one can be looked at alone.

import { Duplex, finished, PassThrough, pipeline, Readable, Transform, Writable } from "node:stream";

// `stream_events.mjs [CASES [CASE]]`: how many, of which digests are printed; or one alone, whose events are.
const args = (globalThis.CLI?.args ?? process.argv.slice(2)).map(Number);
const count = args[0] ?? 600;
const only = args[1];

/** Numbers from 0 below `n` that look random. */
function createDice(seed) {
  let state = (seed * 2654435761) >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % n;
  };
}

const show = (value) => {
  if (value instanceof Error) return `${value.name}:${value.code ?? ""}:${value.message}`;
  if (value instanceof Uint8Array) return `<${Buffer.from(value).toString()}>`;
  if (Array.isArray(value)) return `[${value.map(show)}]`;
  if (typeof value === "object" && value !== null && typeof value.on === "function") return "stream";
  return String(value);
};

async function* twice(value) {
  yield value;
  yield value;
}

/** A few digits that stand for a text. */
function digest(text) {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  return (hash >>> 0).toString(16).padStart(8, "0");
}

class Case {
  constructor(number) {
    this.number = number;
    this.dice = createDice(number);
    this.lines = [];
  }

  log(...parts) {
    if (this.lines.length < 400) this.lines.push(parts.map(show).join(" "));
  }

  /** One of several. */
  pick(...values) {
    return values[this.dice(values.length)];
  }

  /** Calls back at once, in a tick, behind a promise or in a turn of its own. */
  later(kind, callback) {
    if (kind === "sync") callback();
    else if (kind === "tick") process.nextTick(callback);
    else if (kind === "micro") queueMicrotask(callback);
    else if (kind === "promise") Promise.resolve().then(() => Promise.resolve()).then(callback);
    else setImmediate(callback);
  }

  delay() {
    return this.pick("sync", "sync", "tick", "micro", "promise", "turn");
  }

  watch(name, stream) {
    for (const event of ["end", "close", "error", "pause", "resume", "drain", "finish", "prefinish", "pipe", "unpipe"]) {
      stream.on(event, (value) => this.log(name, event, value === undefined ? "" : value));
    }
    return stream;
  }

  source(name) {
    const total = this.dice(9);
    const objectMode = this.dice(2) === 0;
    const delay = this.delay();
    const each = 1 + this.dice(3);
    const fails = this.dice(8) === 0 ? this.dice(total + 1) : -1;
    const encoding = !objectMode && this.dice(4) === 0 ? "utf8" : undefined;
    const options = { objectMode, encoding, highWaterMark: this.dice(6), autoDestroy: this.dice(6) !== 0, emitClose: this.dice(8) !== 0 };
    if (this.dice(6) === 0) options.construct = (callback) => this.later("turn", () => callback());
    let sent = 0;
    const lines = this;
    const stream = new Readable({
      ...options,
      read(size) {
        lines.log(name, "_read", size);
        lines.later(delay, () => {
          for (let done = 0; done < each; done++) {
            if (sent === fails) {
              sent++;
              return void this.destroy(new Error("source"));
            }
            if (sent >= total) return void this.push(null);
            const more = this.push(objectMode ? sent : `c${sent}`);
            sent++;
            if (!more) return;
          }
        });
      },
    });
    return this.watch(name, stream);
  }

  sink(name, objectMode) {
    const delay = this.delay();
    const fails = this.dice(8) === 0 ? this.dice(5) : -1;
    let seen = 0;
    const done = (callback) => this.later(delay, () => callback(seen++ === fails ? new Error("sink") : undefined));
    const options = {
      objectMode,
      highWaterMark: this.dice(6),
      autoDestroy: this.dice(6) !== 0,
      emitClose: this.dice(8) !== 0,
      decodeStrings: this.dice(4) !== 0,
      write: (chunk, encoding, callback) => {
        this.log(name, "_write", chunk, encoding);
        done(callback);
      },
    };
    if (this.dice(3) === 0) {
      options.writev = (chunks, callback) => {
        this.log(name, "_writev", chunks.map((each) => each.chunk));
        done(callback);
      };
    }
    if (this.dice(3) === 0) options.final = (callback) => this.later(this.delay(), () => callback(this.dice(6) === 0 ? new Error("final") : null));
    if (this.dice(6) === 0) options.construct = (callback) => this.later("turn", () => callback());
    return this.watch(name, new Writable(options));
  }

  transform(name) {
    const delay = this.delay();
    const times = this.dice(3);
    const lines = this;
    return this.watch(name, new Transform({
      objectMode: true,
      highWaterMark: this.dice(4),
      transform(chunk, encoding, callback) {
        lines.log(name, "_transform", chunk);
        lines.later(delay, () => {
          for (let done = 0; done < times; done++) this.push(chunk);
          callback(null, lines.dice(2) === 0 ? chunk : undefined);
        });
      },
      flush(callback) {
        lines.later(delay, () => callback(null, "flush"));
      },
    }));
  }

  /** Reads a stream in one of the ways that there are. */
  consume(name, stream) {
    const way = this.dice(5);
    const stopAt = this.dice(3) === 0 ? this.dice(4) : -1;
    let seen = 0;
    const stop = () => {
      if (seen++ !== stopAt) return;
      const what = this.dice(4);
      this.log(name, "stop", what);
      if (what === 0) stream.destroy();
      else if (what === 1) stream.destroy(new Error("stop"));
      else if (what === 2) stream.pause(), this.later("turn", () => stream.resume());
      else if (!stream.readableEnded) stream.unshift(stream.readableObjectMode ? "front" : "fff");
    };
    if (way === 0) {
      stream.on("data", (chunk) => {
        this.log(name, "data", chunk);
        stop();
      });
    } else if (way === 1) {
      const size = this.pick(undefined, undefined, 1, 2, 3);
      stream.on("readable", () => {
        this.log(name, "readable", stream.readableLength);
        for (let chunk; (chunk = stream.read(size)) !== null && seen < 30;) {
          this.log(name, "read", chunk);
          stop();
        }
      });
    } else if (way === 2) {
      const leaveAt = this.dice(3) === 0 ? this.dice(4) : -1;
      (async () => {
        let taken = 0;
        for await (const chunk of stream) {
          this.log(name, "next", chunk);
          if (taken++ === leaveAt) break;
        }
      })().then(() => this.log(name, "iterated"), (error) => this.log(name, "failed", error));
    } else if (way === 3) {
      stream.resume();
      stream.on("data", () => stop());
    } else {
      const sink = this.sink(`${name}>`, true);
      stream.pipe(sink, { end: this.dice(4) !== 0 });
      if (this.dice(3) === 0) stream.pipe(this.sink(`${name}>>`, true));
      if (this.dice(4) === 0) this.later("turn", () => stream.unpipe(sink));
    }
  }

  writes(name, sink, objectMode) {
    const total = this.dice(8);
    for (let at = 0; at < total; at++) {
      const what = this.dice(12);
      const say = (error) => this.log(name, "written", at, error);
      if (what === 0) sink.cork();
      else if (what === 1) sink.uncork();
      else if (what === 2 && this.dice(3) === 0) sink.destroy(this.dice(2) === 0 ? new Error("early") : null);
      else if (what < 8) this.log(name, "write", at, sink.write(objectMode ? at : `w${at}`, say));
      else this.log(name, "write", at, sink.write(objectMode ? at : `w${at}`));
    }
    const ends = this.dice(5);
    if (ends < 3) sink.end(...this.pick([], ["last"], ["last", (error) => this.log(name, "ended", error)], [(error) => this.log(name, "ended", error)]));
    if (ends === 0) sink.end((error) => this.log(name, "ended again", error));
    if (ends === 3) finished(sink, (error) => this.log(name, "finished", error)), sink.destroy();
  }

  run() {
    const kind = this.dice(7);
    const guard = (stream) => {
      if (this.dice(3) === 0) finished(stream, { writable: this.dice(2) === 0 }, (error) => this.log("finished", error));
      return stream;
    };
    if (kind === 0) {
      this.consume("r", guard(this.source("r")));
    } else if (kind === 1) {
      const objectMode = this.dice(2) === 0;
      const sink = guard(this.sink("w", objectMode));
      this.writes("w", sink, objectMode);
      if (this.dice(3) === 0) this.later("turn", () => this.writes("w'", sink, objectMode));
    } else if (kind === 2) {
      const transform = guard(this.transform("t"));
      this.writes("t", transform, true);
      this.consume("t", transform);
    } else if (kind === 3) {
      const parts = [this.source("r")];
      for (let more = this.dice(3); more > 0; more--) parts.push(this.transform(`t${more}`));
      if (this.dice(3) === 0) {
        parts.push(async function* (chunks) {
          for await (const chunk of chunks) yield chunk;
        });
      }
      if (this.dice(4) !== 0) parts.push(this.sink("w", true));
      else parts.push(this.transform("last"));
      const result = pipeline(...parts, (error) => this.log("pipeline", error));
      if (typeof result.read === "function" && this.dice(2) === 0) this.consume("p", result);
      if (this.dice(5) === 0) this.later("turn", () => parts[0].destroy());
    } else if (kind === 4) {
      this.operators();
    } else if (kind === 5) {
      this.from();
    } else {
      const duplex = guard(this.watch("d", this.duplex()));
      this.writes("d", duplex, true);
      this.consume("d", duplex);
    }
  }

  duplex() {
    const delay = this.delay();
    let left = this.dice(4);
    const lines = this;
    return this.pick(
      () => new PassThrough({ objectMode: true, highWaterMark: this.dice(3) }),
      () => new Duplex({
        objectMode: true,
        allowHalfOpen: this.dice(2) === 0,
        highWaterMark: 1 + this.dice(3),
        read() {
          lines.later(delay, () => this.push(left-- > 0 ? left : null));
        },
        write(chunk, encoding, callback) {
          lines.log("d", "_write", chunk);
          lines.later(delay, callback);
        },
      }),
      () => Duplex.from(async function* (chunks) {
        for await (const chunk of chunks) yield `<${chunk}>`;
      }),
      () => Duplex.from({ readable: Readable.from([1, 2, 3]), writable: this.sink("dw", true) }),
      () => Duplex.from(async (chunks) => {
        for await (const chunk of chunks) this.log("d", "got", chunk);
      }),
    )();
  }

  operators() {
    const source = () => Readable.from(Array.from({ length: this.dice(7) }, (_, at) => at));
    const delay = this.delay();
    const slow = (value) => new Promise((resolve) => this.later(delay, () => resolve(value)));
    const options = this.pick(undefined, { concurrency: 2 }, { concurrency: 3, highWaterMark: 2 });
    const chain = this.pick(
      () => source().map((value) => slow(value * 2), options),
      () => source().filter((value) => slow(value % 2 === 0), options),
      () => source().map((value) => value + 1).take(2),
      () => source().drop(2),
      () => source().flatMap((value) => slow(twice(value)), options),
      () => source().map((value) => {
        if (value === 3) throw new Error("map");
        return value;
      }, options),
      () => source().compose(async function* (chunks) {
        for await (const chunk of chunks) yield `${chunk}!`;
      }),
    )();
    this.watch("o", chain);
    const say = (name) => [(value) => this.log(name, value), (error) => this.log(name, "failed", error)];
    this.pick(
      () => this.consume("o", chain),
      () => chain.toArray().then(...say("toArray")),
      () => chain.some((value) => slow(value > 1)).then(...say("some")),
      () => chain.every((value) => slow(value >= 0)).then(...say("every")),
      () => chain.find((value) => slow(value === 2)).then(...say("find")),
      () => chain.forEach((value) => this.log("each", value)).then(...say("forEach")),
      () => chain.reduce((sum, value) => slow(sum + value)).then(...say("reduce")),
    )();
  }

  from() {
    const delay = this.delay();
    const total = this.dice(5);
    const lines = this;
    const fails = this.dice(4) === 0;
    const iterable = this.pick(
      () => Array.from({ length: total }, (_, at) => `i${at}`),
      () => Array.from({ length: total }, (_, at) => Promise.resolve(at)),
      () => new Set(["a", "b"]),
      () => "text",
      async function* () {
        try {
          for (let at = 0; at < total; at++) {
            await new Promise((resolve) => lines.later(delay, resolve));
            yield at;
          }
          if (fails) throw new Error("generator");
        } finally {
          lines.log("closed");
        }
      },
    );
    this.consume("f", this.watch("f", Readable.from(typeof iterable === "function" ? iterable() : iterable, { highWaterMark: this.dice(3) })));
  }
}

// Turns until nothing can be on its way any more.
const settle = async () => {
  for (let turn = 0; turn < 40; turn++) await new Promise((resolve) => setImmediate(resolve));
};

for (let number = 0; number < count; number++) {
  if (only !== undefined && number !== only) continue;
  const one = new Case(number);
  // In a turn of its own, where ticks come before microtasks.
  await new Promise((resolve) => {
    setImmediate(() => {
      try {
        one.run();
      } catch (error) {
        one.log("thrown", error);
      }
      resolve();
    });
  });
  await settle();
  const events = one.lines.join(" | ");
  console.log(`${number} ${only === undefined ? digest(events) : events}`);
}
