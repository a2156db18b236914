// Signatures (nodejs.org/api/crypto.html#class-sign).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { invalidArgType, invalidArgValue, plainError } from "../internal/errors.js";
import { validateFunction, validateString } from "../internal/validators.js";
import { Writable } from "../stream/writable.js";
import { asymmetricKey, kPrivate, kPublicOrPrivate } from "./key_input.js";
import {
  bytesOf, dataOf, encode, illegalPadding, invalidDigest, kHandle, opensslError, runLater, tooLargeForKey, wrongKeyType,
} from "./util.js";

const { ArrayBufferIsView, ObjectSetPrototypeOf, ReflectApply, ReflectConstruct } = primordials;

const kPkcs1 = 1;
const kPss = 6;
/** OpenSSL's numbers for the longest salt, and for whatever the signature has. */
const kMaxSalt = -2;

function notInitialised() {
  return plainError("ERR_CRYPTO_INVALID_STATE", "Not initialised");
}

function integerOption(options, name) {
  const value = options[name];
  if (value === undefined) return undefined;
  if (value !== value >> 0) throw invalidArgValue(`options.${name}`, value);
  return value;
}

/** How a key signs: what is beside the key in its object. */
function schemeOf(options) {
  const scheme = { __proto__: null, padding: undefined, salt: undefined, isP1363: false };
  if (typeof options !== "object") return scheme;
  scheme.padding = integerOption(options, "padding");
  scheme.salt = integerOption(options, "saltLength");
  const { dsaEncoding } = options;
  if (dsaEncoding === undefined || dsaEncoding === "der") return scheme;
  if (dsaEncoding !== "ieee-p1363") throw invalidArgValue("options.dsaEncoding", dsaEncoding);
  scheme.isP1363 = true;
  return scheme;
}

function isOctet(key) {
  return key.kind === "ed25519" || key.kind === "x25519";
}

function paddingOf(key, scheme) {
  const padding = scheme.padding ?? (key.kind === "rsa-pss" ? kPss : kPkcs1);
  const isRsa = key.kind === "rsa" || key.kind === "rsa-pss";
  if (isRsa && padding !== kPkcs1 && padding !== kPss) throw illegalPadding();
  return padding;
}

function signDigest(key, scheme, algorithm, digest) {
  const padding = paddingOf(key, scheme);
  const signature = ops.nodeSignDigest(key.id, algorithm, padding, scheme.salt ?? kMaxSalt, scheme.isP1363, digest);
  if (signature === undefined) throw key.kind === "ec" ? wrongKeyType() : tooLargeForKey();
  return signature;
}

function verifyDigest(key, scheme, algorithm, digest, signature) {
  const padding = paddingOf(key, scheme);
  return ops.nodeVerifyDigest(key.id, algorithm, padding, scheme.salt ?? kMaxSalt, scheme.isP1363, digest, signature) === true;
}

function open(object, algorithm, options) {
  validateString(algorithm, "algorithm");
  const id = ops.nodeDigestOpen(object, algorithm, undefined);
  if (id === undefined) throw invalidDigest();
  ReflectApply(Writable, object, [options]);
  object[kHandle] = { __proto__: null, id, algorithm };
}

function take(object) {
  const handle = object[kHandle];
  if (handle.id === undefined) throw notInitialised();
  const { id } = handle;
  handle.id = undefined;
  return ops.nodeDigestFinish(id, undefined);
}

const methods = {
  update(data, encoding) {
    const bytes = dataOf(data, encoding);
    const { id } = this[kHandle];
    if (id === undefined) throw notInitialised();
    ops.nodeDigestUpdate(id, bytes);
    return this;
  },

  _write(chunk, encoding, callback) {
    this.update(chunk, encoding);
    callback();
  },
};

function unsupported() {
  return plainError("ERR_CRYPTO_UNSUPPORTED_OPERATION", "Unsupported crypto operation");
}

