// node:fs (nodejs.org/api/fs.html), in the app's memory: `/tmp` can be written, `/dev` has null, zero, full and random. All of it is
// the worker's, and gone with it.

import { primordials } from "../primordials.js";
import { fileCalls } from "./fs/files.js";
import { constants } from "./fs/flags.js";
import { withCallback } from "./fs/forms.js";
import { Dir } from "./fs/dir.js";
import { nameCalls } from "./fs/names.js";
import { moduleExports as promises } from "./fs/promises.js";
import { Dirent, Stats } from "./fs/stats.js";
import { ReadStream, WriteStream } from "./fs/streams.js";
import { missingFunctions } from "./internal/missing.js";
import { nextTick } from "./internal/next_tick.js";
import { validateFunction } from "./internal/validators.js";

const { ObjectAssign, ObjectKeys, ReflectApply, StringPrototypeSlice } = primordials;

function exists(path, callback) {
  validateFunction(callback, "cb");
  const found = nameCalls.existsSync(path);
  nextTick(() => callback(found));
}

function fs() {
  const calls = ObjectAssign({ __proto__: null }, fileCalls, nameCalls);
  /** @type {any} */
  const all = ObjectAssign({}, calls);
  const names = ObjectKeys(calls);
  for (let at = 0; at < names.length; at++) {
    const name = StringPrototypeSlice(names[at], 0, -4);
    all[name] = withCallback(name, calls[names[at]]);
  }
  // What the callback gets beside the count.
  const counted = (name, call) => {
    all[name] = (...args) => ReflectApply(withCallback(name, call, (count) => [null, count, args[1]]), undefined, args);
  };
  counted("read", fileCalls.readSync);
  counted("readv", fileCalls.readvSync);
  counted("write", fileCalls.writeSync);
  counted("writev", fileCalls.writevSync);
  all.exists = exists;
  all.opendirSync = (path, options = undefined) => new Dir(path, options);
  all.opendir = withCallback("opendir", all.opendirSync);
  all.realpath.native = all.realpath;
  all.realpathSync.native = all.realpathSync;
  return ObjectAssign(all, missingFunctions("fs", ["glob", "globSync", "lchmod", "lchmodSync", "watch", "watchFile", "unwatchFile", "openAsBlob"]), {
    createReadStream: (path, options = undefined) => new ReadStream(path, options),
    createWriteStream: (path, options = undefined) => new WriteStream(path, options),
    Dir, Dirent, FileReadStream: ReadStream, FileWriteStream: WriteStream, ReadStream, Stats, WriteStream, constants, promises,
    F_OK: constants.F_OK, R_OK: constants.R_OK, W_OK: constants.W_OK, X_OK: constants.X_OK,
  });
}

export const moduleExports = fs();
