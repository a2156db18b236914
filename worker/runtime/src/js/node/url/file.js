// Paths of files as URLs and back (nodejs.org/api/url.html#urlfileurltopathurl-options).

import { primordials } from "../../primordials.js";
import { URL } from "../../url/url.js";
import { moduleExports as buffer } from "../buffer.js";
import { invalidArgType, invalidArgValue, typeError } from "../internal/errors.js";
import { validateString } from "../internal/validators.js";
import { moduleExports as path } from "../path.js";
import { domainToUnicode } from "./host.js";

const {
  RegExpPrototypeExec, StringPrototypeEndsWith, StringPrototypeIndexOf, StringPrototypeReplaceAll, StringPrototypeSlice,
  StringPrototypeStartsWith, decodeURIComponent, encodeURI,
} = primordials;

const { Buffer } = buffer;

function invalidPath(reason, url) {
  const error = typeError("ERR_INVALID_FILE_URL_PATH", `File URL path ${reason}`);
  error.input = url;
  return error;
}

function toFileUrl(given) {
  if (typeof given !== "string" && !(given?.href && given.protocol && given.auth === undefined && given.path === undefined)) {
    throw invalidArgType("path", ["string", "URL"], given);
  }
  const url = typeof given === "string" ? new URL(given) : given;
  if (url.protocol !== "file:") throw typeError("ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  return url;
}

function windowsPath(url, decoded) {
  if (url.hostname !== "") return `\\\\${domainToUnicode(url.hostname)}${decoded}`;
  if (RegExpPrototypeExec(/^.[a-z]:/is, decoded) === null) throw invalidPath("must be absolute", url);
  return StringPrototypeSlice(decoded, 1);
}

export function fileURLToPath(given, options = undefined) {
  const url = toFileUrl(given);
  const { pathname } = url;
  if (options?.windows) {
    if (RegExpPrototypeExec(/%(?:2f|5c)/i, pathname) !== null) {
      throw invalidPath("must not include encoded \\ or / characters", url);
    }
    return windowsPath(url, decodeURIComponent(StringPrototypeReplaceAll(pathname, "/", "\\")));
  }
  if (url.hostname !== "") throw typeError("ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
  if (RegExpPrototypeExec(/%2f/i, pathname) !== null) throw invalidPath("must not include encoded / characters", url);
  return decodeURIComponent(pathname);
}

export function fileURLToPathBuffer(given, options = undefined) {
  const url = toFileUrl(given);
  if (options?.windows) return Buffer.from(fileURLToPath(given, options));
  if (url.hostname !== "") throw typeError("ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
  return percentDecoded(Buffer.from(url.pathname));
}

/** The bytes that `%xx` stand for, which need not be UTF-8. */
function percentDecoded(bytes) {
  const result = Buffer.alloc(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    const high = bytes[at] === 37 ? hexDigit(bytes[at + 1]) : -1;
    const low = high >= 0 ? hexDigit(bytes[at + 2]) : -1;
    result[length++] = low >= 0 ? high * 16 + low : bytes[at];
    if (low >= 0) at += 2;
  }
  return Buffer.from(result.buffer, 0, length);
}

function hexDigit(code) {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** What in a path would be something else in a URL. */
function escaped(text, isWindows) {
  let result = encodeURI(text);
  const others = isWindows ? [["?", "%3F"], ["#", "%23"], ["~", "%7E"]] : [["\\", "%5C"], ["?", "%3F"], ["#", "%23"], ["~", "%7E"]];
  for (let at = 0; at < others.length; at++) result = StringPrototypeReplaceAll(result, others[at][0], others[at][1]);
  return result;
}

export function pathToFileURL(given, options = undefined) {
  validateString(given, "path");
  if (options?.windows) return windowsUrl(given);
  let resolved = path.resolve(given);
  if (StringPrototypeEndsWith(given, "/") && !StringPrototypeEndsWith(resolved, "/")) resolved += "/";
  return new URL(`file://${escaped(resolved, false)}`);
}

function windowsUrl(given) {
  // A drive's path by its longest name is that of the drive.
  const drive = RegExpPrototypeExec(/^\\\\\?\\([a-z]:\\.*)$/is, given)?.[1];
  const resolved = path.win32.resolve(drive ?? given);
  if (!StringPrototypeStartsWith(resolved, "\\\\")) {
    const end = StringPrototypeEndsWith(given, "\\") || StringPrototypeEndsWith(given, "/") ? "\\" : "";
    const full = StringPrototypeEndsWith(resolved, "\\") ? resolved : resolved + end;
    return new URL(`file:///${escaped(StringPrototypeReplaceAll(full, "\\", "/"), true)}`);
  }
  const start = StringPrototypeStartsWith(resolved, "\\\\?\\UNC\\") ? 8 : 2;
  const end = StringPrototypeIndexOf(resolved, "\\", start);
  if (end === -1) throw invalidArgValue("path", resolved, "Missing UNC resource path");
  if (end === 2) throw invalidArgValue("path", resolved, "Empty UNC servername");
  const rest = escaped(StringPrototypeReplaceAll(StringPrototypeSlice(resolved, end), "\\", "/"), true);
  return new URL(`file://${StringPrototypeSlice(resolved, start, end)}${rest}`);
}
