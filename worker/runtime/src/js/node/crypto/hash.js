// Hash, Hmac and hash() (nodejs.org/api/crypto.html#class-hash).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { normalizeEncoding } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue } from "../internal/errors.js";
import { validateString } from "../internal/validators.js";
import { secretBytes } from "./key_input.js";
import { LazyTransform } from "./lazy_transform.js";
import { dataOf, encode, finalized, invalidDigest, kHandle, opensslError, textBytes, validateUint32 } from "./util.js";

const {
  ArrayBuffer, ArrayBufferIsView, ArrayPrototypeSlice, Error, ObjectSetPrototypeOf, ReflectApply, ReflectConstruct, StringPrototypeToLowerCase, Symbol,
} = primordials;

const kOutputLength = Symbol("kOutputLength");

const hashes = [
  "RSA-MD5", "RSA-RIPEMD160", "RSA-SHA1", "RSA-SHA224", "RSA-SHA256", "RSA-SHA3-224", "RSA-SHA3-256", "RSA-SHA3-384", "RSA-SHA3-512",
  "RSA-SHA384", "RSA-SHA512", "RSA-SHA512/224", "RSA-SHA512/256", "md5", "md5-sha1", "ripemd", "ripemd160", "rmd160", "sha1", "sha224",
  "sha256", "sha3-224", "sha3-256", "sha3-384", "sha3-512", "sha384", "sha512", "sha512-224", "sha512-256", "shake128", "shake256",
  "ssl3-md5", "ssl3-sha1",
];

export function getHashes() {
  return ArrayPrototypeSlice(hashes);
}

/** Of an XOF, the bytes that are asked for; of others, there is one number alone. */
function outputLengthOf(algorithm, options) {
  const length = typeof options === "object" && options !== null ? options.outputLength : undefined;
  if (length === undefined) return undefined;
  validateUint32(length, "options.outputLength");
  const info = ops.nodeDigestInfo(algorithm);
  if (info !== undefined && !info[1] && length !== info[0]) {
    const reason = "not XOF or invalid length";
    throw opensslError("ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH", "030000B2", "digital envelope routines", reason);
  }
  return length;
}

/** @this {any} */
export function Hash(algorithm, options) {
  if (!new.target) return ReflectConstruct(Hash, [algorithm, options]);
  validateString(algorithm, "algorithm");
  const outputLength = outputLengthOf(algorithm, options);
  const id = ops.nodeDigestOpen(this, algorithm, undefined);
  if (id === undefined) throw new Error("Digest method not supported");
  ReflectApply(LazyTransform, this, [options]);
  this[kHandle] = { __proto__: null, id, algorithm };
  this[kOutputLength] = outputLength;
}

ObjectSetPrototypeOf(Hash, LazyTransform);
Hash.prototype = {
  __proto__: LazyTransform.prototype,
  constructor: Hash,

  copy(options) {
    const handle = this[kHandle];
    if (handle.id === undefined) throw finalized();
    const copy = ReflectConstruct(Hash, [handle.algorithm, options]);
    copy[kHandle].id = ops.nodeDigestCopy(copy, handle.id);
    return copy;
  },

  update(data, encoding) {
    const { id } = this[kHandle];
    if (id === undefined) throw finalized();
    ops.nodeDigestUpdate(id, dataOf(data, encoding));
    return this;
  },

  digest(encoding) {
    const handle = this[kHandle];
    if (handle.id === undefined) throw finalized();
    const { id } = handle;
    handle.id = undefined;
    return encode(ops.nodeDigestFinish(id, this[kOutputLength]), encoding && `${encoding}`);
  },

  _transform(chunk, encoding, callback) {
    ops.nodeDigestUpdate(this[kHandle].id, dataOf(chunk, encoding));
    callback();
  },

  _flush(callback) {
    this.push(this.digest());
    callback();
  },
};

export function createHash(algorithm, options) {
  return ReflectConstruct(Hash, [algorithm, options]);
}

/** @this {any} */
export function Hmac(hmac, key, options) {
  if (!new.target) return ReflectConstruct(Hmac, [hmac, key, options]);
  validateString(hmac, "hmac");
  const bytes = secretBytes(key, options?.encoding);
  const info = ops.nodeDigestInfo(hmac);
  if (info === undefined) throw invalidDigest(hmac);
  if (info[1]) throw opensslError(undefined, "00000000", "lib(0)", "reason(0)");
  ReflectApply(LazyTransform, this, [options]);
  this[kHandle] = { __proto__: null, id: ops.nodeDigestOpen(this, hmac, bytes) };
}

ObjectSetPrototypeOf(Hmac, LazyTransform);
Hmac.prototype = {
  __proto__: LazyTransform.prototype,
  constructor: Hmac,

  update: Hash.prototype.update,

  // Node.js gives nothing for a second one.
  digest(encoding) {
    const handle = this[kHandle];
    const { id } = handle;
    handle.id = undefined;
    const result = id === undefined ? new ArrayBuffer(0) : ops.nodeDigestFinish(id, undefined);
    return encode(result, encoding && `${encoding}`);
  },

  _transform: Hash.prototype._transform,
  _flush: Hash.prototype._flush,
};

export function createHmac(hmac, key, options) {
  return ReflectConstruct(Hmac, [hmac, key, options]);
}

export function hash(algorithm, input, outputEncoding = "hex") {
  validateString(algorithm, "algorithm");
  if (typeof input !== "string" && !ArrayBufferIsView(input)) {
    throw invalidArgType("input", ["Buffer", "TypedArray", "DataView", "string"], input);
  }
  let encoding = outputEncoding;
  if (encoding !== "hex") {
    validateString(encoding, "outputEncoding");
    encoding = normalizeEncoding(encoding);
    if (encoding === undefined) {
      if (StringPrototypeToLowerCase(outputEncoding) !== "buffer") throw invalidArgValue("outputEncoding", outputEncoding);
      encoding = "buffer";
    }
  }
  const result = ops.nodeDigest(algorithm, typeof input === "string" ? textBytes(input) : input);
  if (result === undefined) throw new Error(`Digest method ${algorithm} is not supported`);
  return encode(result, encoding);
}
