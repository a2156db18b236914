// fs.Dir (nodejs.org/api/fs.html#class-fsdir).

import { primordials } from "../../primordials.js";
import { plainError } from "../internal/errors.js";
import { nextTick } from "../internal/next_tick.js";
import { nameCalls } from "./names.js";
import { toPath } from "./paths.js";

const { ObjectAssign, SymbolAsyncDispose, SymbolAsyncIterator } = primordials;

export class Dir {
  #entries;
  #next = 0;
  #isClosed = false;

  constructor(path, options = undefined) {
    this.path = toPath(path);
    this.#entries = nameCalls.readdirSync(path, ObjectAssign({ __proto__: null }, options, { withFileTypes: true }));
  }

  readSync() {
    if (this.#isClosed) throw plainError("ERR_DIR_CLOSED", "Directory handle was closed");
    return this.#next < this.#entries.length ? this.#entries[this.#next++] : null;
  }

  closeSync() {
    if (this.#isClosed) throw plainError("ERR_DIR_CLOSED", "Directory handle was closed");
    this.#isClosed = true;
  }

  read(callback = undefined) {
    if (callback === undefined) return (async () => this.readSync())();
    const entry = this.readSync();
    nextTick(() => callback(null, entry));
  }

  close(callback = undefined) {
    if (callback === undefined) return (async () => this.closeSync())();
    this.closeSync();
    nextTick(() => callback(null));
  }

  async *entries() {
    try {
      for (let entry = this.readSync(); entry !== null; entry = this.readSync()) yield entry;
    } finally {
      if (!this.#isClosed) this.closeSync();
    }
  }
}
Dir.prototype[SymbolAsyncIterator] = Dir.prototype.entries;
Dir.prototype[SymbolAsyncDispose] = async function () {
  this.closeSync();
};
