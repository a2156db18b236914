// Open files.

import { primordials } from "../../primordials.js";
import { validateInteger } from "../internal/validators.js";
import { constants } from "./flags.js";
import { FileInode, kDirectory, kFile, kSymlink } from "./inode.js";
import { look } from "./paths.js";
import { systemError } from "./system_error.js";

const { Map, MapPrototypeDelete, MapPrototypeGet, MapPrototypeGetSize, MapPrototypeHas, MapPrototypeSet } = primordials;
const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDWR, O_TRUNC, O_WRONLY } = constants;

/** How many may be open at once. */
const MAX_OPEN = 1024;

/** Number → { inode, path, position, flags }. */
const descriptors = new Map();

function freeNumber() {
  let number = 3;
  while (MapPrototypeHas(descriptors, number)) number++;
  return number;
}

/** Opens a file; returns its descriptor's number. */
export function open(path, flags, mode, syscall = "open") {
  if (MapPrototypeGetSize(descriptors) >= MAX_OPEN) throw systemError("EMFILE", syscall, path);
  const { parent, name, inode: found } = look(path, syscall, (flags & O_NOFOLLOW) === 0 && (flags & O_EXCL) === 0);
  const writes = (flags & (O_WRONLY | O_RDWR)) !== 0;
  let inode = found;
  if (inode === undefined) {
    if ((flags & O_CREAT) === 0) throw systemError("ENOENT", syscall, path);
    if (parent.isReadOnly) throw systemError("EROFS", syscall, path);
    inode = new FileInode(mode & ~0o022);
    MapPrototypeSet(parent.entries, name, inode);
    parent.touch();
  } else if ((flags & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL)) {
    throw systemError("EEXIST", syscall, path);
  } else if (inode.kind === kSymlink) {
    throw systemError("ELOOP", syscall, path);
  } else if (inode.kind === kDirectory && (writes || (flags & O_CREAT) !== 0)) {
    throw systemError("EISDIR", syscall, path);
  } else if (inode.kind !== kDirectory && (flags & O_DIRECTORY) !== 0) {
    throw systemError("ENOTDIR", syscall, path);
  } else if (writes && inode.isReadOnly) {
    throw systemError("EROFS", syscall, path);
  } else if (writes && (flags & O_TRUNC) !== 0) {
    inode.truncate(0);
  }
  const number = freeNumber();
  MapPrototypeSet(descriptors, number, { __proto__: null, inode, path, position: 0, flags });
  return number;
}

export function validateDescriptor(number, name = "fd") {
  validateInteger(number, name, 0, 2 ** 31 - 1);
}

/** What a descriptor's number stands for. */
export function descriptor(number, syscall) {
  validateDescriptor(number);
  const found = MapPrototypeGet(descriptors, number);
  if (found === undefined) throw systemError("EBADF", syscall);
  return found;
}

export function close(number) {
  descriptor(number, "close");
  MapPrototypeDelete(descriptors, number);
}

/** Reads at a position, or where the last reading ended. */
export function readAt(number, target, position) {
  const open = descriptor(number, "read");
  const { inode, flags } = open;
  if (inode.kind === kDirectory) throw systemError("EISDIR", "read");
  if ((flags & (O_WRONLY | O_RDWR)) === O_WRONLY) throw systemError("EBADF", "read");
  const count = inode.read(target, position ?? open.position);
  if (position === undefined) open.position += count;
  return count;
}

export function writeAt(number, source, position) {
  const open = descriptor(number, "write");
  const { inode, flags } = open;
  if ((flags & (O_WRONLY | O_RDWR)) === 0) throw systemError("EBADF", "write");
  const start = (flags & O_APPEND) !== 0 && inode.kind === kFile ? inode.size : position ?? open.position;
  const count = inode.write(source, start);
  if (position === undefined) open.position = start + count;
  return count;
}
