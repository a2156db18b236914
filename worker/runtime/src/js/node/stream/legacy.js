// What all streams are, and all that streams of the oldest kind have: an emitter with a pipe().

import { primordials } from "../../primordials.js";
import { moduleExports as EventEmitter } from "../events.js";

const { ArrayIsArray, ArrayPrototypeUnshift, FunctionPrototypeCall, ObjectSetPrototypeOf } = primordials;

/**
 * Node.js's Stream: a function, since classes of older code call it without `new`.
 * @type {any}
 */
export const Stream = function (options) {
  FunctionPrototypeCall(EventEmitter, this, options);
};
ObjectSetPrototypeOf(Stream.prototype, EventEmitter.prototype);
ObjectSetPrototypeOf(Stream, EventEmitter);

Stream.prototype.pipe = function (target, options = undefined) {
  /** @type {any} */
  const source = this;
  const onData = (chunk) => {
    if (target.writable && target.write(chunk) === false && source.pause) source.pause();
  };
  const onDrain = () => {
    if (source.readable && source.resume) source.resume();
  };
  let isOver = false;
  const onEnd = () => {
    if (isOver) return;
    isOver = true;
    target.end();
  };
  const onClose = () => {
    if (isOver) return;
    isOver = true;
    if (typeof target.destroy === "function") target.destroy();
  };
  function onError(error) {
    cleanup();
    if (EventEmitter.listenerCount(this, "error") === 0) this.emit("error", error);
  }
  const cleanup = () => {
    source.removeListener("data", onData);
    target.removeListener("drain", onDrain);
    source.removeListener("end", onEnd);
    source.removeListener("close", onClose);
    source.removeListener("error", onError);
    target.removeListener("error", onError);
    source.removeListener("end", cleanup);
    source.removeListener("close", cleanup);
    target.removeListener("close", cleanup);
  };
  source.on("data", onData);
  target.on("drain", onDrain);
  if (!target._isStdio && (!options || options.end !== false)) {
    source.on("end", onEnd);
    source.on("close", onClose);
  }
  prependListener(source, "error", onError);
  prependListener(target, "error", onError);
  source.on("end", cleanup);
  source.on("close", cleanup);
  target.on("close", cleanup);
  target.emit("pipe", source);
  return target;
};

/** Some packages bring an emitter of their own, older than `prependListener()`. */
export function prependListener(emitter, name, listener) {
  if (typeof emitter.prependListener === "function") return void emitter.prependListener(name, listener);
  const before = emitter._events?.[name];
  if (!before) emitter.on(name, listener);
  else if (ArrayIsArray(before)) ArrayPrototypeUnshift(before, listener);
  else emitter._events[name] = [listener, before];
}
