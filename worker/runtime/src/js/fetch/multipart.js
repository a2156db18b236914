// multipart/form-data both ways (https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data,
// https://fetch.spec.whatwg.org/#dom-body-formdata).

import { blobBytes, blobType, joinParts, normalizeType } from "../file/blob.js";
import { createFile, fileName } from "../file/file.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { parseUrlencoded } from "../url/urlencoded.js";
import { outOfMemory, watchedFrom } from "./collect.js";

const {
  ArrayPrototypePush, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeSlice, TypeError, TypedArrayPrototypeGetByteLength,
} = primordials;

/** `{ bytes, type }` of entries `[name, value, …]`: the body and its Content-Type. */
export function encodeMultipart(list) {
  const boundary = `----nano${ops.randomUuid()}`;
  const parts = [];
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1];
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withCrlf(list[i]))}"`;
    if (typeof value === "string") {
      ArrayPrototypePush(parts, `${head}\r\n\r\n${withCrlf(value)}\r\n`);
      continue;
    }
    const type = blobType(value) === "" ? "application/octet-stream" : blobType(value);
    ArrayPrototypePush(parts, `${head}; filename="${escapeName(fileName(value))}"\r\nContent-Type: ${type}\r\n\r\n`);
    ArrayPrototypePush(parts, blobBytes(value));
    ArrayPrototypePush(parts, "\r\n");
  }
  ArrayPrototypePush(parts, `--${boundary}--\r\n`);
  return { __proto__: null, bytes: joinParts(parts, "transparent"), type: `multipart/form-data; boundary=${boundary}` };
}

const toBeEscaped = /[\n\r"]/;

function escapeName(name) {
  if (RegExpPrototypeExec(toBeEscaped, name) === null) return name;
  let result = "";
  for (let i = 0; i < name.length; i++) {
    const code = StringPrototypeCharCodeAt(name, i);
    result += code === 10 ? "%0A" : code === 13 ? "%0D" : code === 34 ? "%22" : name[i];
  }
  return result;
}

const lineBreak = /[\n\r]/;

// Every line break as CRLF.
function withCrlf(text) {
  if (RegExpPrototypeExec(lineBreak, text) === null) return text;
  let result = "";
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = StringPrototypeCharCodeAt(text, i);
    if (code !== 10 && code !== 13) continue;
    result += `${StringPrototypeSlice(text, from, i)}\r\n`;
    if (code === 13 && StringPrototypeCharCodeAt(text, i + 1) === 10) i++;
    from = i + 1;
  }
  return result + StringPrototypeSlice(text, from);
}

/** The entries `[name, value, …]` of a body of the given type, or null for none. Throws where they do not fit. */
export function decodeFormBody(content, mimeType) {
  if (mimeType !== null && mimeType.essence === "application/x-www-form-urlencoded") {
    if (typeof content === "string") return parseUrlencoded(content);
    const length = TypedArrayPrototypeGetByteLength(content);
    if (length >= watchedFrom && !ops.memoryAllows(ops.formCost(content))) throw outOfMemory(length);
    // Unlike text(), this keeps a byte order mark.
    return parseUrlencoded(ops.decode(content, undefined, false, true));
  }
  if (mimeType === null || mimeType.essence !== "multipart/form-data" || mimeType.parameters.boundary === undefined) {
    throw new TypeError("The body is no form data: its Content-Type is neither multipart/form-data with a boundary nor application/x-www-form-urlencoded");
  }
  const bytes = typeof content === "string" ? ops.utf8Encode(content) : content;
  const parts = ops.multipartParse(bytes, mimeType.parameters.boundary);
  if (parts === undefined) throw new TypeError("The body is no well-formed multipart/form-data");
  const list = [];
  for (let i = 0; i < parts.length; i += 4) {
    const filename = parts[i + 1];
    ArrayPrototypePush(list, parts[i]);
    ArrayPrototypePush(list, filename === null ? parts[i + 3] : createFile(parts[i + 3], normalizeType(parts[i + 2] ?? "text/plain"), filename));
  }
  return list;
}
