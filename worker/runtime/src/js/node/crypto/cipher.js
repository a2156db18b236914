// Ciphers (nodejs.org/api/crypto.html#class-cipheriv).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { normalizeEncoding } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue, plainError, typeError, unknownEncoding } from "../internal/errors.js";
import { validateObject, validateString } from "../internal/validators.js";
import { moduleExports as stringDecoder } from "../string_decoder.js";
import { secretBytes } from "./key_input.js";
import { LazyTransform } from "./lazy_transform.js";
import {
  badDecrypt, byteLength, bytesOf, dataOf, encode, invalidKeyLength, invalidState, kHandle, opensslError, validateInteger,
} from "./util.js";

const { ArrayPrototypeSlice, Error, ObjectSetPrototypeOf, ReflectApply, ReflectConstruct, StringPrototypeToLowerCase, Symbol, Uint8Array } = primordials;

const kDecoder = Symbol("kDecoder");

const ciphers = [
  "aes-128-cbc", "aes-128-cfb", "aes-128-ctr", "aes-128-ecb", "aes-128-gcm", "aes-128-ofb", "aes-192-cbc", "aes-192-cfb", "aes-192-ctr",
  "aes-192-ecb", "aes-192-gcm", "aes-192-ofb", "aes-256-cbc", "aes-256-cfb", "aes-256-ctr", "aes-256-ecb", "aes-256-gcm", "aes-256-ofb",
  "aes-256-xts", "aes128", "aes192", "aes256", "chacha20-poly1305", "des-ede", "des-ede-cbc", "des-ede-ecb", "des-ede3", "des-ede3-cbc",
  "des-ede3-ecb", "des3", "id-aes128-GCM", "id-aes192-GCM", "id-aes256-GCM",
];

export function getCiphers() {
  return ArrayPrototypeSlice(ciphers);
}

/** Names that OpenSSL says for others. */
const ownNames = {
  __proto__: null, "aes-128-gcm": "id-aes128-GCM", "aes-192-gcm": "id-aes192-GCM", "aes-256-gcm": "id-aes256-GCM", aes128: "aes-128-cbc",
  aes192: "aes-192-cbc", aes256: "aes-256-cbc", "des-ede-ecb": "des-ede", "des-ede3-ecb": "des-ede3", des3: "des-ede3-cbc",
};

function nameOfNumber(number) {
  for (let at = 0; at < ciphers.length; at++) {
    if (ops.nodeCipherInfo(ciphers[at])[4] === number) return ciphers[at];
  }
  return "";
}

export function getCipherInfo(nameOrNid, options) {
  if (typeof nameOrNid !== "string" && typeof nameOrNid !== "number") {
    throw invalidArgType("nameOrNid", ["string", "number"], nameOrNid);
  }
  if (typeof nameOrNid === "number") validateInteger(nameOrNid, "nameOrNid", -(2 ** 31), 2 ** 31 - 1);
  let keyLength;
  let ivLength;
  if (options !== undefined) {
    validateObject(options, "options");
    ({ keyLength, ivLength } = options);
    if (keyLength !== undefined) validateInteger(keyLength, "options.keyLength", -(2 ** 31), 2 ** 31 - 1);
    if (ivLength !== undefined) validateInteger(ivLength, "options.ivLength", -(2 ** 31), 2 ** 31 - 1);
  }
  const name = StringPrototypeToLowerCase(typeof nameOrNid === "number" ? nameOfNumber(nameOrNid) : nameOrNid);
  const found = ops.nodeCipherInfo(name);
  if (found === undefined) return undefined;
  const mode = found[0];
  const hasTag = mode === "gcm" || mode === "stream";
  if (keyLength !== undefined && keyLength !== found[1]) return undefined;
  if (ivLength !== undefined) {
    const isRight = mode === "stream" ? ivLength > 0 && ivLength <= 12 : hasTag ? ivLength > 0 : ivLength === found[2];
    if (!isRight) return undefined;
  }
  const info = { mode, name: StringPrototypeToLowerCase(ownNames[name] ?? name), nid: found[4] };
  if (mode !== "stream") info.blockSize = found[3];
  if (found[2] !== 0) info.ivLength = ivLength ?? found[2];
  info.keyLength = found[1];
  return info;
}

