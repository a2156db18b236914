// Content codings of responses (https://fetch.spec.whatwg.org/#handle-content-codings).

import { createCodingTransform } from "../compression/coding.js";
import { primordials } from "../primordials.js";
import { ReadableStreamPipeTo } from "../streams/readable/pipe_to.js";
import { readableStreamSlots } from "../streams/readable_stream.js";
import { seal } from "../streams/sealed_class.js";
import { writableStreamSlots } from "../streams/writable_stream.js";
import { StreamSource, streamFromSource } from "./body_source.js";

const { ArrayPrototypePush, StringPrototypeIndexOf, StringPrototypeSlice, StringPrototypeToLowerCase, StringPrototypeTrim } = primordials;

/** Names in `Content-Encoding` → formats of native coders that take what HTTP has, which is more than DecompressionStream does. */
const formats = {
  __proto__: null, br: "br content", deflate: "deflate content", gzip: "gzip content", "x-gzip": "gzip content",
};
/** More of them, one around the other, than are used. */
const mostCodings = 4;

/** What a request accepts that does not say it. */
export const acceptedCodings = "gzip, deflate, br";

function splitList(value) {
  const items = [];
  for (let rest = value; rest !== "";) {
    let comma = StringPrototypeIndexOf(rest, ",");
    if (comma === -1) comma = rest.length;
    const item = StringPrototypeToLowerCase(StringPrototypeTrim(StringPrototypeSlice(rest, 0, comma)));
    if (item !== "") ArrayPrototypePush(items, item);
    rest = StringPrototypeSlice(rest, comma + 1);
  }
  return items;
}

/** The codings of a `Content-Encoding`; "identity" is none. */
function splitCodings(codings) {
  const names = splitList(codings);
  const applied = [];
  for (let i = 0; i < names.length; i++) if (names[i] !== "identity") ArrayPrototypePush(applied, names[i]);
  return applied;
}

/** Whether a `Content-Encoding` names nothing but codings that can be decoded, and any at all. */
export function isDecodable(codings) {
  const names = splitCodings(codings);
  if (names.length === 0 || names.length > mostCodings) return false;
  for (let i = 0; i < names.length; i++) if (formats[names[i]] === undefined) return false;
  return true;
}

/** Whether an `Accept-Encoding`, or null, allows all of a `Content-Encoding`. */
export function acceptsCodings(accepted, codings) {
  if (accepted === null) return false;
  const items = splitList(accepted);
  const names = splitList(codings);
  for (let i = 0; i < names.length; i++) {
    let found = false;
    for (let j = 0; j < items.length; j++) {
      // `gzip;q=0` is a refusal; a client that grades gets what can be decoded for certain, too.
      if (items[j] === names[i]) found = true;
    }
    if (!found) return false;
  }
  return true;
}

/** A source whose bytes are decoded when they are asked for. `coded` gives them as they come. */
export class CodedSource {
  constructor(coded, codings) {
    this.coded = coded;
    this.codings = codings;
    this.isAliased = false;
    this.decoded = undefined;
  }

  pull() {
    this.decoded ??= this.decode();
    return this.decoded.pull();
  }

  cancel(reason) {
    return this.decoded === undefined ? this.coded.cancel(reason) : this.decoded.cancel(reason);
  }

  decode() {
    let stream = streamFromSource(this.coded);
    const names = splitCodings(this.codings);
    for (let i = names.length - 1; i >= 0; i--) {
      const { readable, writable } = createCodingTransform(formats[names[i]], true);
      // What goes wrong reaches the reader.
      ReadableStreamPipeTo(stream, writableStreamSlots(writable), false, false, false, undefined).isHandled = true;
      stream = readableStreamSlots(readable);
    }
    return new StreamSource(stream);
  }
}
seal(CodedSource);
