// Calls of node:fs about the content of files, in their synchronous forms.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { FastBuffer, fromString } from "../buffer/create.js";
import { encodingNumber } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue, outOfRange } from "../internal/errors.js";
import { validateInteger, validateObject } from "../internal/validators.js";
import { close, descriptor, open, readAt, validateDescriptor, writeAt } from "./descriptors.js";
import { constants, toFlags, toMode } from "./flags.js";
import { kDirectory, kFile } from "./inode.js";
import { find, look, toPath } from "./paths.js";
import { systemError } from "./system_error.js";

const {
  ArrayBufferIsView, ArrayIsArray, Number, NumberIsInteger, ObjectAssign, TypedArrayPrototypeSubarray, Uint8Array,
} = primordials;

/** What is read of a file whose length says nothing, as that of a device. */
const MAX_DEVICE = 1 << 20;

/** The last argument of many calls: an object, or an encoding. */
export function optionsOf(given, usual) {
  if (given === undefined || given === null || typeof given === "function") return usual;
  if (typeof given === "string") return checkedEncoding(ObjectAssign({ __proto__: null }, usual, { encoding: given }));
  validateObject(given, "options");
  return checkedEncoding(ObjectAssign({ __proto__: null }, usual, given));
}

function checkedEncoding(options) {
  const { encoding } = options;
  if (encoding && encoding !== "buffer" && encodingNumber(encoding) === undefined) throw invalidArgValue("encoding", encoding, "is invalid encoding");
  return options;
}

