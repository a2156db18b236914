// The chunks that a Readable holds: an array, and where its first chunk is. What is taken leaves a gap in front, which is closed
// when it is the longer part, and what is put back is put there: neither costs more the more there is.

import { primordials } from "../../primordials.js";
import { allocUnsafe, FastBuffer } from "../buffer/create.js";
import { moduleExports as buffer } from "../buffer.js";

const {
  ArrayBufferIsView, ArrayPrototypeSlice, ArrayPrototypeUnshift, StringPrototypeSlice, TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset, TypedArrayPrototypeGetLength, TypedArrayPrototypeSet,
} = primordials;

const { Buffer } = buffer;

/** As few are moved each time. */
const kFew = 32;

/** A view of any kind as a Buffer over the same memory; undefined: it is none. */
export function viewAsBuffer(value) {
  if (value instanceof Buffer) return value;
  if (!ArrayBufferIsView(value)) return undefined;
  /** @type {any} */
  const memory = value.buffer;
  return new FastBuffer(memory, value.byteOffset, value.byteLength);
}

export function putBack(state, chunk) {
  const { buffer: chunks } = state;
  if (state.bufferIndex > 0) {
    chunks[--state.bufferIndex] = chunk;
  } else if (chunks.length < kFew) {
    ArrayPrototypeUnshift(chunks, chunk);
  } else {
    const gap = chunks.length;
    const moved = [];
    for (let at = 0; at < gap - 1; at++) moved[at] = null;
    moved[gap - 1] = chunk;
    for (let at = 0; at < gap; at++) moved[gap + at] = chunks[at];
    state.buffer = moved;
    state.bufferIndex = gap - 1;
  }
}

/** The chunks that are there. */
export function chunksOf(state) {
  return ArrayPrototypeSlice(state.buffer, state.bufferIndex);
}

/** Takes the chunks away. */
export function clearChunks(state) {
  state.buffer = [];
  state.bufferIndex = 0;
}

function isBytes(state) {
  return state.decoder === null;
}

/** @returns {any} */
function part(chunk, start, end) {
  if (typeof chunk === "string") return StringPrototypeSlice(chunk, start, end);
  /** @type {any} */
  const memory = TypedArrayPrototypeGetBuffer(chunk);
  return new FastBuffer(memory, TypedArrayPrototypeGetByteOffset(chunk) + start, end - start);
}

/** Takes the first chunk, an object where the stream has such. */
function shift(state) {
  const chunk = state.buffer[state.bufferIndex];
  state.buffer[state.bufferIndex++] = null;
  return chunk;
}

/** Takes `count` bytes, or units of text, of which there are so many; or all where it is 0 or NaN. null: there is nothing. */
export function takeChunks(state, count) {
  if (state.length === 0) return null;
  let taken;
  if (state.objectMode) taken = shift(state);
  else taken = takePart(state, count > 0 && count < state.length ? count : state.length);
  if (state.bufferIndex === state.buffer.length) {
    clearChunks(state);
  } else if (state.bufferIndex > kFew && state.bufferIndex > state.buffer.length / 2) {
    state.buffer = chunksOf(state);
    state.bufferIndex = 0;
  }
  return taken;
}

function takePart(state, count) {
  const first = state.buffer[state.bufferIndex];
  if (first.length === count) return shift(state);
  if (first.length > count) {
    state.buffer[state.bufferIndex] = part(first, count, first.length);
    return part(first, 0, count);
  }
  return isBytes(state) ? joinBytes(state, count) : joinText(state, count);
}

function joinText(state, count) {
  let text = "";
  while (text.length < count) {
    const chunk = state.buffer[state.bufferIndex];
    const missing = count - text.length;
    if (chunk.length > missing) {
      state.buffer[state.bufferIndex] = part(chunk, missing, chunk.length);
      return text + part(chunk, 0, missing);
    }
    text += shift(state);
  }
  return text;
}

function joinBytes(state, count) {
  const bytes = allocUnsafe(count);
  let filled = 0;
  while (filled < count) {
    const chunk = state.buffer[state.bufferIndex];
    const length = TypedArrayPrototypeGetLength(chunk);
    if (length > count - filled) {
      TypedArrayPrototypeSet(bytes, part(chunk, 0, count - filled), filled);
      state.buffer[state.bufferIndex] = part(chunk, count - filled, length);
      break;
    }
    TypedArrayPrototypeSet(bytes, shift(state), filled);
    filled += length;
  }
  return bytes;
}
