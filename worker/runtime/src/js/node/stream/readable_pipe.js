// Readable.prototype.pipe() and unpipe() (nodejs.org/api/stream.html#readablepipedestination-options).

import { primordials } from "../../primordials.js";
import { nextTick } from "../internal/next_tick.js";
import { errorOrDestroy } from "./destroy.js";
import { prependListener } from "./legacy.js";

const {
  ArrayPrototypeIncludes, ArrayPrototypeIndexOf, ArrayPrototypePush, ArrayPrototypeSplice, Set, SetPrototypeAdd, SetPrototypeDelete,
  SetPrototypeGetSize,
} = primordials;

/** @this {any} */
export function pipe(target, options = undefined) {
  const source = this;
  const state = source._readableState;
  if (state.pipes.length === 1 && !state.multiAwaitDrain) {
    state.multiAwaitDrain = true;
    const waiting = new Set();
    if (state.awaitDrainWriters) SetPrototypeAdd(waiting, state.awaitDrainWriters);
    state.awaitDrainWriters = waiting;
  }
  ArrayPrototypePush(state.pipes, target);

  const onEnd = () => target.end();
  const leave = () => source.unpipe(target);
  const atEnd = (!options || options.end !== false) && !target._isStdio ? onEnd : leave;
  if (state.endEmitted) nextTick(atEnd);
  else source.once("end", atEnd);

  let onDrain;
  let isOver = false;
  const wait = () => {
    // A listener of another target may have ended this pipe.
    if (!isOver) {
      if (state.pipes.length === 1 && state.pipes[0] === target) {
        state.awaitDrainWriters = target;
        state.multiAwaitDrain = false;
      } else if (state.pipes.length > 1 && ArrayPrototypeIncludes(state.pipes, target)) {
        SetPrototypeAdd(state.awaitDrainWriters, target);
      }
      source.pause();
    }
    if (onDrain === undefined) {
      onDrain = () => drained(source, target);
      target.on("drain", onDrain);
    }
  };
  const onData = (chunk) => {
    if (target.write(chunk) === false) wait();
  };
  const onUnpipe = (readable, info) => {
    if (readable !== source || !info || info.hasUnpiped !== false) return;
    info.hasUnpiped = true;
    cleanup();
  };
  const onError = (error) => {
    leave();
    target.removeListener("error", onError);
    if (target.listenerCount("error") > 0) return;
    const other = target._writableState || target._readableState;
    if (other && !other.errorEmitted) errorOrDestroy(target, error);
    else target.emit("error", error);
  };
  const onClose = () => {
    target.removeListener("finish", onFinish);
    leave();
  };
  const onFinish = () => {
    target.removeListener("close", onClose);
    leave();
  };
  const cleanup = () => {
    target.removeListener("close", onClose);
    target.removeListener("finish", onFinish);
    if (onDrain !== undefined) target.removeListener("drain", onDrain);
    target.removeListener("error", onError);
    target.removeListener("unpipe", onUnpipe);
    source.removeListener("end", onEnd);
    source.removeListener("end", leave);
    source.removeListener("data", onData);
    isOver = true;
    // Others that it is piped to must not wait for this one.
    if (onDrain !== undefined && state.awaitDrainWriters && (!target._writableState || target._writableState.needDrain)) onDrain();
  };

  target.on("unpipe", onUnpipe);
  source.on("data", onData);
  prependListener(target, "error", onError);
  target.once("close", onClose);
  target.once("finish", onFinish);
  target.emit("pipe", source);
  if (target.writableNeedDrain === true) wait();
  else if (!state.flowing) source.resume();
  return target;
}

function drained(source, target) {
  const state = source._readableState;
  if (state.awaitDrainWriters === target) state.awaitDrainWriters = null;
  else if (state.multiAwaitDrain) SetPrototypeDelete(state.awaitDrainWriters, target);
  const isFree = !state.awaitDrainWriters || (state.multiAwaitDrain && SetPrototypeGetSize(state.awaitDrainWriters) === 0);
  if (isFree && source.listenerCount("data") > 0) source.resume();
}

/** @this {any} */
export function unpipe(target = undefined) {
  const state = this._readableState;
  if (state.pipes.length === 0) return this;
  if (!target) {
    const targets = state.pipes;
    state.pipes = [];
    this.pause();
    for (let at = 0; at < targets.length; at++) targets[at].emit("unpipe", this, { hasUnpiped: false });
    return this;
  }
  const at = ArrayPrototypeIndexOf(state.pipes, target);
  if (at === -1) return this;
  ArrayPrototypeSplice(state.pipes, at, 1);
  if (state.pipes.length === 0) this.pause();
  target.emit("unpipe", this, { hasUnpiped: false });
  return this;
}
