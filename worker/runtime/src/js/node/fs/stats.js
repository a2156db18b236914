// fs.Stats, fs.Dirent (nodejs.org/api/fs.html#class-fsstats).

import { primordials } from "../../primordials.js";
import { kDevice, kDirectory, kFile, kSymlink } from "./inode.js";

const { BigInt, Date, MathCeil, MathTrunc, Number, ObjectSetPrototypeOf } = primordials;

const KIND = 0o170000;

/** What files, links and their like are asked for; `kindOf(object)`. */
function defineKinds(prototype, kindOf) {
  prototype.isFile = function () {
    return kindOf(this) === kFile;
  };
  prototype.isDirectory = function () {
    return kindOf(this) === kDirectory;
  };
  prototype.isSymbolicLink = function () {
    return kindOf(this) === kSymlink;
  };
  prototype.isCharacterDevice = function () {
    return kindOf(this) === kDevice;
  };
  prototype.isBlockDevice = prototype.isFIFO = prototype.isSocket = () => false;
}

export class Stats {
  constructor(values) {
    this.dev = values.dev;
    this.mode = values.mode;
    this.nlink = values.nlink;
    this.uid = values.uid;
    this.gid = values.gid;
    this.rdev = values.rdev;
    this.blksize = values.blksize;
    this.ino = values.ino;
    this.size = values.size;
    this.blocks = values.blocks;
    this.atimeMs = values.atimeMs;
    this.mtimeMs = values.mtimeMs;
    this.ctimeMs = values.ctimeMs;
    this.birthtimeMs = values.birthtimeMs;
    this.atime = values.atime;
    this.mtime = values.mtime;
    this.ctime = values.ctime;
    this.birthtime = values.birthtime;
  }
}
defineKinds(Stats.prototype, (stats) => (typeof stats.mode === "bigint" ? Number(stats.mode & 0o170000n) : stats.mode & KIND));

class BigIntStats {}
ObjectSetPrototypeOf(BigIntStats.prototype, Stats.prototype);

export function statsOf(inode, big) {
  const { size, accessed, modified, changed, born } = inode;
  const number = big ? (value) => BigInt(MathTrunc(value)) : (value) => value;
  const values = {
    dev: number(1), mode: number(inode.kind | inode.mode), nlink: number(inode.links), uid: number(inode.uid), gid: number(inode.gid),
    rdev: number(0), blksize: number(4096), ino: number(inode.number), size: number(size), blocks: number(MathCeil(size / 512)),
    atimeMs: number(accessed), mtimeMs: number(modified), ctimeMs: number(changed), birthtimeMs: number(born), atime: new Date(accessed),
    mtime: new Date(modified), ctime: new Date(changed), birthtime: new Date(born),
  };
  const stats = /** @type {any} */ (new Stats(values));
  if (!big) return stats;
  stats.atimeNs = values.atimeMs * 1000000n;
  stats.mtimeNs = values.mtimeMs * 1000000n;
  stats.ctimeNs = values.ctimeMs * 1000000n;
  stats.birthtimeNs = values.birthtimeMs * 1000000n;
  return ObjectSetPrototypeOf(stats, BigIntStats.prototype);
}

export class Dirent {
  #kind;

  constructor(name, parentPath, kind) {
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
    this.#kind = kind;
  }

  static kindOf(entry) {
    return entry.#kind;
  }
}
const { kindOf } = Dirent;
defineKinds(Dirent.prototype, (entry) => kindOf(entry));
