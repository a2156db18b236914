// PBKDF2, scrypt and HKDF (nodejs.org/api/crypto.html#cryptopbkdf2password-salt-iterations-keylen-digest-callback). What takes long
// runs in loops of steps, which end where `cpu_ms` does.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { isAnyArrayBuffer } from "../buffer/create.js";
import { invalidArgType, outOfRange, plainError, rangeError } from "../internal/errors.js";
import { validateFunction, validateString } from "../internal/validators.js";
import { runSteps } from "../../crypto/algorithms/derivation.js";
import { isCryptoKey } from "../../crypto/crypto_key.js";
import { isKeyObject, secretOf } from "./keys.js";
import {
  byteLength, bytesOf, encode, invalidDigest, invalidKeyLength, kMaxInt32, kMaxUint32, runLater, validateInteger, validateUint32,
} from "./util.js";

const { ArrayBufferIsView } = primordials;

function checkPbkdf2(password, salt, iterations, keylen, digest) {
  validateString(digest, "digest");
  const passwordBytes = bytesOf(password, "password");
  const saltBytes = bytesOf(salt, "salt");
  validateInteger(iterations, "iterations", 1, kMaxInt32);
  validateInteger(keylen, "keylen", 0, kMaxInt32);
  const info = ops.nodeDigestInfo(digest);
  if (info === undefined || info[1]) throw invalidDigest(digest);
  return { __proto__: null, passwordBytes, saltBytes };
}

function runPbkdf2(checked, iterations, keylen, digest) {
  if (!ops.nodePbkdf2Start(digest, checked.passwordBytes, checked.saltBytes, iterations, keylen)) throw invalidDigest(digest);
  runSteps(ops.pbkdf2Step);
  return encode(ops.pbkdf2Result());
}

export function pbkdf2Sync(password, salt, iterations, keylen, digest) {
  const checked = checkPbkdf2(password, salt, iterations, keylen, digest);
  return runPbkdf2(checked, iterations, keylen, digest);
}

export function pbkdf2(password, salt, iterations, keylen, digest, callback) {
  let done = callback;
  let name = digest;
  if (typeof name === "function") {
    done = name;
    name = undefined;
  }
  const checked = checkPbkdf2(password, salt, iterations, keylen, name);
  validateFunction(done, "callback");
  runLater(done, () => runPbkdf2(checked, iterations, keylen, name));
}

const kDefaultMaxMemory = 32 * 1024 * 1024;

function scryptNumber(options, name, otherName, fallback) {
  const isThere = options[name] !== undefined;
  let value = fallback;
  if (isThere) {
    value = options[name];
    validateUint32(value, name);
  }
  if (options[otherName] !== undefined) {
    if (isThere) throw plainError("ERR_CRYPTO_SCRYPT_INVALID_PARAMETER", "Invalid scrypt parameter");
    value = options[otherName];
    validateUint32(value, otherName);
  }
  return value || fallback;
}

function invalidScrypt(reason = undefined) {
  const more = reason === undefined ? "" : `: error:030000AC:digital envelope routines::${reason}`;
  return rangeError("ERR_CRYPTO_INVALID_SCRYPT_PARAMS", `Invalid scrypt params${more}`);
}

function checkScrypt(password, salt, keylen, options) {
  const checked = { __proto__: null, password: bytesOf(password, "password"), salt: bytesOf(salt, "salt"), keylen, N: 16384, r: 8, p: 1 };
  validateInteger(keylen, "keylen", 0, kMaxInt32);
  let maxmem = kDefaultMaxMemory;
  if (options && options !== undefined) {
    checked.N = scryptNumber(options, "N", "cost", 16384);
    checked.r = scryptNumber(options, "r", "blockSize", 8);
    checked.p = scryptNumber(options, "p", "parallelization", 1);
    if (options.maxmem !== undefined) {
      validateInteger(options.maxmem, "maxmem", 0);
      maxmem = options.maxmem || kDefaultMaxMemory;
    }
  }
  const { N, r, p } = checked;
  if (N < 2 || (N & (N - 1)) !== 0 || p * r >= 2 ** 30 || (16 * r < 32 && N >= 2 ** (16 * r))) throw invalidScrypt();
  // As OpenSSL counts what it needs.
  if (128 * p * r + 32 * r * (N + 2) * 4 > maxmem) throw invalidScrypt("memory limit exceeded");
  return checked;
}

function runScrypt(checked) {
  ops.scryptStart(checked.password, checked.salt, checked.N, checked.r, checked.p, checked.keylen);
  runSteps(ops.scryptStep);
  return encode(ops.scryptResult());
}

export function scryptSync(password, salt, keylen, options) {
  return runScrypt(checkScrypt(password, salt, keylen, options));
}

export function scrypt(password, salt, keylen, options, callback) {
  let done = callback;
  let given = options;
  if (done === undefined) {
    done = given;
    given = undefined;
  }
  const checked = checkScrypt(password, salt, keylen, given);
  validateFunction(done, "callback");
  runLater(done, () => runScrypt(checked));
}

const keyKinds = ["string", "SecretKeyObject", "ArrayBuffer", "TypedArray", "DataView", "Buffer"];

function hkdfKey(key) {
  if (isKeyObject(key) || isCryptoKey(key)) return secretOf(key);
  if (typeof key !== "string" && !ArrayBufferIsView(key) && !isAnyArrayBuffer(key)) throw invalidArgType("ikm", keyKinds, key);
  return bytesOf(key, "key");
}

function checkHkdf(digest, key, salt, info, length) {
  validateString(digest, "digest");
  const checked = { __proto__: null, digest, key: hkdfKey(key), salt: bytesOf(salt, "salt"), info: bytesOf(info, "info"), length };
  validateInteger(length, "length", 0, kMaxUint32 + 1);
  const infoLength = byteLength(checked.info);
  if (infoLength > 1024) throw outOfRange("info", "must not contain more than 1024 bytes", infoLength);
  const found = ops.nodeDigestInfo(digest);
  if (found === undefined || found[1]) throw invalidDigest(digest);
  if (length > 255 * found[0]) throw invalidKeyLength();
  return checked;
}

function runHkdf({ digest, key, salt, info, length }) {
  return ops.nodeHkdf(digest, key, salt, info, length);
}

export function hkdfSync(digest, key, salt, info, length) {
  return runHkdf(checkHkdf(digest, key, salt, info, length));
}

export function hkdf(digest, key, salt, info, length, callback) {
  const checked = checkHkdf(digest, key, salt, info, length);
  validateFunction(callback, "callback");
  runLater(callback, () => runHkdf(checked));
}
