// Paths as arguments (nodejs.org/api/fs.html#file-paths), and what they lead to.

import { primordials } from "../../primordials.js";
import { URL } from "../../url/url.js";
import { fromString, isUint8Array } from "../buffer/create.js";
import { kUtf8 } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue } from "../internal/errors.js";
import { ops } from "../../ops.js";
import { moduleExports as posix } from "../path.js";
import { fileURLToPath } from "../url/file.js";
import { growBundle } from "./bundle.js";
import { DeviceInode, DirectoryInode, kDirectory, kSymlink } from "./inode.js";
import { systemError } from "./system_error.js";

const {
  MapPrototypeGet, MapPrototypeSet, StringPrototypeEndsWith, StringPrototypeIncludes, StringPrototypeSplit,
} = primordials;

/** Links that one path leads through. */
const MAX_LINKS = 40;
/** Longest path, and longest name in it. */
const MAX_PATH = 4096;
const MAX_NAME = 255;

const root = new DirectoryInode(0o755, true);

function plant(name, directory) {
  MapPrototypeSet(root.entries, name, directory);
  return directory;
}

const bundle = plant("bundle", new DirectoryInode(0o555, true));
plant("tmp", new DirectoryInode(0o1777));
const devices = plant("dev", new DirectoryInode(0o755, true));
MapPrototypeSet(devices.entries, "null", new DeviceInode("null"));
MapPrototypeSet(devices.entries, "zero", new DeviceInode("zero"));
MapPrototypeSet(devices.entries, "full", new DeviceInode("full"));
MapPrototypeSet(devices.entries, "random", new DeviceInode("random"));

/** A path that was given as an argument: text. */
export function toPath(value, name = "path") {
  let path = value;
  if (value instanceof URL) path = fileURLToPath(value);
  else if (isUint8Array(value)) path = ops.bytesToText(value, kUtf8);
  else if (typeof value !== "string") throw invalidArgType(name, ["string", "Buffer", "URL"], value);
  if (StringPrototypeIncludes(path, "\0")) {
    throw invalidArgValue(name, value, "must be a string, Uint8Array, or URL without null bytes");
  }
  return path;
}

/** A name as the option `encoding` wants it. */
export function encodedName(name, encoding) {
  return encoding === "buffer" ? fromString(name, "utf8") : name;
}

/**
 * Where a path leads: `{ parent, name, inode, path }`; `inode` undefined where there is nothing of that name in `parent`, which there
 * is. `follows`: whether a link at its end is followed.
 */
export function look(given, syscall, follows = true, dest = undefined) {
  let links = 0;
  const fail = (code) => systemError(code, syscall, given, dest);
  if (given === "") throw fail("ENOENT");
  if (given.length > MAX_PATH) throw fail("ENAMETOOLONG");
  /** @returns {{ parent: DirectoryInode, name: string, inode: any, path: string }} */
  const walk = (path, isLast) => {
    // Links are few: `..` behind one is taken as it is written.
    const whole = posix.resolve(path);
    const parts = StringPrototypeSplit(whole, "/");
    /** @type {{ parent: DirectoryInode, name: string, inode: any, path: string }} */
    let place = { parent: root, name: "", inode: root, path: "/" };
    for (let at = 1; at < parts.length; at++) {
      const name = parts[at];
      if (name === "") continue;
      if (name.length > MAX_NAME) throw fail("ENAMETOOLONG");
      const directory = place.inode;
      if (directory === undefined) throw fail("ENOENT");
      if (directory.kind !== kDirectory) throw fail("ENOTDIR");
      if (directory === root && name === "bundle") growBundle(bundle);
      const inode = MapPrototypeGet(directory.entries, name);
      const here = place.path === "/" ? `/${name}` : `${place.path}/${name}`;
      const isEnd = at === parts.length - 1;
      if (inode?.kind === kSymlink && (!isEnd || isLast)) {
        if (++links > MAX_LINKS) throw fail("ELOOP");
        place = walk(posix.resolve(place.path, inode.target), true);
      } else {
        place = { parent: directory, name, inode, path: here };
      }
    }
    return place;
  };
  const place = walk(given, follows);
  if (StringPrototypeEndsWith(given, "/") && place.inode !== undefined && place.inode.kind !== kDirectory) throw fail("ENOTDIR");
  return place;
}

/** The same of what must be there. */
export function find(path, syscall, follows = true) {
  const place = look(path, syscall, follows);
  if (place.inode === undefined) throw systemError("ENOENT", syscall, path);
  return place;
}
