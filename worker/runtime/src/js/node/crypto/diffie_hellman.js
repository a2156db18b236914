// DiffieHellman and its groups (nodejs.org/api/crypto.html#class-diffiehellman).

import { copyBytes } from "../../fetch/body_source.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { fromString } from "../buffer/create.js";
import { invalidArgType, invalidArgValue, plainError, rangeError } from "../internal/errors.js";
import { validateInteger } from "../internal/validators.js";
import { byteLength, bytesOf, copyBuffer, encode, isBytes, operationFailed } from "./util.js";

const {
  MathClz32, MathMin, ObjectDefineProperties, ObjectGetOwnPropertyDescriptors, ReflectConstruct, StringPrototypeToLowerCase, Symbol, TypedArrayPrototypeSubarray, Uint8Array,
} = primordials;

/** RFC 2409, of 768 and 1024 bits. Longer ones are native, of RFC 3526. */
const start = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b" +
  "302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a6";
const older = {
  __proto__: null,
  modp1: `${start}3a3620ffffffffffffffff`,
  modp2: `${start}37ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff`,
};
const groupBits = { __proto__: null, modp5: 1536, modp14: 2048, modp15: 3072, modp16: 4096, modp17: 6144, modp18: 8192 };

/** Bits of a prime that is looked for, and of one that is given. */
const MAX_NEW_BITS = 4096;
const MAX_BYTES = 1024;
/** Bits of a private key of a group: twice as many as the best of them is strong. */
const GROUP_KEY_BITS = 512;

const kState = Symbol("kState");

function withoutZeros(bytes) {
  let at = 0;
  while (at < byteLength(bytes) - 1 && bytes[at] === 0) at++;
  return TypedArrayPrototypeSubarray(bytes, at);
}

/** Whether the number of `one` is less than, equal to or more than that of `other`: -1, 0, 1. Both without zeros before them. */
function compare(one, other) {
  const length = byteLength(one);
  if (length !== byteLength(other)) return length < byteLength(other) ? -1 : 1;
  for (let at = 0; at < length; at++) {
    if (one[at] !== other[at]) return one[at] < other[at] ? -1 : 1;
  }
  return 0;
}

/** A number less one; it is odd. */
function lessOne(odd) {
  const bytes = copyBytes(odd);
  bytes[byteLength(bytes) - 1] &= 0xfe;
  return bytes;
}

function half(even) {
  const bytes = copyBytes(even);
  let carry = 0;
  for (let at = 0; at < byteLength(bytes); at++) {
    const value = bytes[at] | (carry << 8);
    bytes[at] = value >> 1;
    carry = value & 1;
  }
  return withoutZeros(bytes);
}

function isOne(bytes) {
  return byteLength(bytes) === 1 && bytes[0] <= 1;
}

function power(base, exponent, prime) {
  const result = ops.nodeModularPower(base, exponent, prime);
  if (result === undefined) throw operationFailed("The prime cannot be one");
  return new Uint8Array(result);
}

/** OpenSSL's DH_check: what is wrong with them, as `constants.DH_…`. */
function verify({ prime, generator, isGroup }) {
  if (isGroup) return 0;
  let wrong = 0;
  const below = lessOne(prime);
  if ((prime[byteLength(prime) - 1] & 1) === 0 || ops.nodeCheckPrime(prime, 0) !== true) wrong |= 1;
  else if (ops.nodeCheckPrime(half(below), 0) !== true) wrong |= 2;
  if (isOne(generator) || compare(generator, below) >= 0) wrong |= 8;
  return wrong;
}

/** A new prime p of which (p - 1) / 2 is one, and of which the generator makes the large subgroup. */
function newPrime(bits, generator) {
  validateInteger(bits, "sizeOrKey", 2, MAX_NEW_BITS);
  const add = generator === 5 ? 60 : 24;
  const isSmall = bits < 16;
  const prime = isSmall
    ? ops.nodeGeneratePrime(bits, true, undefined, undefined)
    : ops.nodeGeneratePrime(bits, true, new Uint8Array([add]), new Uint8Array([add - 1]));
  if (prime === undefined) throw operationFailed("The prime could not be generated");
  return withoutZeros(new Uint8Array(prime));
}

function generatorOf(generator, encoding) {
  if (generator === undefined || generator === null || generator === false) return new Uint8Array([2]);
  if (typeof generator === "number") {
    validateInteger(generator, "generator", 0, 2 ** 31 - 1);
    return withoutZeros(new Uint8Array([(generator >>> 24) & 255, (generator >>> 16) & 255, (generator >>> 8) & 255, generator & 255]));
  }
  if (typeof generator !== "string" && !isBytes(generator)) {
    throw invalidArgType("generator", ["number", "string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"], generator);
  }
  return withoutZeros(copyBytes(bytesOf(generator, "generator", encoding)));
}

function badGenerator() {
  return plainError("ERR_OSSL_DH_BAD_GENERATOR", "error:02800065:Diffie-Hellman routines::bad generator");
}

function state(prime, generator, isGroup) {
  return { __proto__: null, prime, generator, isGroup, private: undefined, public: undefined, wrong: undefined };
}

function noKey(name) {
  return plainError("ERR_CRYPTO_INVALID_KEYTYPE", `No ${name} key - did you forget to generate one?`);
}

