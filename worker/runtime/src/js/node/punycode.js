// node:punycode (nodejs.org/api/punycode.html): names of hosts as RFC 3492 writes them in ASCII.

import { primordials } from "../primordials.js";

const {
  ArrayPrototypeJoin, ArrayPrototypePush, ArrayPrototypeSplice, MathFloor, RangeError, RegExpPrototypeExec, StringFromCodePoint,
  StringPrototypeCharCodeAt, StringPrototypeCodePointAt, StringPrototypeIndexOf, StringPrototypeLastIndexOf, StringPrototypeReplaceAll,
  StringPrototypeSlice, StringPrototypeSplit, StringPrototypeStartsWith, StringPrototypeToLowerCase,
} = primordials;

// RFC 3492, section 5.
const kBase = 36;
const kMin = 1;
const kMax = 26;
const kSkew = 38;
const kDamp = 700;
const kFirstBias = 72;
const kFirstCode = 128;
const kLargest = 0x7fffffff;

function ucs2decode(text) {
  const codes = [];
  for (let at = 0; at < text.length;) {
    const code = StringPrototypeCodePointAt(text, at) ?? 0;
    ArrayPrototypePush(codes, code);
    at += code > 0xffff ? 2 : 1;
  }
  return codes;
}

function ucs2encode(codes) {
  let text = "";
  for (let at = 0; at < codes.length; at++) text += StringFromCodePoint(codes[at]);
  return text;
}

function adapt(given, count, isFirst) {
  let delta = isFirst ? MathFloor(given / kDamp) : MathFloor(given / 2);
  delta += MathFloor(delta / count);
  let k = 0;
  for (; delta > ((kBase - kMin) * kMax) / 2; k += kBase) delta = MathFloor(delta / (kBase - kMin));
  return k + MathFloor(((kBase - kMin + 1) * delta) / (delta + kSkew));
}

function threshold(k, bias) {
  if (k <= bias) return kMin;
  return k >= bias + kMax ? kMax : k - bias;
}

function digitOf(code) {
  if (code >= 48 && code <= 57) return code - 22;
  if (code >= 65 && code <= 90) return code - 65;
  return code >= 97 && code <= 122 ? code - 97 : kBase;
}

function overflow() {
  return new RangeError("Overflow: input needs wider integers to process");
}

function decode(input) {
  const output = [];
  const basic = StringPrototypeLastIndexOf(input, "-");
  for (let at = 0; at < basic; at++) {
    const code = StringPrototypeCharCodeAt(input, at);
    if (code >= kFirstCode) throw new RangeError("Illegal input >= 0x80 (not a basic code point)");
    ArrayPrototypePush(output, code);
  }
  let code = kFirstCode;
  let place = 0;
  let bias = kFirstBias;
  for (let at = basic > 0 ? basic + 1 : 0; at < input.length;) {
    const before = place;
    for (let weight = 1, k = kBase; ; k += kBase) {
      if (at >= input.length) throw new RangeError("Invalid input");
      const digit = digitOf(StringPrototypeCharCodeAt(input, at++));
      if (digit >= kBase) throw new RangeError("Invalid input");
      if (digit > (kLargest - place) / weight) throw overflow();
      place += digit * weight;
      const limit = threshold(k, bias);
      if (digit < limit) break;
      weight *= kBase - limit;
    }
    const length = output.length + 1;
    bias = adapt(place - before, length, before === 0);
    code += MathFloor(place / length);
    if (code > 0x10ffff) throw overflow();
    place %= length;
    ArrayPrototypeSplice(output, place++, 0, code);
  }
  return ucs2encode(output);
}

function digitText(digit) {
  return StringFromCodePoint(digit < 26 ? digit + 97 : digit + 22);
}

function encodeDelta(given, bias) {
  let text = "";
  let rest = given;
  for (let k = kBase; ; k += kBase) {
    const limit = threshold(k, bias);
    if (rest < limit) return text + digitText(rest);
    text += digitText(limit + ((rest - limit) % (kBase - limit)));
    rest = MathFloor((rest - limit) / (kBase - limit));
  }
}

function encode(text) {
  const codes = ucs2decode(text);
  let output = "";
  for (let at = 0; at < codes.length; at++) {
    if (codes[at] < kFirstCode) output += StringFromCodePoint(codes[at]);
  }
  const basic = output.length;
  let done = basic;
  if (basic > 0) output += "-";
  let code = kFirstCode;
  let delta = 0;
  let bias = kFirstBias;
  while (done < codes.length) {
    let next = kLargest;
    for (let at = 0; at < codes.length; at++) {
      if (codes[at] >= code && codes[at] < next) next = codes[at];
    }
    if (next - code > (kLargest - delta) / (done + 1)) throw overflow();
    delta += (next - code) * (done + 1);
    code = next;
    for (let at = 0; at < codes.length; at++) {
      if (codes[at] < code && ++delta > kLargest) throw overflow();
      if (codes[at] !== code) continue;
      output += encodeDelta(delta, bias);
      bias = adapt(delta, done + 1, done === basic);
      delta = 0;
      done++;
    }
    delta++;
    code++;
  }
  return output;
}

/** Converts each label of a name, or of an address of mail, whose part before the `@` stays. */
function mapLabels(domain, convert) {
  const at = StringPrototypeIndexOf(domain, "@");
  const labels = StringPrototypeSplit(
    StringPrototypeReplaceAll(StringPrototypeReplaceAll(StringPrototypeReplaceAll(
      StringPrototypeSlice(domain, at + 1), "\u3002", ".",
    ), "\uff0e", "."), "\uff61", "."), ".",
  );
  for (let label = 0; label < labels.length; label++) labels[label] = convert(labels[label]);
  return StringPrototypeSlice(domain, 0, at + 1) + ArrayPrototypeJoin(labels, ".");
}

function toASCII(domain) {
  return mapLabels(domain, (label) => (RegExpPrototypeExec(/[^\0-\x7f]/, label) === null ? label : `xn--${encode(label)}`));
}

export function toUnicode(domain) {
  return mapLabels(domain, (label) => (
    StringPrototypeStartsWith(label, "xn--") ? decode(StringPrototypeToLowerCase(StringPrototypeSlice(label, 4))) : label
  ));
}

export const moduleExports = {
  version: "2.1.0",
  ucs2: { decode: ucs2decode, encode: ucs2encode },
  decode,
  encode,
  toASCII,
  toUnicode,
};
