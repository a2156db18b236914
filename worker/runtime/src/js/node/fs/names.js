// Calls of node:fs about names, directories and what is known of files, in their synchronous forms.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { FastBuffer } from "../buffer/create.js";
import { plainError } from "../internal/errors.js";
import { validateBoolean, validateInteger } from "../internal/validators.js";
import { descriptor } from "./descriptors.js";
import { fileCalls, optionsOf } from "./files.js";
import { constants, toMode } from "./flags.js";
import { DirectoryInode, kDirectory, kSymlink, SymlinkInode } from "./inode.js";
import { encodedName, find, look, toPath } from "./paths.js";
import { Dirent, statsOf } from "./stats.js";
import { systemError } from "./system_error.js";

const {
  ArrayPrototypePush, ArrayPrototypeSort, Date, DateNow, DatePrototypeGetTime, MapPrototypeDelete, MapPrototypeForEach, MapPrototypeGet, MapPrototypeGetSize,
  MapPrototypeSet, Number, NumberIsFinite, StringPrototypeSlice, StringPrototypeStartsWith,
} = primordials;

/** Throws where a directory's entries cannot change. */
function checkWritable(directory, syscall, path, dest = undefined) {
  if (directory.isReadOnly) throw systemError("EROFS", syscall, path, dest);
}

function remove(place, syscall, path) {
  checkWritable(place.parent, syscall, path);
  MapPrototypeDelete(place.parent.entries, place.name);
  place.parent.touch();
  place.inode.links--;
}

function stat(path, options, syscall, follows) {
  const settings = optionsOf(options, { __proto__: null, bigint: false, throwIfNoEntry: true });
  const place = look(toPath(path), syscall, follows);
  if (place.inode !== undefined) return statsOf(place.inode, settings.bigint);
  if (!settings.throwIfNoEntry) return undefined;
  throw systemError("ENOENT", syscall, toPath(path));
}

/** A time as an argument, in milliseconds. */
function toTime(value) {
  if (value instanceof Date) return DatePrototypeGetTime(value);
  const seconds = Number(value);
  return NumberIsFinite(seconds) ? seconds * 1000 : DateNow();
}

function setTimes(inode, accessed, modified) {
  inode.accessed = toTime(accessed);
  inode.modified = toTime(modified);
  inode.changed = DateNow();
}

/** Calls back with each entry of a directory, by name: `each(name, inode)`. */
function eachEntry(directory, each) {
  const names = [];
  MapPrototypeForEach(directory.entries, (_, name) => ArrayPrototypePush(names, name));
  ArrayPrototypeSort(names);
  for (let at = 0; at < names.length; at++) each(names[at], MapPrototypeGet(directory.entries, names[at]));
}

function removeTree(place, path) {
  if (place.inode.kind === kDirectory) {
    if (place.inode.isReadOnly) throw systemError("EROFS", "rm", path);
    eachEntry(place.inode, (name, inode) => removeTree({ parent: place.inode, name, inode }, path));
  }
  remove(place, "rm", path);
}

