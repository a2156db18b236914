// KeyObject (nodejs.org/api/crypto.html#class-keyobject). Keys of two halves are native; here are their numbers. Those of secret keys
// are bytes that no one else has.

import { isCryptoKey, keySlots } from "../../crypto/crypto_key.js";
import { copyBytes } from "../../fetch/body_source.js";
import { importKey } from "../../crypto/subtle_crypto.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { encodingNumber } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue, plainError, typeError } from "../internal/errors.js";
import { validateObject } from "../internal/validators.js";
import { setKeyObjectCheck } from "../util/types.js";
import { incompatible, keyEncoding, pem } from "./key_encoding.js";
import { byteLength, bytesOf, copyBuffer, encode, isBytes, operationFailed } from "./util.js";

const { BigInt, ObjectDefineProperty, SymbolToStringTag, Uint8Array } = primordials;

/** What a key is: `bytes` of a secret one; of others `id`, and what `nodeKeyInfo` says of them. */
class KeyHandle {
  /** @type {any} */
  bytes = undefined;
  /** @type {any} */
  id = undefined;
  kind = "";
  bits = 0;
  /** @type {any} */
  more = undefined;
}

let internals;

export class KeyObject {
  #type;
  #handle;

  constructor(type, handle) {
    if (type !== "secret" && type !== "public" && type !== "private") throw invalidArgValue("type", type);
    if (typeof handle !== "object" || !(handle instanceof KeyHandle)) throw invalidArgType("handle", "object", handle);
    this.#type = type;
    this.#handle = handle;
  }

  static from(key) {
    if (!isCryptoKey(key)) throw invalidArgType("key", "CryptoKey", key);
    return fromCryptoKey(key);
  }

  get type() {
    return this.#type;
  }

