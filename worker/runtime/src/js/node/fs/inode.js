// What the names of the file system stand for. All of it is in the app's heap, and so under its limit of memory.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { FastBuffer } from "../buffer/create.js";
import { systemError } from "./system_error.js";

const {
  DateNow, Map, MathMax, MathMin, TypedArrayPrototypeFill, TypedArrayPrototypeSet, TypedArrayPrototypeSubarray,
} = primordials;

export const kFile = 0o100000;
export const kDirectory = 0o040000;
export const kSymlink = 0o120000;
export const kDevice = 0o020000;

/** No file becomes larger, whatever memory there is. */
const MAX_SIZE = 2 ** 31 - 1;

let nextNumber = 1;

class Inode {
  number = nextNumber++;
  kind;
  mode;
  links = 1;
  uid = 0;
  gid = 0;
  /** Nothing in it can be changed. */
  isReadOnly;
  accessed = DateNow();
  modified = this.accessed;
  changed = this.accessed;
  born = this.accessed;

  constructor(kind, mode, isReadOnly) {
    this.kind = kind;
    this.mode = mode;
    this.isReadOnly = isReadOnly;
  }

  get size() {
    return 0;
  }

  /** Its content was changed. */
  touch() {
    this.modified = this.changed = DateNow();
  }
}

export class FileInode extends Inode {
  #bytes = new FastBuffer(0);
  #size = 0;
  #load;

  /** `load`: what has its bytes, asked when they are first wanted. */
  constructor(mode, isReadOnly = false, load = undefined) {
    super(kFile, mode, isReadOnly);
    this.#load = load;
  }

  get size() {
    this.#loadOnce();
    return this.#size;
  }

  #loadOnce() {
    const load = this.#load;
    if (load === undefined) return;
    this.#load = undefined;
    this.#bytes = load();
    this.#size = this.#bytes.length;
  }

  /** Copies into `target`; returns how many bytes there were. */
  read(target, position) {
    this.#loadOnce();
    const count = MathMax(0, MathMin(target.length, this.#size - position));
    if (count > 0) TypedArrayPrototypeSet(target, TypedArrayPrototypeSubarray(this.#bytes, position, position + count), 0);
    return count;
  }

  write(source, position) {
    const end = position + source.length;
    if (end > this.#size) this.#resize(end);
    TypedArrayPrototypeSet(this.#bytes, source, position);
    this.touch();
    return source.length;
  }

  truncate(size) {
    this.#resize(size);
    this.touch();
  }

  #resize(size) {
    if (size > MAX_SIZE) throw systemError("EFBIG", "write");
    if (size > this.#bytes.length) {
      const grown = new FastBuffer(MathMin(MAX_SIZE, MathMax(size, this.#bytes.length * 2)));
      TypedArrayPrototypeSet(grown, TypedArrayPrototypeSubarray(this.#bytes, 0, this.#size), 0);
      this.#bytes = grown;
    } else if (size < this.#size) {
      TypedArrayPrototypeFill(this.#bytes, 0, size, this.#size);
      if (size === 0) this.#bytes = new FastBuffer(0);
    }
    this.#size = size;
  }
}

export class DirectoryInode extends Inode {
  /** Name → inode. */
  entries = new Map();

  constructor(mode, isReadOnly = false) {
    super(kDirectory, mode, isReadOnly);
  }
}

export class SymlinkInode extends Inode {
  target;

  constructor(target) {
    super(kSymlink, 0o777, false);
    this.target = target;
  }

  get size() {
    return this.target.length;
  }
}

/** `/dev/null` and its like. */
export class DeviceInode extends Inode {
  #name;

  constructor(name) {
    super(kDevice, 0o666, false);
    this.#name = name;
  }

  read(target, _position) {
    if (this.#name === "null") return 0;
    if (this.#name === "random") ops.randomFill(target);
    else TypedArrayPrototypeFill(target, 0);
    return target.length;
  }

  write(source, _position) {
    if (this.#name === "full") throw systemError("ENOSPC", "write");
    return source.length;
  }

  truncate() {}
}
