// util.MIMEType and util.MIMEParams (nodejs.org/api/util.html#class-utilmimetype).

import { primordials } from "../../primordials.js";
import { typeError } from "../internal/errors.js";

const {
  Map, MapPrototypeDelete, MapPrototypeEntries, MapPrototypeForEach, MapPrototypeGet,
  MapPrototypeHas, MapPrototypeKeys, MapPrototypeSet, MapPrototypeValues, ObjectDefineProperty, RegExpPrototypeExec, 
  StringPrototypeIndexOf, StringPrototypeReplaceAll, StringPrototypeSlice, StringPrototypeToLowerCase, SymbolIterator,
} = primordials;

const slice = StringPrototypeSlice;

/** Where the first character is that may not stand in a token, or in a value in quotes; -1: nowhere. */
function badInToken(text) {
  return RegExpPrototypeExec(/[^!#$%&'*+\-.^_`|~A-Za-z0-9]/, text)?.index ?? -1;
}

function badInValue(text) {
  return RegExpPrototypeExec(/[^\t\u0020-~\u0080-\u00ff]/, text)?.index ?? -1;
}

function invalid(what, text, at) {
  return typeError("ERR_INVALID_MIME_SYNTAX", `The MIME syntax for a ${what} in "${text}" is invalid${at === -1 ? "" : ` at ${at}`}`);
}

function isSpace(character) {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

function trimEnd(text) {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end--;
  return slice(text, 0, end);
}

function trimStart(text) {
  let start = 0;
  while (start < text.length && isSpace(text[start])) start++;
  return slice(text, start);
}

function checkToken(what, value, shown = value) {
  const bad = badInToken(value);
  if (value === "" || bad !== -1) throw invalid(what, shown, bad);
}

/** Where a character is, from some place on; the end where it is not. */
function find(text, character, from) {
  const at = StringPrototypeIndexOf(text, character, from);
  return at === -1 ? text.length : at;
}

let fill;
let textOf;

class MIMEParams {
  #data = new Map();

  static {
    fill = (params, text) => params.#fill(text);
    textOf = (params) => params.#text();
  }

  delete(name) {
    MapPrototypeDelete(this.#data, name);
  }

  get(name) {
    return MapPrototypeHas(this.#data, name) ? MapPrototypeGet(this.#data, name) : null;
  }

  has(name) {
    return MapPrototypeHas(this.#data, name);
  }

  set(givenName, givenValue) {
    const name = `${givenName}`;
    const value = `${givenValue}`;
    checkToken("parameter name", name);
    const bad = badInValue(value);
    if (bad !== -1) throw invalid("parameter value", value, bad);
    MapPrototypeSet(this.#data, name, value);
  }

  entries() {
    return MapPrototypeEntries(this.#data);
  }

  keys() {
    return MapPrototypeKeys(this.#data);
  }

  values() {
    return MapPrototypeValues(this.#data);
  }

  toString() {
    return this.#text();
  }

  #text() {
    let text = "";
    MapPrototypeForEach(this.#data, (value, name) => {
      const escaped = StringPrototypeReplaceAll(StringPrototypeReplaceAll(value, "\\", "\\\\"), '"', '\\"');
      const shown = value === "" || badInToken(value) !== -1 ? `"${escaped}"` : value;
      text += `${text === "" ? "" : ";"}${name}=${shown}`;
    });
    return text;
  }

  /** What is behind the type: what is no parameter is left out. */
  #fill(given) {
    const text = trimEnd(given);
    for (let at = 0; at < text.length; at++) {
      while (at < text.length && isSpace(text[at])) at++;
      const end = RegExpPrototypeExec(/[;=]/, text[at] ?? "") === null ? nextOf(text, at) : at;
      const name = StringPrototypeToLowerCase(slice(text, at, end));
      at = end;
      if (at >= text.length || text[at] === ";") continue;
      at++;
      let value;
      if (text[at] === '"') {
        const quoted = quotedAt(text, at + 1);
        ({ value } = quoted);
        at = find(text, ";", quoted.end);
      } else {
        const stop = find(text, ";", at);
        value = trimEnd(slice(text, at, stop));
        at = stop;
        if (value === "") continue;
      }
      const isRight = name !== "" && badInToken(name) === -1 && badInValue(value) === -1;
      if (isRight && !MapPrototypeHas(this.#data, name)) MapPrototypeSet(this.#data, name, value);
    }
  }
}

/** Where the name of a parameter ends. */
function nextOf(text, from) {
  let at = from;
  while (at < text.length && text[at] !== ";" && text[at] !== "=") at++;
  return at;
}

/** A value in quotes, and where it ends. */
function quotedAt(text, start) {
  let value = "";
  let at = start;
  for (; at < text.length && text[at] !== '"'; at++) {
    if (text[at] === "\\" && at + 1 < text.length) at++;
    value += text[at];
  }
  return { value, end: at };
}

class MIMEType {
  #type;
  #subtype;
  #params = new MIMEParams();

  constructor(input) {
    const text = `${input}`;
    const start = trimStart(text);
    const slash = find(start, "/", 0);
    const type = slice(start, 0, slash);
    const bad = badInToken(type);
    if (type === "" || bad !== -1 || slash === start.length) throw invalid("type", text, bad);
    const end = find(start, ";", slash);
    const subtype = trimEnd(slice(start, slash + 1, end));
    checkToken("subtype", subtype, text);
    this.#type = StringPrototypeToLowerCase(type);
    this.#subtype = StringPrototypeToLowerCase(subtype);
    fill(this.#params, slice(start, end + 1));
  }

  get type() {
    return this.#type;
  }

  set type(given) {
    const value = `${given}`;
    checkToken("type", value);
    this.#type = StringPrototypeToLowerCase(value);
  }

  get subtype() {
    return this.#subtype;
  }

  set subtype(given) {
    const value = `${given}`;
    checkToken("subtype", value);
    this.#subtype = StringPrototypeToLowerCase(value);
  }

  get essence() {
    return `${this.#type}/${this.#subtype}`;
  }

  get params() {
    return this.#params;
  }

  toString() {
    const params = textOf(this.#params);
    return `${this.#type}/${this.#subtype}${params === "" ? "" : `;${params}`}`;
  }
}

const hidden = { __proto__: null, configurable: true, writable: true, enumerable: false };
ObjectDefineProperty(MIMEParams.prototype, SymbolIterator, { ...hidden, value: MIMEParams.prototype.entries });
ObjectDefineProperty(MIMEParams.prototype, "toJSON", { ...hidden, value: MIMEParams.prototype.toString });
ObjectDefineProperty(MIMEType.prototype, "toJSON", { ...hidden, value: MIMEType.prototype.toString });

export { MIMEParams, MIMEType };
