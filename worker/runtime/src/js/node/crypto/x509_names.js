// Names in certificates (RFC 5280 sections 4.1.2.4 and 4.2.1.6), written as OpenSSL and Node.js write them, and compared with those that
// are asked for (RFC 6125).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { isIPv4, isIPv6 } from "../net/address.js";
import { kLatin1 } from "../buffer/encodings.js";
import { kSequence, kSet, oidOf, textOf } from "./der.js";
import { byteLength } from "./util.js";

const {
  ArrayIsArray, ArrayPrototypeJoin, ArrayPrototypePush, JSONStringify, NumberParseInt, NumberPrototypeToString, RegExpPrototypeExec,
  RegExpPrototypeSymbolReplace, StringPrototypeEndsWith, StringPrototypeIndexOf, StringPrototypeLastIndexOf, StringPrototypeSlice,
  StringPrototypeSplit, StringPrototypeStartsWith, StringPrototypeToLowerCase, StringPrototypeToUpperCase,
} = primordials;

/** OpenSSL's short names. */
const shortNames = {
  __proto__: null,
  "2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "street",
  "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.12": "title", "2.5.4.13": "description", "2.5.4.15": "businessCategory",
  "2.5.4.17": "postalCode", "2.5.4.41": "name", "2.5.4.42": "GN", "2.5.4.43": "initials", "2.5.4.44": "generationQualifier",
  "2.5.4.46": "dnQualifier", "2.5.4.65": "pseudonym", "2.5.4.97": "organizationIdentifier",
  "0.9.2342.19200300.100.1.1": "UID", "0.9.2342.19200300.100.1.25": "DC", "1.2.840.113549.1.9.1": "emailAddress",
  "1.3.6.1.4.1.311.60.2.1.1": "jurisdictionL", "1.3.6.1.4.1.311.60.2.1.2": "jurisdictionST", "1.3.6.1.4.1.311.60.2.1.3": "jurisdictionC",
};

/** A Name as `{ line, name, value }`, from the first to the last; those of one relative name have one `line`. */
export function readName(der) {
  const parts = [];
  for (let line = 0; !der.isEmpty; line++) {
    const set = der.enter(kSet);
    while (!set.isEmpty) {
      const pair = set.enter(kSequence);
      const oid = pair.oid();
      const value = pair.element();
      ArrayPrototypePush(parts, { __proto__: null, line, name: shortNames[oid] ?? oid, value: textOf(value.tag, pair.content(value)) });
    }
  }
  return parts;
}

function controlCode(character) {
  const code = StringPrototypeToUpperCase(NumberPrototypeToString(ops.textToBytes(character, kLatin1)[0], 16));
  return `\\${code.length < 2 ? "0" : ""}${code}`;
}

