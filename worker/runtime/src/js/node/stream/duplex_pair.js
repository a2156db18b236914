// stream.duplexPair() (nodejs.org/api/stream.html#streamduplexpairoptions): two streams, each of which reads what the other one writes.

import { nextTick } from "../internal/next_tick.js";
import { Duplex } from "./duplex.js";

function side(options) {
  let waiting = null;
  const state = { stream: undefined, other: undefined, receive: undefined };
  const stream = new Duplex(options);
  state.stream = stream;
  state.receive = (chunk, callback) => {
    stream.push(chunk);
    waiting = callback;
  };
  stream._read = () => {
    const callback = waiting;
    waiting = null;
    if (callback) callback();
  };
  stream._write = (chunk, encoding, callback) => {
    if (chunk.length === 0) nextTick(callback);
    else state.other.receive(chunk, callback);
  };
  stream._final = (callback) => {
    endSide(state.other.stream, callback);
  };
  return state;
}

function endSide(stream, callback) {
  stream.on("end", callback);
  stream.push(null);
}

export function duplexPair(options = undefined) {
  const first = side(options);
  const second = side(options);
  first.other = second;
  second.other = first;
  return [first.stream, second.stream];
}
