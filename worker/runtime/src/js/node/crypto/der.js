// DER (ITU-T X.690) as certificates have it: definite lengths, tags of one byte. Nothing is read recursively: whoever reads says how
// deep.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { kLatin1, kUtf8 } from "../buffer/encodings.js";
import { byteLength } from "./util.js";

const { ArrayPrototypeJoin, ArrayPrototypePush, Error, StringFromCharCode, TypedArrayPrototypeSubarray } = primordials;

export const kInteger = 0x02;
export const kBitString = 0x03;
export const kOctetString = 0x04;
const kOid = 0x06;
export const kSequence = 0x30;
export const kSet = 0x31;

function malformed() {
  return new Error("wrong tag");
}

/** Elements that follow each other in a range of bytes. */
export class Der {
  constructor(bytes, at = 0, end = byteLength(bytes)) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  get isEmpty() {
    return this.at >= this.end;
  }

  /** The next element's tag; -1: there is none. */
  get tag() {
    return this.isEmpty ? -1 : this.bytes[this.at];
  }

  /** The next element: `{ tag, from, start, end }`, from its tag, and what it has. It must be of `tag`, if one is given. */
  element(tag = undefined) {
    const { bytes, at: from } = this;
    let at = from + 2;
    if (at > this.end || (bytes[from] & 0x1f) === 0x1f || (tag !== undefined && bytes[from] !== tag)) throw malformed();
    let length = bytes[from + 1];
    if (length > 0x84 || length === 0x80) throw malformed();
    if (length > 0x80) {
      const count = length - 0x80;
      if (at + count > this.end) throw malformed();
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + bytes[at + i];
      at += count;
    }
    if (length > this.end - at) throw malformed();
    this.at = at + length;
    return { __proto__: null, tag: bytes[from], from, start: at, end: at + length };
  }

  /** The elements within the next one. */
  enter(tag = undefined) {
    return this.inside(this.element(tag));
  }

  inside(element) {
    return new Der(this.bytes, element.start, element.end);
  }

  /** The bytes of what an element has. */
  content(element) {
    return TypedArrayPrototypeSubarray(this.bytes, element.start, element.end);
  }

  /** Its bytes with tag and length. */
  whole(element) {
    return TypedArrayPrototypeSubarray(this.bytes, element.from, element.end);
  }

  oid() {
    return oidOf(this.content(this.element(kOid)));
  }
}

/** The longest one that is read: what is longer is none. */
const MAX_OID = 128;

export function oidOf(bytes) {
  const length = byteLength(bytes);
  if (length === 0 || length > MAX_OID || (bytes[length - 1] & 0x80) !== 0) throw malformed();
  const parts = [];
  let value = 0;
  for (let at = 0; at < length; at++) {
    value = value * 128 + (bytes[at] & 0x7f);
    if (value > 2 ** 45) throw malformed();
    if ((bytes[at] & 0x80) !== 0) continue;
    if (parts.length === 0) {
      const first = value < 80 ? (value - (value % 40)) / 40 : 2;
      ArrayPrototypePush(parts, first, value - first * 40);
    } else {
      ArrayPrototypePush(parts, value);
    }
    value = 0;
  }
  return ArrayPrototypeJoin(parts, ".");
}

/** A string of any of ASN.1's kinds. */
export function textOf(tag, bytes) {
  switch (tag) {
    case 0x0c:
      return ops.bytesToText(bytes, kUtf8);
    case 0x1e:
    case 0x1c: {
      const size = tag === 0x1e ? 2 : 4;
      const length = byteLength(bytes);
      let text = "";
      for (let at = 0; at + size <= length; at += size) {
        text += StringFromCharCode((bytes[at + size - 2] << 8) | bytes[at + size - 1]);
      }
      return text;
    }
    default:
      return ops.bytesToText(bytes, kLatin1);
  }
}
