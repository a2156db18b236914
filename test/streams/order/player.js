// Plays a scenario on an implementation of streams and records what a program could see of it: each call of a hook, each
// settlement of a promise, each value and error, in their order.

import { actions, needs } from "./actions.js";
import { makeHook, strategy } from "./hooks.js";

// So many hooks and actions at most, because a hook may call what calls it.
const FUEL = 80;

/** What one run of a scenario has at hand. */
class Stage {
  constructor(streams) {
    this.streams = streams;
    this.log = [];
    this.fuel = FUEL;
    this.count = 0;
    this.unwatched = [];
    this.reasons = new Map();
    this.gates = [];
    this.readables = [];
    this.readers = [];
    this.iterators = [];
    this.writable = this.writer = undefined;
    this.sinkController = this.sourceController = this.transformController = undefined;
    this.abortController = undefined;
    /** An error that no specification throws: the implementation itself failed. */
    this.broke = undefined;
  }

  say(text) {
    this.log.push(text);
  }

  /** The error named so, the same each time. */
  reason(name) {
    if (!this.reasons.has(name)) this.reasons.set(name, { reason: name });
    return this.reasons.get(name);
  }

  gate(index) {
    return this.gates[index] ??= Promise.withResolvers();
  }

  perform(action) {
    if (this.fuel-- <= 0) return;
    const needed = needs(action);
    if (needed !== undefined && needed.some((name) => this.lacks(name, action))) return;
    const name = `${++this.count} ${action.do}`;
    try {
      const result = actions[action.do](this, action);
      if (result instanceof Promise) this.watch(name, result, action.watch);
      else if (result !== undefined) this.say(`${name}: ${this.show(result)}`);
    } catch (error) {
      this.say(`${name} threw ${this.show(error)}`);
    }
  }

  lacks(name, { on }) {
    const here = this[name];
    return here === undefined || (Array.isArray(here) && here[on] === undefined);
  }

  watch(name, promise, how) {
    if (how === "end") {
      promise.catch(() => {});
      this.unwatched.push([name, promise]);
    } else {
      promise.then((value) => this.say(`${name} = ${this.show(value)}`), (error) => this.say(`${name} ! ${this.show(error)}`));
    }
  }

  show(value) {
    if (value instanceof Error) {
      if (value.name === "TypeError" && /is not a function|of (undefined|null)|in (undefined|null)/.test(value.message)) this.broke = value;
      if (value.name === "AssertionError") this.broke = value;
      return value.name;
    }
    if (typeof value !== "object" || value === null) return String(value);
    if ("reason" in value) return value.reason;
    if (ArrayBuffer.isView(value)) return `${value.constructor.name}[${value.byteLength ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : ""}]/${value.buffer.byteLength}`;
    if (Array.isArray(value)) return `[${value.map((item) => this.show(item))}]`;
    if ("done" in value) return value.done ? `done ${this.show(value.value)}` : this.show(value.value);
    return value.constructor?.name.replace(/\d+$/, "") ?? "object";
  }
}

const hooks = (stage, specs, names) => {
  const object = {};
  for (const name of names) if (specs[name] !== undefined) object[name] = makeHook(stage, name, specs[name]);
  return object;
};

const setUp = {
  writable(stage, { sink, writableStrategy }) {
    stage.writable = new stage.streams.WritableStream(
      hooks(stage, sink, ["start", "write", "close", "abort"]), strategy(stage, writableStrategy, "sink"),
    );
  },
  readable(stage, { source, readableStrategy }) {
    stage.readables[0] = new stage.streams.ReadableStream(
      hooks(stage, source, ["start", "pull", "cancel"]), strategy(stage, readableStrategy, "source"),
    );
  },
  byte(stage, { source, highWaterMark, autoAllocateChunkSize }) {
    stage.readables[0] = new stage.streams.ReadableStream(
      { type: "bytes", autoAllocateChunkSize, ...hooks(stage, source, ["start", "pull", "cancel"]) }, { highWaterMark },
    );
  },
  transform(stage, { transformer, writableStrategy, readableStrategy }) {
    const stream = new stage.streams.TransformStream(
      hooks(stage, transformer, ["start", "transform", "flush", "cancel"]),
      strategy(stage, writableStrategy, "writable"), strategy(stage, readableStrategy, "readable"),
    );
    stage.writable = stream.writable;
    stage.readables[0] = stream.readable;
  },
  from(stage, { iterable }) {
    const iterator = hooks(stage, iterable, ["next", "return"]);
    const open = () => iterator;
    stage.readables[0] = stage.streams.ReadableStream.from(
      iterable.isAsync ? { [Symbol.asyncIterator]: open } : { [Symbol.iterator]: open },
    );
  },
};

/** Returns { log, broke }. */
export async function play(streams, scenario) {
  const stage = new Stage(streams);
  try {
    for (const part of scenario.parts) setUp[part.kind](stage, part);
  } catch (error) {
    stage.say(`constructor threw ${stage.show(error)}`);
  }
  if (scenario.warm > 0 && stage.writable !== undefined && !stage.writable.locked) await warmUp(stage, scenario.warm);
  for (const step of scenario.steps) {
    stage.perform(step);
    if (scenario.tasks) await new Promise((resolve) => setTimeout(resolve, 0));
    else for (let i = 0; i < step.pause; i++) await undefined;
  }
  for (let i = 0; i < 2; i++) await new Promise((resolve) => setTimeout(resolve, 0));
  stage.say("--");
  for (const [name, promise] of stage.unwatched) stage.watch(name, promise, "now");
  await new Promise((resolve) => setTimeout(resolve, 0));
  return { log: stage.log, broke: stage.broke };
}

// Writes that are over before the scenario begins. With a sink that never answers it begins all the same.
async function warmUp(stage, writes) {
  stage.writer = stage.writable.getWriter();
  const { fuel } = stage;
  for (let i = 0; i < writes; i++) {
    stage.fuel = 0;
    stage.writer.write("warm").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  stage.fuel = fuel;
}
