// SocketAddress and BlockList of node:net (nodejs.org/api/net.html#class-netblocklist).

import { primordials } from "../../primordials.js";
import { invalidArgType, invalidArgValue, outOfRange } from "../internal/errors.js";
import { validateInteger, validateObject, validateString } from "../internal/validators.js";
import { isIPv4, isIPv6 } from "./address.js";

const {
  ArrayPrototypePush, ArrayPrototypeSlice, BigInt, NumberParseInt, StringPrototypeIndexOf, StringPrototypeLastIndexOf, StringPrototypeSlice,
  StringPrototypeSplit, StringPrototypeToLowerCase,
} = primordials;

/** Most rules of one list. A check looks at each. */
const MAX_RULES = 10_000;
const V4_IN_V6 = 0xffffn << 32n;

function v4Number(text) {
  const parts = StringPrototypeSplit(text, ".");
  let number = 0n;
  for (let at = 0; at < 4; at++) number = (number << 8n) | BigInt(parts[at]);
  return number;
}

function groups(text) {
  const found = [];
  if (text === "") return found;
  const parts = StringPrototypeSplit(text, ":");
  for (let at = 0; at < parts.length; at++) {
    if (StringPrototypeIndexOf(parts[at], ".") === -1) {
      ArrayPrototypePush(found, NumberParseInt(parts[at], 16));
    } else {
      const number = v4Number(parts[at]);
      ArrayPrototypePush(found, +`${number >> 16n}`, +`${number & 0xffffn}`);
    }
  }
  return found;
}

function v6Number(address) {
  const zone = StringPrototypeIndexOf(address, "%");
  const text = zone === -1 ? address : StringPrototypeSlice(address, 0, zone);
  const gap = StringPrototypeIndexOf(text, "::");
  const head = groups(gap === -1 ? text : StringPrototypeSlice(text, 0, gap));
  const tail = gap === -1 ? [] : groups(StringPrototypeSlice(text, gap + 2));
  let number = 0n;
  for (let at = 0; at < 8; at++) {
    const inTail = at - (8 - tail.length);
    const group = at < head.length ? head[at] : inTail >= 0 ? tail[inTail] : 0;
    number = (number << 16n) | BigInt(group);
  }
  return number;
}

function numberOf(address) {
  return address.family === "ipv4" ? v4Number(address.address) : v6Number(address.address);
}

function familyOf(value, name) {
  if (typeof value !== "string") throw invalidArgType(name, "string", value);
  const family = StringPrototypeToLowerCase(value);
  if (family !== "ipv4" && family !== "ipv6") throw invalidArgValue(name, value);
  return family;
}

/** An address and a port: values, to which nothing connects. */
export class SocketAddress {
  #address;
  #port;
  #family;
  #flowlabel;

