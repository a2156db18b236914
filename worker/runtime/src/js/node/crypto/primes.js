// Primes (nodejs.org/api/crypto.html#cryptogenerateprimesize-options-callback).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { invalidArgType, outOfRange, rangeError } from "../internal/errors.js";
import { validateBoolean, validateFunction, validateObject } from "../internal/validators.js";
import { byteLength, copyBuffer, isBytes, kMaxInt32, operationFailed, reportLater, validateInteger } from "./util.js";

const { ArrayPrototypePush, BigInt, BigIntPrototypeToString, Number, NumberParseInt, StringPrototypeSlice, Uint8Array } = primordials;

/** Bits of the largest prime that is looked for or checked. */
const kLargest = 4096;

function fromBigInt(number) {
  let hex = BigIntPrototypeToString(number, 16);
  if (hex.length % 2 !== 0) hex = `0${hex}`;
  const bytes = [];
  for (let at = 0; at < hex.length; at += 2) ArrayPrototypePush(bytes, NumberParseInt(StringPrototypeSlice(hex, at, at + 2), 16));
  return new Uint8Array(bytes);
}

function toBigInt(buffer) {
  const bytes = new Uint8Array(buffer);
  let hex = "0x0";
  const length = byteLength(bytes);
  for (let at = 0; at < length; at++) {
    const digits = BigIntPrototypeToString(BigInt(bytes[at]), 16);
    hex += digits.length < 2 ? `0${digits}` : digits;
  }
  return BigInt(hex);
}

function numberOf(value, name) {
  if (typeof value === "bigint") {
    if (value < 0n) throw outOfRange(name, ">= 0", value);
    return fromBigInt(value);
  }
  if (!isBytes(value)) throw invalidArgType(name, ["ArrayBuffer", "TypedArray", "Buffer", "DataView", "bigint"], value);
  return value;
}

function bitsOf(bytes) {
  return 8 * byteLength(bytes);
}

function checkGenerate(size, options) {
  validateInteger(size, "size", 1, kMaxInt32);
  validateObject(options, "options");
  const { safe = false, bigint = false } = options;
  let { add, rem } = options;
  validateBoolean(safe, "options.safe");
  validateBoolean(bigint, "options.bigint");
  if (add !== undefined) add = numberOf(add, "options.add");
  if (rem !== undefined) rem = numberOf(rem, "options.rem");
  if (add !== undefined) {
    const modulus = toBigInt(copyBuffer(add));
    if (modulus >= 2n ** BigInt(size)) throw rangeError("ERR_OUT_OF_RANGE", "invalid options.add");
    if (rem !== undefined && toBigInt(copyBuffer(rem)) >= modulus) throw rangeError("ERR_OUT_OF_RANGE", "invalid options.rem");
  }
  return { __proto__: null, size, safe, bigint, add, rem };
}

function runGenerate({ size, safe, bigint, add, rem }) {
  if (size > kLargest) throw operationFailed(`Primes of more than ${kLargest} bits are not looked for here`);
  const prime = ops.nodeGeneratePrime(size, safe, add, rem);
  if (prime === undefined) throw operationFailed("could not generate prime");
  return bigint ? toBigInt(prime) : prime;
}

export function generatePrimeSync(size, options = {}) {
  return runGenerate(checkGenerate(size, options));
}

export function generatePrime(size, options, callback) {
  let done = callback;
  let given = options;
  if (typeof given === "function") {
    done = given;
    given = {};
  }
  validateFunction(done, "callback");
  const checked = checkGenerate(size, given ?? {});
  reportLater(done, () => runGenerate(checked));
}

function checkCandidate(candidate, options) {
  const number = numberOf(candidate, "candidate");
  validateObject(options, "options");
  const { checks = 0 } = options;
  validateInteger(checks, "options.checks", 0, kMaxInt32);
  return { __proto__: null, number, checks: Number(checks) };
}

function runCheck({ number, checks }) {
  if (bitsOf(number) > kLargest) throw operationFailed(`Numbers of more than ${kLargest} bits are not checked here`);
  return ops.nodeCheckPrime(number, checks) === true;
}

export function checkPrimeSync(candidate, options = {}) {
  return runCheck(checkCandidate(candidate, options));
}

export function checkPrime(candidate, options, callback) {
  let done = callback;
  let given = options;
  if (typeof given === "function") {
    done = given;
    given = {};
  }
  validateFunction(done, "callback");
  const checked = checkCandidate(candidate, given ?? {});
  reportLater(done, () => runCheck(checked));
}