export const nameCalls = {
  __proto__: null,

  accessSync(path, mode = constants.F_OK) {
    validateInteger(mode, "mode", 0, 7);
    const { inode } = find(toPath(path), "access");
    if (inode.isReadOnly && (mode & constants.W_OK) !== 0) throw systemError("EROFS", "access", toPath(path));
  },

  existsSync(path) {
    try {
      return look(toPath(path), "access").inode !== undefined;
    } catch {
      return false;
    }
  },

  statSync: (path, options = undefined) => stat(path, options, "stat", true),
  lstatSync: (path, options = undefined) => stat(path, options, "lstat", false),
  fstatSync: (fd, options = undefined) => statsOf(descriptor(fd, "fstat").inode, options?.bigint === true),

  statfsSync(path) {
    find(toPath(path), "statfs");
    return { type: 0x01021994, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 };
  },

  mkdirSync(path, options = undefined) {
    const given = toPath(path);
    const settings = typeof options === "object" && options !== null ? options : { __proto__: null, mode: options };
    const mode = toMode(settings.mode, 0o777) & ~0o022;
    const recursive = settings.recursive ?? false;
    validateBoolean(recursive, "options.recursive");
    const make = (target) => {
      const { parent, name, inode } = look(target, "mkdir");
      if (inode !== undefined) {
        if (recursive && inode.kind === kDirectory) return undefined;
        throw systemError("EEXIST", "mkdir", given);
      }
      checkWritable(parent, "mkdir", given);
      MapPrototypeSet(parent.entries, name, new DirectoryInode(mode));
      parent.touch();
      return target;
    };
    if (!recursive) return void make(given);
    let first;
    const makeAll = (target) => {
      try {
        const made = make(target);
        if (made !== undefined) first ??= made;
      } catch (error) {
        if (error?.code !== "ENOENT" || target === "/") throw error;
        makeAll(parentOf(target));
        const made = make(target);
        if (made !== undefined) first ??= made;
      }
    };
    makeAll(absolute(given));
    return first;
  },

  mkdtempSync(prefix, options = undefined) {
    const { encoding } = optionsOf(options, { __proto__: null, encoding: "utf8" });
    const begin = toPath(prefix, "prefix");
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (;;) {
      const random = new FastBuffer(6);
      ops.randomFill(random);
      let path = begin;
      for (let at = 0; at < 6; at++) path += letters[random[at] % letters.length];
      if (nameCalls.existsSync(path)) continue;
      try {
        nameCalls.mkdirSync(path, 0o700);
      } catch (error) {
        throw error?.syscall === "mkdir" ? systemError(error.code, "mkdtemp", `${begin}XXXXXX`) : error;
      }
      return encodedName(path, encoding);
    }
  },

  readdirSync(path, options = undefined) {
    const given = toPath(path);
    const settings = optionsOf(options, { __proto__: null, encoding: "utf8", withFileTypes: false, recursive: false });
    const { inode } = find(given, "scandir");
    if (inode.kind !== kDirectory) throw systemError("ENOTDIR", "scandir", given);
    const found = [];
    const list = (directory, shown, prefix) => {
      eachEntry(directory, (name, child) => {
        const entry = settings.withFileTypes
          ? new Dirent(encodedName(name, settings.encoding), shown, child.kind)
          : encodedName(`${prefix}${name}`, settings.encoding);
        ArrayPrototypePush(found, entry);
        if (settings.recursive && child.kind === kDirectory) list(child, `${shown === "/" ? "" : shown}/${name}`, `${prefix}${name}/`);
      });
    };
    list(inode, given, "");
    return found;
  },

  rmdirSync(path, options = undefined) {
    const given = toPath(path);
    if (options?.recursive) return nameCalls.rmSync(path, { __proto__: null, recursive: true, force: false });
    const place = find(given, "rmdir", false);
    if (place.inode.kind !== kDirectory) throw systemError("ENOTDIR", "rmdir", given);
    checkWritable(place.parent, "rmdir", given);
    if (MapPrototypeGetSize(place.inode.entries) > 0) throw systemError("ENOTEMPTY", "rmdir", given);
    remove(place, "rmdir", given);
  },

  rmSync(path, options = undefined) {
    const given = toPath(path);
    const { recursive, force } = optionsOf(options, { __proto__: null, recursive: false, force: false });
    const place = look(given, "rm", false);
    if (place.inode === undefined) {
      if (force) return;
      throw systemError("ENOENT", "lstat", given);
    }
    if (place.inode.kind === kDirectory && !recursive) {
      throw plainError("ERR_FS_EISDIR", `Path is a directory: rm returned EISDIR (is a directory) ${given}`, {
        __proto__: null, errno: 21, syscall: "rm", path: given,
      });
    }
    checkWritable(place.parent, "rm", given);
    removeTree(place, given);
  },

  unlinkSync(path) {
    const given = toPath(path);
    const place = find(given, "unlink", false);
    if (place.inode.kind === kDirectory) throw systemError("EISDIR", "unlink", given);
    remove(place, "unlink", given);
  },

  renameSync(oldPath, newPath) {
    const from = toPath(oldPath, "oldPath");
    const to = toPath(newPath, "newPath");
    const source = look(from, "rename", false, to);
    if (source.inode === undefined) throw systemError("ENOENT", "rename", from, to);
    const target = look(to, "rename", false, from);
    checkWritable(source.parent, "rename", from, to);
    checkWritable(target.parent, "rename", from, to);
    if (target.inode === source.inode) return;
    const isDirectory = source.inode.kind === kDirectory;
    if (isDirectory && StringPrototypeStartsWith(`${target.path}/`, `${source.path}/`)) throw systemError("EINVAL", "rename", from, to);
    if (target.inode !== undefined) {
      const replaces = target.inode.kind === kDirectory;
      if (isDirectory && !replaces) throw systemError("ENOTDIR", "rename", from, to);
      if (!isDirectory && replaces) throw systemError("EISDIR", "rename", from, to);
      if (replaces && MapPrototypeGetSize(target.inode.entries) > 0) throw systemError("ENOTEMPTY", "rename", from, to);
    }
    MapPrototypeDelete(source.parent.entries, source.name);
    MapPrototypeSet(target.parent.entries, target.name, source.inode);
    source.parent.touch();
    target.parent.touch();
  },

  linkSync(existing, path) {
    const from = toPath(existing, "existingPath");
    const to = toPath(path, "newPath");
    const source = look(from, "link", false, to);
    if (source.inode === undefined) throw systemError("ENOENT", "link", from, to);
    if (source.inode.kind === kDirectory || source.inode.isReadOnly) throw systemError("EPERM", "link", from, to);
    const target = look(to, "link", false, from);
    if (target.inode !== undefined) throw systemError("EEXIST", "link", from, to);
    checkWritable(target.parent, "link", from, to);
    MapPrototypeSet(target.parent.entries, target.name, source.inode);
    source.inode.links++;
  },

  symlinkSync(target, path) {
    const to = toPath(target, "target");
    const given = toPath(path);
    const place = look(given, "symlink", false);
    if (place.inode !== undefined) throw systemError("EEXIST", "symlink", to, given);
    checkWritable(place.parent, "symlink", to, given);
    MapPrototypeSet(place.parent.entries, place.name, new SymlinkInode(to));
    place.parent.touch();
  },

  readlinkSync(path, options = undefined) {
    const { encoding } = optionsOf(options, { __proto__: null, encoding: "utf8" });
    const { inode } = find(toPath(path), "readlink", false);
    if (inode.kind !== kSymlink) throw systemError("EINVAL", "readlink", toPath(path));
    return encodedName(inode.target, encoding);
  },

  realpathSync(path, options = undefined) {
    const { encoding } = optionsOf(options, { __proto__: null, encoding: "utf8" });
    return encodedName(find(toPath(path), "lstat").path, encoding);
  },

  chmodSync: (path, mode) => void setMode(find(toPath(path), "chmod"), mode, "chmod", path),
  fchmodSync: (fd, mode) => void setMode(descriptor(fd, "fchmod"), mode, "fchmod", undefined),
  chownSync: (path, uid, gid) => void setOwner(find(toPath(path), "chown").inode, uid, gid),
  lchownSync: (path, uid, gid) => void setOwner(find(toPath(path), "lchown", false).inode, uid, gid),
  fchownSync: (fd, uid, gid) => void setOwner(descriptor(fd, "fchown").inode, uid, gid),
  utimesSync: (path, accessed, modified) => setTimes(find(toPath(path), "utime").inode, accessed, modified),
  lutimesSync: (path, accessed, modified) => setTimes(find(toPath(path), "lutime", false).inode, accessed, modified),
  futimesSync: (fd, accessed, modified) => setTimes(descriptor(fd, "futime").inode, accessed, modified),

  cpSync(source, target, options = undefined) {
    const { recursive, force } = optionsOf(options, { __proto__: null, recursive: false, force: true });
    const from = toPath(source, "src");
    const to = toPath(target, "dest");
    const { inode, path } = find(from, "cp");
    if (inode.kind !== kDirectory) {
      if (!force && nameCalls.existsSync(to)) return;
      nameCalls.mkdirSync(parentOf(absolute(to)), { __proto__: null, recursive: true });
      return void fileCalls.copyFileSync(from, to);
    }
    if (!recursive) throw plainError("ERR_FS_EISDIR", `Recursive option not enabled, cannot copy a directory: ${from}`);
    if (StringPrototypeStartsWith(`${absolute(to)}/`, `${path}/`)) {
      throw plainError("ERR_FS_CP_EINVAL", `Cannot copy '${from}' to a subdirectory of self, '${to}'`);
    }
    nameCalls.mkdirSync(to, { __proto__: null, recursive: true });
    eachEntry(inode, (name) => nameCalls.cpSync(`${from}/${name}`, `${to}/${name}`, options));
  },
};

function setMode(place, mode, syscall, path) {
  if (place.inode.isReadOnly) throw systemError("EROFS", syscall, path === undefined ? undefined : toPath(path));
  place.inode.mode = toMode(mode, 0);
  place.inode.changed = DateNow();
}

function setOwner(inode, uid, gid) {
  validateInteger(uid, "uid", -1, 2 ** 32 - 1);
  validateInteger(gid, "gid", -1, 2 ** 32 - 1);
  inode.uid = uid;
  inode.gid = gid;
}

function absolute(path) {
  return path[0] === "/" ? path : `/bundle/${path}`;
}

function parentOf(path) {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  while (end > 1 && path[end - 1] !== "/") end--;
  while (end > 1 && path[end - 1] === "/") end--;
  return StringPrototypeSlice(path, 0, end);
}