  constructor(options = {}) {
    validateObject(options, "options");
    this.#family = familyOf(options.family ?? "ipv4", "options.family");
    const { address = this.#family === "ipv4" ? "127.0.0.1" : "::", port = 0, flowlabel = 0 } = options;
    validateString(address, "options.address");
    validateInteger(port, "options.port", 0, 65535);
    validateInteger(flowlabel, "options.flowlabel", 0, 2 ** 32 - 1);
    if (!(this.#family === "ipv4" ? isIPv4(address) : isIPv6(address))) throw invalidArgValue("options.address", address, "Invalid address");
    this.#address = address;
    this.#port = port;
    this.#flowlabel = this.#family === "ipv4" ? 0 : flowlabel;
  }

  static isSocketAddress(value) {
    return typeof value === "object" && value !== null && #address in value;
  }

  /** Undefined where `input` is no address with a port. */
  static parse(input) {
    validateString(input, "input");
    const colon = StringPrototypeLastIndexOf(input, ":");
    const isBracketed = input[0] === "[";
    const end = isBracketed ? StringPrototypeIndexOf(input, "]") : colon === -1 ? input.length : colon;
    const address = StringPrototypeSlice(input, isBracketed ? 1 : 0, end);
    const rest = StringPrototypeSlice(input, isBracketed ? end + 1 : end);
    const port = rest === "" ? 0 : +StringPrototypeSlice(rest, 1);
    try {
      return new SocketAddress({ address, port, family: isBracketed ? "ipv6" : "ipv4" });
    } catch {
      return undefined;
    }
  }

  get address() {
    return this.#address;
  }

  get port() {
    return this.#port;
  }

  get family() {
    return this.#family;
  }

  get flowlabel() {
    return this.#flowlabel;
  }

  toJSON() {
    return { address: this.#address, port: this.#port, family: this.#family, flowlabel: this.#flowlabel };
  }
}

function addressOf(value, family, name) {
  if (SocketAddress.isSocketAddress(value)) return value;
  validateString(value, name);
  return new SocketAddress({ address: value, family });
}

export class BlockList {
  /** { family, first, last, text }, the latest first in `rules`. */
  #rules = [];

  static isBlockList(value) {
    return typeof value === "object" && value !== null && #rules in value;
  }

  #add(family, first, last, text) {
    if (this.#rules.length >= MAX_RULES) throw outOfRange("rules", `<= ${MAX_RULES}`, this.#rules.length + 1);
    ArrayPrototypePush(this.#rules, { __proto__: null, family, first, last, text });
  }

  addAddress(address, family = "ipv4") {
    const known = addressOf(address, familyOf(family, "family"), "address");
    const number = numberOf(known);
    this.#add(known.family, number, number, `Address: ${nameOf(known)} ${known.address}`);
  }

  addRange(start, end, family = "ipv4") {
    const from = addressOf(start, familyOf(family, "family"), "start");
    const to = addressOf(end, from.family, "end");
    const first = numberOf(from);
    const last = numberOf(to);
    if (first > last) throw invalidArgValue("start", start, "must come before end");
    this.#add(from.family, first, last, `Range: ${nameOf(from)} ${from.address}-${to.address}`);
  }

  addSubnet(network, prefix, family = "ipv4") {
    const known = addressOf(network, familyOf(family, "family"), "network");
    const bits = known.family === "ipv4" ? 32 : 128;
    validateInteger(prefix, "prefix", 0, bits);
    const size = BigInt(bits - prefix);
    const first = (numberOf(known) >> size) << size;
    this.#add(known.family, first, first + (1n << size) - 1n, `Subnet: ${nameOf(known)} ${known.address}/${prefix}`);
  }

  check(address, family = "ipv4") {
    let known;
    try {
      known = addressOf(address, familyOf(family, "family"), "address");
    } catch (error) {
      if (typeof address !== "string") throw error;
      return false;
    }
    const number = numberOf(known);
    // An IPv4 address in IPv6 is the same one.
    const isMapped = known.family === "ipv6" && number >> 32n === V4_IN_V6 >> 32n;
    for (let at = 0; at < this.#rules.length; at++) {
      const { family: kind, first, last } = this.#rules[at];
      if (kind === known.family && number >= first && number <= last) return true;
      if (isMapped && kind === "ipv4" && number - V4_IN_V6 >= first && number - V4_IN_V6 <= last) return true;
    }
    return false;
  }

  get rules() {
    const texts = [];
    for (let at = this.#rules.length - 1; at >= 0; at--) ArrayPrototypePush(texts, this.#rules[at].text);
    return texts;
  }

  toJSON() {
    return this.rules;
  }

  fromJSON(value) {
    if (typeof value === "string" || value === null || typeof value !== "object") throw invalidArgType("value", ["string[]"], value);
    const texts = ArrayPrototypeSlice(value);
    for (let at = texts.length - 1; at >= 0; at--) {
      validateString(texts[at], "value");
      const words = StringPrototypeSplit(texts[at], " ");
      const rest = words[2] ?? "";
      if (words[0] === "Address:") this.addAddress(rest, words[1]);
      else if (words[0] === "Range:") this.addRange(StringPrototypeSplit(rest, "-")[0], StringPrototypeSplit(rest, "-")[1], words[1]);
      else if (words[0] === "Subnet:") this.addSubnet(StringPrototypeSplit(rest, "/")[0], +StringPrototypeSplit(rest, "/")[1], words[1]);
    }
  }
}

function nameOf(address) {
  return address.family === "ipv4" ? "IPv4" : "IPv6";
}