function optionOf(options, key) {
  const value = options?.[key];
  if (value === undefined || value === null) return undefined;
  if (value >>> 0 !== value) throw invalidArgValue(`options.${key}`, value);
  return value;
}

function invalidIv() {
  return typeError("ERR_CRYPTO_INVALID_IV", "Invalid initialization vector");
}

function invalidTag(length) {
  return typeError("ERR_CRYPTO_INVALID_AUTH_TAG", `Invalid authentication tag length: ${length}`);
}

function isGcmTag(length) {
  return length === 4 || length === 8 || (length >= 12 && length <= 16);
}

/** The state of a cipher: what Node.js keeps natively, and the number of what is native here. */
function open(owner, cipher, key, options, iv, encrypt) {
  validateString(cipher, "cipher");
  const encoding = options?.encoding;
  if (encoding !== undefined && encoding !== null) validateString(encoding, "options.encoding");
  const keyBytes = secretBytes(key, encoding);
  const ivBytes = iv === null ? new Uint8Array(0) : bytesOf(iv, "iv");
  let tagLength = optionOf(options, "authTagLength");
  const info = ops.nodeCipherInfo(cipher);
  if (info === undefined) throw plainError("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
  const mode = info[0];
  const ivLength = byteLength(ivBytes);
  const hasTag = mode === "gcm" || mode === "stream";
  if (ivLength === 0 ? info[2] !== 0 : ivLength !== info[2] && !hasTag) throw invalidIv();
  if (mode === "stream") {
    if (ivLength !== 12) throw invalidIv();
    tagLength ??= 16;
    if (tagLength > 16 || tagLength === 0) throw invalidTag(tagLength);
  } else if (mode === "gcm" && tagLength !== undefined && !isGcmTag(tagLength)) {
    throw invalidTag(tagLength);
  }
  if (byteLength(keyBytes) !== info[1]) throw invalidKeyLength();
  const id = ops.nodeCipherOpen(owner, cipher, encrypt, keyBytes, ivBytes);
  if (id === undefined) throw invalidIv();
  return {
    __proto__: null, id, encrypt, mode, hasTag, tagLength, block: info[3], isOver: false, tag: undefined, isTagSet: false, bytes: 0,
  };
}

/** A tag that was given goes to the native cipher before the first data. */
function passTag(state) {
  if (state.encrypt || state.tag === undefined || state.isTagSet) return;
  state.isTagSet = ops.nodeCipherSetTag(state.id, state.tag);
}

function unauthenticated() {
  return new Error("Unsupported state or unable to authenticate data");
}

function updateState(state, bytes) {
  if (state.isOver) throw new Error("Trying to add data in unsupported state");
  passTag(state);
  state.bytes += byteLength(bytes);
  const out = ops.nodeCipherUpdate(state.id, bytes);
  if (out === undefined) throw new Error("Trying to add data in unsupported state");
  return encode(out);
}

function finishState(state) {
  if (state.isOver) throw invalidState();
  state.isOver = true;
  passTag(state);
  if (state.hasTag && !state.encrypt && state.tag === undefined) throw unauthenticated();
  const out = ops.nodeCipherFinish(state.id);
  if (out !== undefined) {
    if (state.hasTag && state.encrypt) state.tag = ops.nodeCipherTag(state.id, state.tagLength ?? 16);
    return encode(out);
  }
  if (state.hasTag) throw unauthenticated();
  const isWhole = state.bytes > 0 && state.bytes % state.block === 0;
  if (!state.encrypt && isWhole) throw badDecrypt();
  throw opensslError("ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH", "1C80006B", "Provider routines", "wrong final block length");
}

/** The decoder of all results of a cipher, which have one encoding. */
function decoderOf(cipher, encoding) {
  const name = normalizeEncoding(encoding);
  cipher[kDecoder] ??= new stringDecoder.StringDecoder(encoding);
  if (cipher[kDecoder].encoding === name) return cipher[kDecoder];
  if (name === undefined) throw unknownEncoding(encoding);
  const report = "This is caused by either a bug in Node.js or incorrect usage of Node.js internals.\n" +
    "Please open an issue with this stack trace at https://github.com/nodejs/node/issues\n";
  throw plainError("ERR_INTERNAL_ASSERTION", `Cannot change encoding\n${report}`);
}

const methods = {
  update(data, inputEncoding, outputEncoding) {
    const result = updateState(this[kHandle], dataOf(data, inputEncoding));
    return outputEncoding && outputEncoding !== "buffer" ? decoderOf(this, outputEncoding).write(result) : result;
  },

  final(outputEncoding) {
    const result = finishState(this[kHandle]);
    return outputEncoding && outputEncoding !== "buffer" ? decoderOf(this, outputEncoding).end(result) : result;
  },

  setAutoPadding(on) {
    const state = this[kHandle];
    if (state.isOver) throw invalidState("setAutoPadding");
    ops.nodeCipherPadding(state.id, on === undefined ? true : !!on);
    return this;
  },

  setAAD(buffer, options) {
    const encoding = options?.encoding;
    if (encoding !== undefined && encoding !== null) validateString(encoding, "options.encoding");
    optionOf(options, "plaintextLength");
    const bytes = bytesOf(buffer, "aadbuf", encoding);
    const state = this[kHandle];
    if (state.isOver || !state.hasTag) throw invalidState("setAAD");
    passTag(state);
    if (!ops.nodeCipherAdditional(state.id, bytes)) throw invalidState("setAAD");
    return this;
  },

  _transform(chunk, encoding, callback) {
    this.push(updateState(this[kHandle], dataOf(chunk, encoding)));
    callback();
  },

  _flush(callback) {
    try {
      this.push(finishState(this[kHandle]));
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  },
};

/** @this {any} */
export function Cipheriv(cipher, key, iv, options) {
  if (!new.target) return ReflectConstruct(Cipheriv, [cipher, key, iv, options]);
  this[kHandle] = open(this, cipher, key, options, iv, true);
  ReflectApply(LazyTransform, this, [options]);
  this[kDecoder] = null;
}

ObjectSetPrototypeOf(Cipheriv, LazyTransform);
Cipheriv.prototype = {
  __proto__: LazyTransform.prototype,
  constructor: Cipheriv,
  ...methods,

  getAuthTag() {
    const state = this[kHandle];
    if (!state.isOver || state.tag === undefined) throw invalidState("getAuthTag");
    return encode(state.tag);
  },
};

/** @this {any} */
export function Decipheriv(cipher, key, iv, options) {
  if (!new.target) return ReflectConstruct(Decipheriv, [cipher, key, iv, options]);
  this[kHandle] = open(this, cipher, key, options, iv, false);
  ReflectApply(LazyTransform, this, [options]);
  this[kDecoder] = null;
}

ObjectSetPrototypeOf(Decipheriv, LazyTransform);
Decipheriv.prototype = {
  __proto__: LazyTransform.prototype,
  constructor: Decipheriv,
  ...methods,

  setAuthTag(tag, encoding) {
    const bytes = bytesOf(tag, "buffer", encoding);
    const state = this[kHandle];
    if (state.isOver || !state.hasTag || state.tag !== undefined) throw invalidState("setAuthTag");
    const length = byteLength(bytes);
    const isRight = state.mode === "gcm"
      ? (state.tagLength === undefined || state.tagLength === length) && isGcmTag(length)
      : state.tagLength === length;
    if (!isRight) throw invalidTag(length);
    state.tag = bytes;
    return this;
  },
};

export function createCipheriv(cipher, key, iv, options) {
  return ReflectConstruct(Cipheriv, [cipher, key, iv, options]);
}

export function createDecipheriv(cipher, key, iv, options) {
  return ReflectConstruct(Decipheriv, [cipher, key, iv, options]);
}