const methods = {
  generateKeys(encoding = undefined) {
    const own = this[kState];
    if (own.private === undefined) {
      const bits = (byteLength(own.prime) - 1) * 8 + 32 - MathClz32(own.prime[0]) - 1;
      const length = own.isGroup ? MathMin(bits, GROUP_KEY_BITS) : bits;
      const bytes = new Uint8Array((length + 7) >> 3);
      ops.randomFill(bytes);
      if ((length & 7) !== 0) bytes[0] &= (1 << (length & 7)) - 1;
      // Never nought or one.
      bytes[byteLength(bytes) - 1] |= 2;
      own.private = withoutZeros(bytes);
    }
    own.public = withoutZeros(power(own.generator, own.private, own.prime));
    return encode(copyBuffer(own.public), encoding);
  },

  computeSecret(otherPublicKey, inputEncoding = undefined, outputEncoding = undefined) {
    const own = this[kState];
    const peer = withoutZeros(copyBytes(bytesOf(otherPublicKey, "otherPublicKey", inputEncoding)));
    if (byteLength(peer) === 0 || isOne(peer)) throw rangeError("ERR_CRYPTO_INVALID_KEYLEN", "Supplied key is too small");
    if (compare(peer, lessOne(own.prime)) >= 0) throw rangeError("ERR_CRYPTO_INVALID_KEYLEN", "Supplied key is too large");
    if (own.private === undefined) throw noKey("private");
    return encode(copyBuffer(power(peer, own.private, own.prime)), outputEncoding);
  },

  getPrime(encoding = undefined) {
    return encode(copyBuffer(this[kState].prime), encoding);
  },

  getGenerator(encoding = undefined) {
    return encode(copyBuffer(this[kState].generator), encoding);
  },

  getPublicKey(encoding = undefined) {
    const own = this[kState];
    if (own.public === undefined) throw noKey("public");
    return encode(copyBuffer(own.public), encoding);
  },

  getPrivateKey(encoding = undefined) {
    const own = this[kState];
    if (own.private === undefined) throw noKey("private");
    return encode(copyBuffer(own.private), encoding);
  },

  get verifyError() {
    const own = this[kState];
    return own.wrong ??= verify(own);
  },
};

/** @this {any} */
export function DiffieHellman(sizeOrKey, keyEncoding = undefined, givenGenerator = undefined, genEncoding = undefined) {
  if (!new.target) return ReflectConstruct(DiffieHellman, [sizeOrKey, keyEncoding, givenGenerator, genEncoding]);
  if (typeof sizeOrKey !== "number" && typeof sizeOrKey !== "string" && !isBytes(sizeOrKey)) {
    throw invalidArgType("sizeOrKey", ["number", "string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"], sizeOrKey);
  }
  // The encoding may be left out.
  const isEncoding = keyEncoding === undefined || keyEncoding === null || keyEncoding === "buffer" || typeof sizeOrKey === "string";
  const isLeftOut = !isEncoding && (typeof keyEncoding !== "string" || typeof sizeOrKey === "number");
  const encoding = isLeftOut ? undefined : keyEncoding;
  const generator = generatorOf(isLeftOut ? keyEncoding : givenGenerator, isLeftOut ? givenGenerator : genEncoding);
  if (isOne(generator)) throw badGenerator();
  if (typeof sizeOrKey === "number") {
    this[kState] = state(newPrime(sizeOrKey, byteLength(generator) === 1 ? generator[0] : 0), generator, false);
    return;
  }
  const prime = withoutZeros(copyBytes(bytesOf(sizeOrKey, "sizeOrKey", encoding)));
  if (byteLength(prime) > MAX_BYTES) throw rangeError("ERR_OUT_OF_RANGE", `A prime has at most ${MAX_BYTES * 8} bits`);
  if (byteLength(prime) === 0 || isOne(prime)) throw invalidArgValue("sizeOrKey", sizeOrKey, "is no prime");
  this[kState] = state(prime, generator, false);
}

DiffieHellman.prototype = {
  constructor: DiffieHellman,
  setPublicKey(key, encoding = undefined) {
    this[kState].public = withoutZeros(copyBytes(bytesOf(key, "key", encoding)));
  },
  setPrivateKey(key, encoding = undefined) {
    this[kState].private = withoutZeros(copyBytes(bytesOf(key, "key", encoding)));
  },
};

/** @this {any} */
export function DiffieHellmanGroup(name) {
  if (!new.target) return ReflectConstruct(DiffieHellmanGroup, [name]);
  if (typeof name !== "string") throw invalidArgType("name", "string", name);
  const group = StringPrototypeToLowerCase(name);
  const bits = groupBits[group];
  if (older[group] === undefined && bits === undefined) throw plainError("ERR_CRYPTO_UNKNOWN_DH_GROUP", "Unknown DH group");
  const prime = bits === undefined ? fromString(older[group], "hex") : new Uint8Array(ops.nodeStandardPrime(bits));
  this[kState] = state(prime, new Uint8Array([2]), true);
}

DiffieHellmanGroup.prototype = { constructor: DiffieHellmanGroup };

ObjectDefineProperties(DiffieHellman.prototype, ObjectGetOwnPropertyDescriptors(methods));
ObjectDefineProperties(DiffieHellmanGroup.prototype, ObjectGetOwnPropertyDescriptors(methods));

export function createDiffieHellman(sizeOrKey, keyEncoding = undefined, generator = undefined, genEncoding = undefined) {
  return ReflectConstruct(DiffieHellman, [sizeOrKey, keyEncoding, generator, genEncoding]);
}

export function createDiffieHellmanGroup(name) {
  return ReflectConstruct(DiffieHellmanGroup, [name]);
}
