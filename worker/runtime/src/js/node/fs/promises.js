// node:fs/promises (nodejs.org/api/fs.html#promises-api).

import { primordials } from "../../primordials.js";
import { FastBuffer } from "../buffer/create.js";
import { close, descriptor } from "./descriptors.js";
import { Dir } from "./dir.js";
import { bytesOf, fileCalls } from "./files.js";
import { constants } from "./flags.js";
import { withPromise } from "./forms.js";
import { nameCalls } from "./names.js";
import { ReadStream, WriteStream } from "./streams.js";
import { missingFunctions } from "../internal/missing.js";

const { ArrayBufferIsView, ObjectAssign, ObjectKeys, StringPrototypeSlice, SymbolAsyncDispose } = primordials;

/** An open file. */
class FileHandle {
  #fd;

  constructor(fd) {
    this.#fd = fd;
  }

  get fd() {
    return this.#fd;
  }

  async appendFile(data, options = undefined) {
    fileCalls.appendFileSync(this.#fd, data, options);
  }

  async chmod(mode) {
    nameCalls.fchmodSync(this.#fd, mode);
  }

  async chown(uid, gid) {
    nameCalls.fchownSync(this.#fd, uid, gid);
  }

  async close() {
    if (this.#fd === -1) return;
    close(this.#fd);
    this.#fd = -1;
  }

  createReadStream(options = undefined) {
    return new ReadStream(undefined, { ...options, fd: this.#fd });
  }

  createWriteStream(options = undefined) {
    return new WriteStream(undefined, { ...options, fd: this.#fd });
  }

  async datasync() {
    descriptor(this.#fd, "fdatasync");
  }

  async read(buffer = undefined, offset = undefined, length = undefined, position = undefined) {
    const isOptions = buffer === undefined || buffer === null || !ArrayBufferIsView(buffer);
    const target = isOptions ? buffer?.buffer ?? new FastBuffer(16384) : buffer;
    const bytesRead = isOptions
      ? fileCalls.readSync(this.#fd, target, buffer?.offset, buffer?.length, buffer?.position)
      : fileCalls.readSync(this.#fd, target, offset, length, position);
    return { __proto__: null, bytesRead, buffer: target };
  }

  async readFile(options = undefined) {
    return fileCalls.readFileSync(this.#fd, options);
  }

  async readv(buffers, position = undefined) {
    return { __proto__: null, bytesRead: fileCalls.readvSync(this.#fd, buffers, position), buffers };
  }

  async stat(options = undefined) {
    return nameCalls.fstatSync(this.#fd, options);
  }

  async sync() {
    descriptor(this.#fd, "fsync");
  }

  async truncate(length = 0) {
    fileCalls.ftruncateSync(this.#fd, length);
  }

  async utimes(accessed, modified) {
    nameCalls.futimesSync(this.#fd, accessed, modified);
  }

  async write(data, offset = undefined, length = undefined, position = undefined) {
    if (typeof data !== "string") bytesOf(data);
    return { __proto__: null, bytesWritten: fileCalls.writeSync(this.#fd, data, offset, length, position), buffer: data };
  }

  async writeFile(data, options = undefined) {
    fileCalls.writeFileSync(this.#fd, data, options);
  }

  async writev(buffers, position = undefined) {
    return { __proto__: null, bytesWritten: fileCalls.writevSync(this.#fd, buffers, position), buffers };
  }
}
FileHandle.prototype[SymbolAsyncDispose] = FileHandle.prototype.close;

function fileOf(path) {
  return path instanceof FileHandle ? path.fd : path;
}

function promises() {
  const calls = ObjectAssign({ __proto__: null }, fileCalls, nameCalls);
  const all = {};
  const names = ObjectKeys(calls);
  const handles = ["open", "close", "read", "write", "readv", "writev", "fsync", "fdatasync", "ftruncate", "fstat", "fchmod", "fchown", "futimes", "exists"];
  const ofHandles = { __proto__: null };
  for (let at = 0; at < handles.length; at++) ofHandles[handles[at]] = true;
  for (let at = 0; at < names.length; at++) {
    const name = StringPrototypeSlice(names[at], 0, -4);
    if (!ofHandles[name]) all[name] = withPromise(name, calls[names[at]]);
  }
  all.appendFile = withPromise("appendFile", (path, data, options) => fileCalls.appendFileSync(fileOf(path), data, options));
  all.readFile = withPromise("readFile", (path, options) => fileCalls.readFileSync(fileOf(path), options));
  all.writeFile = withPromise("writeFile", (path, data, options) => fileCalls.writeFileSync(fileOf(path), data, options));
  all.open = withPromise("open", (path, flags, mode) => new FileHandle(fileCalls.openSync(path, flags, mode)));
  all.opendir = withPromise("opendir", (path, options) => new Dir(path, options));
  ObjectAssign(all, missingFunctions("fs.promises", ["glob", "lchmod", "watch"]));
  all.FileHandle = FileHandle;
  all.constants = constants;
  return all;
}

export const moduleExports = promises();
