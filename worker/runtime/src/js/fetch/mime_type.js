// MIME types (https://mimesniff.spec.whatwg.org/#mime-types), as far as bodies need them. Nothing here looks at a character
// more than a few times: a header may be long.

import { primordials } from "../primordials.js";

const {
  ArrayPrototypePush, RegExpPrototypeExec, StringPrototypeCharCodeAt, StringPrototypeIndexOf, StringPrototypeSlice,
  StringPrototypeToLowerCase,
} = primordials;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInQuotedString = /[^\t\x20-\x7e\x80-\xff]/;

function isToken(text) {
  return RegExpPrototypeExec(token, text) !== null;
}

// "HTTP whitespace".
function isSpace(code) {
  return code === 32 || code === 9 || code === 10 || code === 13;
}

// The text from `start` to `end` without the whitespace around it.
function stripped(text, start, end) {
  while (start < end && isSpace(StringPrototypeCharCodeAt(text, start))) start++;
  while (end > start && isSpace(StringPrototypeCharCodeAt(text, end - 1))) end--;
  return StringPrototypeSlice(text, start, end);
}

// Where `character` is, from `start` on; the end of the text if it is not.
function find(text, character, start) {
  const index = StringPrototypeIndexOf(text, character, start);
  return index === -1 ? text.length : index;
}

// The end of a quoted string that begins at `start`, behind its closing quote if it has one.
function quotedEnd(text, start) {
  for (let i = start + 1; i < text.length; i++) {
    const code = StringPrototypeCharCodeAt(text, i);
    if (code === 92) i++;
    else if (code === 34) return i + 1;
  }
  return text.length;
}

// "Collect an HTTP quoted string", its value: `text` from its opening quote on, up to `end` as quotedEnd says.
function quotedValue(text, start, end) {
  let value = "";
  let from = start + 1;
  for (let i = from; i < end; i++) {
    const code = StringPrototypeCharCodeAt(text, i);
    if (code === 34) return value + StringPrototypeSlice(text, from, i);
    if (code !== 92) continue;
    // A backslash at the very end stands for itself.
    if (i + 1 === text.length) break;
    value += StringPrototypeSlice(text, from, i);
    from = i + 1;
    i++;
  }
  return value + StringPrototypeSlice(text, from, end);
}

/** "Parse a MIME type": `{ essence, parameters }`, the names of parameters in lower case and the first of each kept; or null. */
export function parseMimeType(input) {
  input = stripped(input, 0, input.length);
  const slash = StringPrototypeIndexOf(input, "/");
  if (slash === -1) return null;
  let position = find(input, ";", slash);
  const type = StringPrototypeSlice(input, 0, slash);
  const subtype = trimEnd(StringPrototypeSlice(input, slash + 1, position));
  if (!isToken(type) || !isToken(subtype)) return null;
  const parameters = { __proto__: null };
  let equals = -1;
  while (position < input.length) {
    position++;
    while (isSpace(StringPrototypeCharCodeAt(input, position))) position++;
    const semicolon = find(input, ";", position);
    if (equals < position) equals = find(input, "=", position);
    if (equals > semicolon) {
      position = semicolon;
      continue;
    }
    if (equals === input.length) break;
    const name = StringPrototypeToLowerCase(StringPrototypeSlice(input, position, equals));
    position = equals + 1;
    if (position >= input.length) break;
    let value;
    if (StringPrototypeCharCodeAt(input, position) === 34) {
      const end = quotedEnd(input, position);
      value = quotedValue(input, position, end);
      position = find(input, ";", end);
    } else {
      value = trimEnd(StringPrototypeSlice(input, position, semicolon));
      position = semicolon;
      if (value === "") continue;
    }
    if (isToken(name) && RegExpPrototypeExec(notInQuotedString, value) === null && parameters[name] === undefined) {
      parameters[name] = value;
    }
  }
  return { __proto__: null, essence: StringPrototypeToLowerCase(`${type}/${subtype}`), parameters };
}

function trimEnd(text) {
  let end = text.length;
  while (end > 0 && isSpace(StringPrototypeCharCodeAt(text, end - 1))) end--;
  return StringPrototypeSlice(text, 0, end);
}

/** "Serialize a MIME type". */
export function serializeMimeType({ essence, parameters }) {
  let result = essence;
  for (const name in parameters) {
    const value = parameters[name];
    result += `;${name}=${isToken(value) ? value : quoted(value)}`;
  }
  return result;
}

function quoted(value) {
  let result = '"';
  let from = 0;
  for (let i = 0; i < value.length; i++) {
    const code = StringPrototypeCharCodeAt(value, i);
    if (code !== 34 && code !== 92) continue;
    result += `${StringPrototypeSlice(value, from, i)}\\`;
    from = i;
  }
  return `${result}${StringPrototypeSlice(value, from)}"`;
}

/**
 * "Extract a MIME type" (https://fetch.spec.whatwg.org/#concept-header-extract-mime-type) of a Content-Type, all values of
 * the header joined, or null: the last one that is a type, with the charset of those before it where they are the same.
 */
export function extractMimeType(contentType) {
  if (contentType === null) return null;
  const values = splitHeader(contentType);
  let charset;
  let result = null;
  for (let i = 0; i < values.length; i++) {
    const type = parseMimeType(values[i]);
    if (type === null || type.essence === "*/*") continue;
    if (result === null || type.essence !== result.essence) charset = type.parameters.charset;
    else if (type.parameters.charset === undefined && charset !== undefined) type.parameters.charset = charset;
    result = type;
  }
  return result;
}

// "Get, decode, and split": at the commas outside of quoted strings.
function splitHeader(text) {
  const values = [];
  let from = 0;
  for (let i = 0; i <= text.length; i++) {
    const code = StringPrototypeCharCodeAt(text, i);
    if (code === 34) {
      i = quotedEnd(text, i) - 1;
    } else if (code === 44 || i === text.length) {
      ArrayPrototypePush(values, stripped(text, from, i));
      from = i + 1;
    }
  }
  return values;
}
