// MIME types (https://mimesniff.spec.whatwg.org/#mime-types), as far as bodies need them.

import { primordials } from "../primordials.js";

const {
  RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeToLowerCase, StringPrototypeTrim,
} = primordials;

const essencePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const quotedPattern = /^"((?:[^"\\]|\\[^])*)"?/;

/** `{ essence, parameters }` of a Content-Type, names in lower case and the first of each kept; null where it is none. */
export function parseMimeType(input) {
  let semicolon = StringPrototypeIndexOf(input, ";");
  if (semicolon === -1) semicolon = input.length;
  const essence = StringPrototypeToLowerCase(StringPrototypeTrim(StringPrototypeSlice(input, 0, semicolon)));
  if (RegExpPrototypeExec(essencePattern, essence) === null) return null;
  const parameters = { __proto__: null };
  let rest = StringPrototypeSlice(input, semicolon + 1);
  while (rest !== "") {
    const equals = StringPrototypeIndexOf(rest, "=");
    const end = StringPrototypeIndexOf(rest, ";");
    if (equals === -1) break;
    if (end !== -1 && end < equals) {
      rest = StringPrototypeSlice(rest, end + 1);
      continue;
    }
    const name = StringPrototypeToLowerCase(StringPrototypeTrim(StringPrototypeSlice(rest, 0, equals)));
    rest = StringPrototypeSlice(rest, equals + 1);
    const quoted = RegExpPrototypeExec(quotedPattern, rest);
    let value;
    if (quoted !== null) {
      value = unescape(quoted[1]);
      rest = StringPrototypeSlice(rest, quoted[0].length);
    }
    let next = StringPrototypeIndexOf(rest, ";");
    if (next === -1) next = rest.length;
    value ??= StringPrototypeTrim(StringPrototypeSlice(rest, 0, next));
    rest = StringPrototypeSlice(rest, next + 1);
    if (name !== "" && value !== "" && parameters[name] === undefined) parameters[name] = value;
  }
  return { __proto__: null, essence, parameters };
}

function unescape(text) {
  let result = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "\\" && i + 1 < text.length) i++;
    result += text[i];
  }
  return result;
}