/** @this {any} */
export function Sign(algorithm, options) {
  if (!new.target) return ReflectConstruct(Sign, [algorithm, options]);
  open(this, algorithm, options);
}

ObjectSetPrototypeOf(Sign, Writable);
Sign.prototype = {
  __proto__: Writable.prototype,
  constructor: Sign,
  ...methods,

  sign(options, encoding) {
    if (!options) throw keyRequired();
    const key = asymmetricKey(options, kPrivate);
    const scheme = schemeOf(options);
    const digest = take(this);
    if (isOctet(key)) throw unsupported();
    return encode(signDigest(key, scheme, this[kHandle].algorithm, digest), encoding);
  },
};

function keyRequired() {
  return plainError("ERR_CRYPTO_SIGN_KEY_REQUIRED", "No key provided to sign");
}

/** @this {any} */
export function Verify(algorithm, options) {
  if (!new.target) return ReflectConstruct(Verify, [algorithm, options]);
  open(this, algorithm, options);
}

ObjectSetPrototypeOf(Verify, Writable);
Verify.prototype = {
  __proto__: Writable.prototype,
  constructor: Verify,
  ...methods,

  verify(options, signature, encoding) {
    const key = asymmetricKey(options, kPublicOrPrivate);
    const scheme = schemeOf(options);
    const bytes = bytesOf(signature, "signature", encoding);
    const digest = take(this);
    if (isOctet(key)) throw unsupported();
    return verifyDigest(key, scheme, this[kHandle].algorithm, digest, bytes);
  },
};

export function createSign(algorithm, options) {
  return ReflectConstruct(Sign, [algorithm, options]);
}

export function createVerify(algorithm, options) {
  return ReflectConstruct(Verify, [algorithm, options]);
}

/** The digest that a key signs of data at once; undefined: it signs the data itself. */
function digestFor(key, algorithm, data) {
  if (algorithm && ops.nodeDigestInfo(algorithm) === undefined) throw invalidDigest(algorithm);
  if (isOctet(key)) {
    if (key.kind === "x25519") throw wrongKeyType();
    if (algorithm !== null && algorithm !== undefined) {
      throw opensslError("ERR_OSSL_INVALID_DIGEST", "1C80007A", "Provider routines", "invalid digest");
    }
    return undefined;
  }
  return ops.nodeDigest(algorithm ?? "sha256", data);
}

function checkOnce(algorithm, callback) {
  if (algorithm !== undefined && algorithm !== null) validateString(algorithm, "algorithm");
  if (callback !== undefined) validateFunction(callback, "callback");
}

export function sign(algorithm, data, key, callback) {
  checkOnce(algorithm, callback);
  const bytes = bytesOf(data, "data");
  if (!key) throw keyRequired();
  const scheme = schemeOf(key);
  const handle = asymmetricKey(key, kPrivate);
  const run = () => {
    const digest = digestFor(handle, algorithm, bytes);
    if (digest === undefined) return encode(ops.nodeSignData(handle.id, bytes));
    return encode(signDigest(handle, scheme, algorithm ?? "sha256", digest));
  };
  if (callback === undefined) return run();
  runLater(callback, run);
}

export function verify(algorithm, data, key, signature, callback) {
  checkOnce(algorithm, callback);
  const bytes = bytesOf(data, "data");
  const scheme = schemeOf(key);
  if (!ArrayBufferIsView(signature)) throw invalidArgType("signature", ["Buffer", "TypedArray", "DataView"], signature);
  const handle = asymmetricKey(key, kPublicOrPrivate);
  const run = () => {
    const digest = digestFor(handle, algorithm, bytes);
    if (digest === undefined) return ops.nodeVerifyData(handle.id, bytes, signature) === true;
    return verifyDigest(handle, scheme, algorithm ?? "sha256", digest, signature);
  };
  if (callback === undefined) return run();
  runLater(callback, run);
}
