// Errors of the system, as node:fs tells them (nodejs.org/api/errors.html#class-systemerror).

import { primordials } from "../../primordials.js";

const { Error, ObjectDefineProperties } = primordials;

/** Code → the number and the words of Linux. */
const ERRORS = {
  __proto__: null,
  EACCES: { errno: -13, text: "permission denied" },
  EBADF: { errno: -9, text: "bad file descriptor" },
  EEXIST: { errno: -17, text: "file already exists" },
  EFBIG: { errno: -27, text: "file too large" },
  EINVAL: { errno: -22, text: "invalid argument" },
  EISDIR: { errno: -21, text: "illegal operation on a directory" },
  ELOOP: { errno: -40, text: "too many symbolic links encountered" },
  EMFILE: { errno: -24, text: "too many open files" },
  ENAMETOOLONG: { errno: -36, text: "name too long" },
  ENOENT: { errno: -2, text: "no such file or directory" },
  ENOSPC: { errno: -28, text: "no space left on device" },
  ENOTDIR: { errno: -20, text: "not a directory" },
  ENOTEMPTY: { errno: -39, text: "directory not empty" },
  EPERM: { errno: -1, text: "operation not permitted" },
  EROFS: { errno: -30, text: "read-only file system" },
  EXDEV: { errno: -18, text: "cross-device link not permitted" },
};

/** `path`, `dest`: where there are such. */
export function systemError(code, syscall, path = undefined, dest = undefined) {
  const { errno, text } = ERRORS[code];
  let message = `${code}: ${text}, ${syscall}`;
  if (path !== undefined) message += ` '${path}'`;
  if (dest !== undefined) message += ` -> '${dest}'`;
  const error = new Error(message);
  const property = (value) => ({ __proto__: null, value, enumerable: true, writable: true, configurable: true });
  const properties = { __proto__: null, errno: property(errno), code: property(code), syscall: property(syscall) };
  if (path !== undefined) properties.path = property(path);
  if (dest !== undefined) properties.dest = property(dest);
  return ObjectDefineProperties(error, properties);
}

/** Whether an error is one of the system, which callbacks are told, and none of the arguments, which is thrown. */
export function isSystemError(error) {
  return error !== null && typeof error === "object" && typeof error.syscall === "string" && typeof error.errno === "number";
}