/** RFC 2253, section 2.4. */
function escaped(value) {
  let text = RegExpPrototypeSymbolReplace(/[,+"\\<>;]/g, value, "\\$&");
  text = RegExpPrototypeSymbolReplace(/[\u0000-\u001f\u007f]/g, text, controlCode);
  text = RegExpPrototypeSymbolReplace(/^[ #]/, text, "\\$&");
  return RegExpPrototypeSymbolReplace(/ $/, text, "\\ ");
}

/** A name with a line for each relative name. */
export function nameText(parts, separator = "\n") {
  let text = "";
  for (let at = 0; at < parts.length; at++) {
    const { line, name, value } = parts[at];
    if (at > 0) text += line === parts[at - 1].line ? " + " : separator;
    text += `${name}=${escaped(value)}`;
  }
  return text;
}

/** A name as an object; what is there more than once is a list. */
export function nameObject(parts) {
  const object = { __proto__: null };
  for (let at = 0; at < parts.length; at++) {
    const { name, value } = parts[at];
    const known = object[name];
    if (known === undefined) object[name] = value;
    else if (ArrayIsArray(known)) ArrayPrototypePush(known, value);
    else object[name] = [known, value];
  }
  return object;
}

function addressText(bytes) {
  const length = byteLength(bytes);
  const parts = [];
  if (length === 4) {
    for (let at = 0; at < 4; at++) ArrayPrototypePush(parts, bytes[at]);
    return ArrayPrototypeJoin(parts, ".");
  }
  if (length !== 16) return "<invalid length=" + length + ">";
  for (let at = 0; at < 16; at += 2) {
    ArrayPrototypePush(parts, StringPrototypeToUpperCase(NumberPrototypeToString((bytes[at] << 8) | bytes[at + 1], 16)));
  }
  return ArrayPrototypeJoin(parts, ":");
}

/** GeneralNames: `{ kind, value }`. `kind`: DNS, email, URI, IP Address, DirName, Registered ID, othername. */
export function readGeneralNames(der) {
  const names = [];
  while (!der.isEmpty) ArrayPrototypePush(names, readGeneralName(der));
  return names;
}

export function readGeneralName(der) {
  const element = der.element();
  const bytes = der.content(element);
  const text = () => ops.bytesToText(bytes, kLatin1);
  switch (element.tag) {
    case 0x81:
      return { __proto__: null, kind: "email", value: text() };
    case 0x82:
      return { __proto__: null, kind: "DNS", value: text() };
    case 0x86:
      return { __proto__: null, kind: "URI", value: text() };
    case 0x87:
      return { __proto__: null, kind: "IP Address", value: addressText(bytes) };
    case 0x88:
      return { __proto__: null, kind: "Registered ID", value: oidOf(bytes) };
    case 0xa4:
      return { __proto__: null, kind: "DirName", value: nameText(readName(der.inside(element).enter(kSequence)), ",") };
    default:
      return { __proto__: null, kind: "othername", value: "<unsupported>" };
  }
}

/** In quotes where it could be taken for more than one name (CVE-2021-44532). */
function quoted(value) {
  return RegExpPrototypeExec(/[,'"\\\u0000-\u001f\u007f-\uffff]/, value) === null ? value : JSONStringify(value);
}

export function generalNamesText(names) {
  const texts = [];
  for (let at = 0; at < names.length; at++) {
    const { kind, value } = names[at];
    ArrayPrototypePush(texts, `${kind}:${kind === "othername" ? value : quoted(value)}`);
  }
  return ArrayPrototypeJoin(texts, ", ");
}

/** Whether a name of a certificate, which may have a `*`, means a host. Both in lower case. */
function isHost(pattern, host, options) {
  if (pattern === host) return !StringPrototypeStartsWith(pattern, ".");
  const star = StringPrototypeIndexOf(pattern, "*");
  if (star === -1 || options.wildcards === false) return false;
  const dot = StringPrototypeIndexOf(pattern, ".");
  // One `*`, in the first label, before two more labels, and not in one of IDNA.
  const rest = StringPrototypeSlice(pattern, dot);
  const first = StringPrototypeSlice(pattern, 0, dot);
  const isFit = dot > star && StringPrototypeIndexOf(pattern, "*", star + 1) === -1 && StringPrototypeSplit(rest, ".").length > 2 &&
    !StringPrototypeStartsWith(first, "xn--") && !StringPrototypeEndsWith(rest, ".");
  if (!isFit || (first !== "*" && options.partialWildcards === false)) return false;
  if (!StringPrototypeEndsWith(host, rest)) return false;
  const found = StringPrototypeSlice(host, 0, host.length - rest.length);
  const before = StringPrototypeSlice(first, 0, star);
  const after = StringPrototypeSlice(first, star + 1);
  if (found.length < before.length + after.length || found.length === 0) return false;
  if (!StringPrototypeStartsWith(found, before) || !StringPrototypeEndsWith(found, after)) return false;
  if (first !== "*" && StringPrototypeStartsWith(found, "xn--")) return false;
  const isOne = StringPrototypeIndexOf(found, ".") === -1;
  return (isOne || options.multiLabelWildcards === true) && RegExpPrototypeExec(/^[a-z0-9.-]*$/, found) !== null;
}

function commonNames(subject, name) {
  const values = [];
  for (let at = 0; at < subject.length; at++) {
    if (subject[at].name === name) ArrayPrototypePush(values, subject[at].value);
  }
  return values;
}

/** The names that count: those of `kind`, and the subject's as `options.subject` says. */
function candidates(names, kind, subject, subjectName, options) {
  const values = [];
  for (let at = 0; at < names.length; at++) {
    if (names[at].kind === kind) ArrayPrototypePush(values, names[at].value);
  }
  const wish = options.subject ?? "default";
  if (wish === "always" || (wish === "default" && values.length === 0)) {
    const others = commonNames(subject, subjectName);
    for (let at = 0; at < others.length; at++) ArrayPrototypePush(values, others[at]);
  }
  return values;
}

/** The name that means a host, or undefined. */
export function matchHost(names, subject, host, options) {
  const wanted = StringPrototypeToLowerCase(host);
  const values = candidates(names, "DNS", subject, "CN", options);
  for (let at = 0; at < values.length; at++) {
    if (isHost(StringPrototypeToLowerCase(values[at]), wanted, options)) return values[at];
  }
  return undefined;
}

/** What stands before the `@` is as it is written; what is behind it is a host. */
export function matchEmail(names, subject, email, options) {
  const form = (text) => {
    const at = StringPrototypeLastIndexOf(text, "@");
    return at === -1 ? text : StringPrototypeSlice(text, 0, at) + StringPrototypeToLowerCase(StringPrototypeSlice(text, at));
  };
  const values = candidates(names, "email", subject, "emailAddress", options);
  for (let at = 0; at < values.length; at++) {
    if (form(values[at]) === form(email)) return email;
  }
  return undefined;
}

/** An address as certificates have it written: `2001:DB8:0:0:0:0:0:1`. Undefined: it is none. */
export function plainAddress(text) {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || StringPrototypeIndexOf(text, "%") !== -1) return undefined;
  const gap = StringPrototypeIndexOf(text, "::");
  const read = (part) => {
    const groups = [];
    if (part === "") return groups;
    const words = StringPrototypeSplit(part, ":");
    for (let at = 0; at < words.length; at++) {
      if (StringPrototypeIndexOf(words[at], ".") === -1) {
        ArrayPrototypePush(groups, NumberParseInt(words[at], 16));
      } else {
        const bytes = StringPrototypeSplit(words[at], ".");
        ArrayPrototypePush(groups, +bytes[0] * 256 + +bytes[1], +bytes[2] * 256 + +bytes[3]);
      }
    }
    return groups;
  };
  const head = read(gap === -1 ? text : StringPrototypeSlice(text, 0, gap));
  const tail = gap === -1 ? [] : read(StringPrototypeSlice(text, gap + 2));
  const groups = [];
  for (let at = 0; at < 8; at++) {
    const inTail = at - (8 - tail.length);
    const group = at < head.length ? head[at] : inTail >= 0 ? tail[inTail] : 0;
    ArrayPrototypePush(groups, StringPrototypeToUpperCase(NumberPrototypeToString(group, 16)));
  }
  return ArrayPrototypeJoin(groups, ":");
}