/** A view of bytes, as bytes. */
export function bytesOf(view, name = "buffer") {
  if (!ArrayBufferIsView(view)) throw invalidArgType(name, ["Buffer", "TypedArray", "DataView"], view);
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function dataOf(data, encoding) {
  if (typeof data === "string") return fromString(data, encoding || "utf8");
  if (!ArrayBufferIsView(data)) throw invalidArgType("data", ["string", "Buffer", "TypedArray", "DataView"], data);
  return bytesOf(data);
}

/** A position that was given: undefined is where the last call ended. */
function toPosition(position) {
  if (position === undefined || position === null || position === -1) return undefined;
  if (typeof position === "bigint") return Number(position);
  if (typeof position !== "number") throw invalidArgType("position", ["integer", "bigint"], position);
  validateInteger(position, "position", -1);
  return position;
}

export const fileCalls = {
  __proto__: null,

  openSync: (path, flags = "r", mode = undefined) => open(toPath(path), toFlags(flags), toMode(mode, 0o666)),

  closeSync: (fd) => close(fd),

  readSync(fd, buffer, offset = undefined, length = undefined, position = undefined) {
    validateDescriptor(fd);
    const bytes = bytesOf(buffer);
    let options = { __proto__: null, offset, length, position };
    if (typeof offset === "object" && offset !== null) options = ObjectAssign({ __proto__: null }, offset);
    const start = options.offset ?? 0;
    validateInteger(start, "offset", 0);
    const count = options.length ?? bytes.length - start;
    if (count === 0) return 0;
    if (bytes.length === 0) throw invalidArgValue("buffer", buffer, "is empty and cannot be written");
    validateInteger(count, "length", 0);
    if (count > bytes.length - start) throw outOfRange("length", `<= ${bytes.length - start}`, count);
    return readAt(fd, TypedArrayPrototypeSubarray(bytes, start, start + count), toPosition(options.position));
  },

  readvSync(fd, buffers, position = undefined) {
    validateDescriptor(fd);
    checkBuffers(buffers);
    let place = toPosition(position);
    let total = 0;
    for (let at = 0; at < buffers.length; at++) {
      const count = readAt(fd, bytesOf(buffers[at]), place);
      total += count;
      if (place !== undefined) place += count;
      if (count < buffers[at].byteLength) break;
    }
    return total;
  },

  writeSync(fd, data, offset = undefined, length = undefined, position = undefined) {
    validateDescriptor(fd);
    if (typeof data === "string") {
      // (fd, text, position, encoding)
      return writeAt(fd, dataOf(data, typeof length === "string" ? length : "utf8"), toPosition(offset));
    }
    const bytes = bytesOf(data);
    let options = { __proto__: null, offset, length, position };
    if (typeof offset === "object" && offset !== null) options = ObjectAssign({ __proto__: null }, offset);
    const start = options.offset ?? 0;
    validateInteger(start, "offset", 0, bytes.length);
    const count = options.length ?? bytes.length - start;
    validateInteger(count, "length", 0, bytes.length - start);
    return writeAt(fd, TypedArrayPrototypeSubarray(bytes, start, start + count), toPosition(options.position));
  },

  writevSync(fd, buffers, position = undefined) {
    validateDescriptor(fd);
    checkBuffers(buffers);
    let place = toPosition(position);
    let total = 0;
    for (let at = 0; at < buffers.length; at++) {
      const count = writeAt(fd, bytesOf(buffers[at]), place);
      total += count;
      if (place !== undefined) place += count;
    }
    return total;
  },

  readFileSync(path, options = undefined) {
    const { encoding, flag } = optionsOf(options, { __proto__: null, encoding: null, flag: "r" });
    const isOpen = isDescriptor(path);
    const fd = isOpen ? path : open(toPath(path), toFlags(flag), 0o666);
    try {
      const { inode, position } = descriptor(fd, "read");
      if (inode.kind === kDirectory) throw systemError("EISDIR", "read");
      const start = isOpen ? position : 0;
      const size = inode.kind === kFile ? inode.size - start : MAX_DEVICE;
      let content = new FastBuffer(size < 0 ? 0 : size);
      const count = readAt(fd, content, undefined);
      if (count < content.length) content = new FastBuffer(TypedArrayPrototypeSubarray(content, 0, count));
      return encoding && encoding !== "buffer" ? ops.bytesToText(content, encodingNumber(encoding)) : content;
    } finally {
      if (!isOpen) close(fd);
    }
  },

  writeFileSync(path, data, options = undefined) {
    const { encoding, flag, mode } = optionsOf(options, { __proto__: null, encoding: "utf8", flag: "w", mode: 0o666 });
    const bytes = dataOf(data, encoding);
    const isOpen = isDescriptor(path);
    const fd = isOpen ? path : open(toPath(path), toFlags(flag), toMode(mode, 0o666));
    try {
      writeAt(fd, bytes, undefined);
    } finally {
      if (!isOpen) close(fd);
    }
  },

  appendFileSync(path, data, options = undefined) {
    const settings = optionsOf(options, { __proto__: null, encoding: "utf8", flag: "a", mode: 0o666 });
    fileCalls.writeFileSync(path, data, settings);
  },

  truncateSync(path, length = 0) {
    if (typeof path === "number") return fileCalls.ftruncateSync(path, length);
    validateInteger(length, "len");
    const place = toPath(path);
    const { inode } = find(place, "open");
    if (inode.kind === kDirectory) throw systemError("EISDIR", "open", place);
    if (inode.isReadOnly) throw systemError("EROFS", "open", place);
    inode.truncate(length < 0 ? 0 : length);
  },

  ftruncateSync(fd, length = 0) {
    validateInteger(length, "len");
    const { inode, flags } = descriptor(fd, "ftruncate");
    if ((flags & (constants.O_WRONLY | constants.O_RDWR)) === 0 || inode.kind !== kFile) throw systemError("EINVAL", "ftruncate");
    inode.truncate(length < 0 ? 0 : length);
  },

  copyFileSync(source, target, mode = 0) {
    const from = toPath(source, "src");
    const to = toPath(target, "dest");
    validateInteger(mode, "mode", 0, 7);
    const { inode } = look(from, "copyfile", true, to);
    if (inode === undefined) throw systemError("ENOENT", "copyfile", from, to);
    if (inode.kind === kDirectory) throw systemError("EISDIR", "copyfile", from, to);
    const there = look(to, "copyfile", true).inode;
    if (there !== undefined && (mode & constants.COPYFILE_EXCL) !== 0) throw systemError("EEXIST", "copyfile", from, to);
    if (there === inode) return;
    const content = fileCalls.readFileSync(from);
    fileCalls.writeFileSync(to, content, { __proto__: null, mode: inode.mode });
  },

  fsyncSync: (fd) => void descriptor(fd, "fsync"),
  fdatasyncSync: (fd) => void descriptor(fd, "fdatasync"),
};

/** Whether it is no path but the number of an open file. */
function isDescriptor(path) {
  return typeof path === "number" && NumberIsInteger(path) && path >= 0;
}

function checkBuffers(buffers) {
  if (!ArrayIsArray(buffers)) throw invalidArgType("buffers", "ArrayBufferView[]", buffers);
  for (let at = 0; at < buffers.length; at++) bytesOf(buffers[at], "buffers");
}