  equals(otherKeyObject) {
    if (!isKeyObject(otherKeyObject)) throw invalidArgType("otherKeyObject", "KeyObject", otherKeyObject);
    if (this.#type !== otherKeyObject.#type) return false;
    const own = this.#handle;
    const other = otherKeyObject.#handle;
    if (this.#type !== "secret") return ops.nodeKeyEquals(own.id, other.id);
    return byteLength(own.bytes) === byteLength(other.bytes) && ops.timingSafeEqual(own.bytes, other.bytes);
  }

  static {
    internals = {
      __proto__: null,
      is: (value) => typeof value === "object" && value !== null && #handle in value,
      handle: (key) => key.#handle,
      type: (key) => key.#type,
    };
  }
}

ObjectDefineProperty(KeyObject.prototype, SymbolToStringTag, { __proto__: null, value: "KeyObject", configurable: true });

export const isKeyObject = internals.is;
/** The native key's number, and what is known of it. */
export const handleOf = internals.handle;
/** Its type, whatever an app has made of the getter. */
export const typeOf = internals.type;
setKeyObjectCheck(isKeyObject);

class SecretKeyObject extends KeyObject {
  get symmetricKeySize() {
    return byteLength(handleOf(this).bytes);
  }

  export(options) {
    const { bytes } = handleOf(this);
    if (options !== undefined) {
      validateObject(options, "options");
      const { format } = options;
      if (format === "jwk") return { kty: "oct", k: base64Url(bytes) };
      if (format !== undefined && format !== "buffer") {
        throw invalidArgValue("options.format", format, "must be one of: undefined, 'buffer', 'jwk'");
      }
    }
    return encode(copyBuffer(bytes));
  }

  toCryptoKey(algorithm, extractable, keyUsages) {
    return importKey("raw", handleOf(this).bytes, algorithm, extractable, keyUsages);
  }
}

class AsymmetricKeyObject extends KeyObject {
  get asymmetricKeyType() {
    return handleOf(this).kind;
  }

  get asymmetricKeyDetails() {
    const { kind, bits, more } = handleOf(this);
    if (kind === "ec") return { namedCurve: more };
    if (kind !== "rsa" && kind !== "rsa-pss") return {};
    let publicExponent = 0n;
    const exponent = new Uint8Array(more);
    const length = byteLength(exponent);
    for (let at = 0; at < length; at++) publicExponent = publicExponent * 256n + BigInt(exponent[at]);
    return { modulusLength: bits, publicExponent };
  }

  toCryptoKey(algorithm, extractable, keyUsages) {
    const form = typeOf(this) === "public" ? "spki" : "pkcs8";
    const { kind, id, more } = handleOf(this);
    if (kind === "ec" && crvNames[more] === undefined) throw operationFailed("The curve is none of WebCrypto's");
    return importKey(form, new Uint8Array(ops.nodeKeyExport(id, form, undefined, undefined)), algorithm, extractable, keyUsages);
  }
}

class PublicKeyObject extends AsymmetricKeyObject {
  export(options) {
    if (options && options.format === "jwk") return exportJwk(this);
    return exportKey(this, keyEncoding(options, handleOf(this).kind, true));
  }
}

class PrivateKeyObject extends AsymmetricKeyObject {
  export(options) {
    if (options && options.format === "jwk") {
      if (options.passphrase !== undefined) throw incompatible("jwk", "does not support encryption");
      return exportJwk(this);
    }
    return exportKey(this, keyEncoding(options, handleOf(this).kind, false));
  }
}

function base64Url(bytes) {
  return ops.bytesToText(copyBytes(bytes), encodingNumber("base64url"));
}

/** A key in the form that `encoding` names (key_encoding.js). */
export function exportKey(key, encoding) {
  const { id } = handleOf(key);
  const { format, type, cipher, passphrase } = encoding;
  if (format === "jwk") return exportJwk(key);
  if (cipher !== undefined && ops.nodeCipherInfo(cipher) === undefined) {
    throw plainError("ERR_CRYPTO_UNKNOWN_CIPHER", "Unknown cipher");
  }
  if (cipher !== undefined && type !== "pkcs8") {
    const text = ops.nodeKeyExportEncrypted(id, type, cipher, passphrase);
    if (text === undefined) throw operationFailed("The key could not be exported");
    return encode(text, "latin1");
  }
  const der = ops.nodeKeyExport(id, type, cipher, passphrase);
  if (der === undefined) throw operationFailed("The key could not be exported");
  return format === "der" ? encode(der) : pem(der, type, typeOf(key) === "private", cipher !== undefined);
}

/** Curves of OpenSSL as JSON Web Keys name them. */
const crvNames = { __proto__: null, prime256v1: "P-256", secp256k1: "secp256k1", secp384r1: "P-384", secp521r1: "P-521" };
const rsaNames = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];

/** The members in Node.js's order. */
function exportJwk(key) {
  const { id, kind, more } = handleOf(key);
  const isPrivate = typeOf(key) === "private";
  if (kind === "rsa") {
    const numbers = ops.nodeKeyNumbers(id);
    const jwk = { kty: "RSA" };
    for (let at = 0; at < numbers.length; at++) jwk[rsaNames[at]] = base64Url(numbers[at]);
    return jwk;
  }
  if (kind === "ec") {
    const crv = crvNames[more];
    if (crv === undefined) throw plainError("ERR_CRYPTO_JWK_UNSUPPORTED_CURVE", `Unsupported JWK EC curve: ${more}.`);
    const numbers = ops.nodeKeyNumbers(id);
    const jwk = { kty: "EC", x: base64Url(numbers[0]), y: base64Url(numbers[1]), crv };
    return isPrivate ? { ...jwk, d: base64Url(numbers[2]) } : jwk;
  }
  if (kind !== "ed25519" && kind !== "x25519") {
    throw plainError("ERR_CRYPTO_JWK_UNSUPPORTED_KEY_TYPE", "Unsupported JWK Key Type.");
  }
  const numbers = ops.nodeKeyNumbers(id);
  const crv = kind === "ed25519" ? "Ed25519" : "X25519";
  const rest = { x: base64Url(numbers[0]), kty: "OKP" };
  return isPrivate ? { crv, d: base64Url(numbers[1]), ...rest } : { crv, ...rest };
}

/** A key of two halves that `make` makes for its owner: a number, or what the native says of why it is none. */
export function makeHandle(make) {
  const handle = new KeyHandle();
  const id = make(handle);
  if (typeof id === "number") describe(handle, id);
  return { __proto__: null, handle, made: id };
}

export function describe(handle, id) {
  const info = ops.nodeKeyInfo(id);
  handle.id = id;
  handle.kind = info[0];
  handle.bits = info[1];
  handle.more = info[2];
  return handle;
}

export function newHandle() {
  return new KeyHandle();
}

export function keyObject(type, handle) {
  return type === "public" ? new PublicKeyObject(type, handle) : new PrivateKeyObject(type, handle);
}

export function secretKey(bytes) {
  const handle = new KeyHandle();
  handle.bytes = copyBytes(bytes);
  return new SecretKeyObject("secret", handle);
}

/** The public half of a private key. */
export function publicHandle(handle) {
  return makeHandle((owner) => ops.nodeKeyPublic(owner, handle.id)).handle;
}

export function wrongType(type, expected) {
  return typeError("ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE", `Invalid key object type ${type}, expected ${expected}.`);
}

/** The bytes of a KeyObject or CryptoKey that is secret. */
export function secretOf(key) {
  const object = isCryptoKey(key) ? fromCryptoKey(key) : key;
  if (typeOf(object) !== "secret") throw wrongType(typeOf(object), "secret");
  return handleOf(object).bytes;
}

export function createSecretKey(key, encoding) {
  if (typeof key !== "string" && !isBytes(key)) throw invalidArgType("key", ["ArrayBuffer", "Buffer", "TypedArray", "DataView"], key);
  return secretKey(bytesOf(key, "key", encoding));
}

function exportSlots({ handle: { id }, algorithm: { name } }) {
  if (name === "ECDH" || name === "ECDSA") return ops.ecExport(id, false);
  if (name === "Ed25519" || name === "X25519") return ops.octetExport(id, false);
  return ops.rsaExport(id);
}

/** The same key as a KeyObject: one that may not be extracted, too, since it is given to no one. */
export function fromCryptoKey(cryptoKey) {
  const slots = keySlots(cryptoKey);
  const { type } = slots;
  if (type === "secret") return secretKey(ops.secretBytes(slots.handle.id));
  const form = type === "public" ? "spki" : "pkcs8";
  const { handle } = makeHandle((owner) => ops.nodeKeyParse(owner, type === "private", form, exportSlots(slots), undefined));
  return keyObject(type, handle);
}
