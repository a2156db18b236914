// What the parts of node:crypto have in common: bytes of arguments, results, and errors.

import { copyBytes } from "../../fetch/body_source.js";
import { setTimeout } from "../../html/timers.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { FastBuffer, isAnyArrayBuffer } from "../buffer/create.js";
import { encodingNumber, kUtf8, normalizeEncoding } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue, outOfRange, plainError, rangeError, typeError } from "../internal/errors.js";
import { validateNumber } from "../internal/validators.js";

const {
  ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, DataViewPrototypeGetByteLength, Error, NumberIsInteger, Symbol,
  TypedArrayPrototypeGetBuffer, TypedArrayPrototypeGetByteLength, TypedArrayPrototypeGetSymbolToStringTag, Uint8Array,
} = primordials;

/** Where objects keep the number of what is native of them. */
export const kHandle = Symbol("kHandle");

export const kMaxUint32 = 2 ** 32 - 1;
export const kMaxInt32 = 2 ** 31 - 1;

const textOrBytes = ["string", "ArrayBuffer", "Buffer", "TypedArray", "DataView"];

export function isBytes(value) {
  return ArrayBufferIsView(value) || isAnyArrayBuffer(value);
}

/** The bytes of a text; those of UTF-8 for an encoding that is none. */
export function textBytes(text, encoding = undefined) {
  return ops.textToBytes(text, encodingNumber(encoding) ?? kUtf8);
}

/** Node.js's getArrayBufferOrView. */
export function bytesOf(value, name, encoding = undefined) {
  if (typeof value === "string") return textBytes(value, encoding);
  if (!isBytes(value)) throw invalidArgType(name, textOrBytes, value);
  return value;
}

/** What is hashed, encrypted or signed: a text or a view. */
export function dataOf(data, encoding) {
  if (typeof data === "string") {
    if (data.length % 2 !== 0 && normalizeEncoding(encoding) === "hex") {
      throw invalidArgValue("encoding", encoding, `is invalid for data of length ${data.length}`);
    }
    return textBytes(data, encoding);
  }
  if (!ArrayBufferIsView(data)) throw invalidArgType("data", ["string", "Buffer", "TypedArray", "DataView"], data);
  return data;
}

export function byteLength(bytes) {
  if (!ArrayBufferIsView(bytes)) return ArrayBufferPrototypeGetByteLength(bytes);
  const isDataView = TypedArrayPrototypeGetSymbolToStringTag(bytes) === undefined;
  return isDataView ? DataViewPrototypeGetByteLength(bytes) : TypedArrayPrototypeGetByteLength(bytes);
}

/** A result's bytes as another ArrayBuffer, which may be given away. */
export function copyBuffer(bytes) {
  return TypedArrayPrototypeGetBuffer(copyBytes(bytes));
}

/** A result as a Buffer, or as text where there is an encoding. */
export function encode(result, encoding = undefined) {
  const number = encoding === "buffer" ? undefined : encodingNumber(encoding);
  return number === undefined ? new FastBuffer(result) : ops.bytesToText(new Uint8Array(result), number);
}

export function validateInteger(value, name, min = -kMaxSafe, max = kMaxSafe) {
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  if (!NumberIsInteger(value)) throw outOfRange(name, "an integer", value);
  validateNumber(value, name);
  if (value < min || value > max) throw outOfRange(name, `>= ${min} && <= ${max}`, value);
}

const kMaxSafe = 2 ** 53 - 1;

export function validateUint32(value, name, isPositive = false) {
  if (typeof value !== "number") throw invalidArgType(name, "number", value);
  if (!NumberIsInteger(value)) throw outOfRange(name, "an integer", value);
  const min = isPositive ? 1 : 0;
  if (value < min || value > kMaxUint32) throw outOfRange(name, `>= ${min} && <= ${kMaxUint32}`, value);
}

/** Calls back when work is done, with null before its result. It is done in a turn of its own, on the thread that there is. */
export function runLater(callback, work) {
  later(callback, work, null);
}

/** The same, for what has undefined for no error. */
export function reportLater(callback, work) {
  later(callback, work, undefined);
}

function later(callback, work, none) {
  setTimeout(() => {
    let result;
    try {
      result = work();
    } catch (error) {
      callback(error);
      return;
    }
    callback(none, result);
  }, 0);
}

/** An error as OpenSSL's are. `place`: its number, library and reason, as they stand in the message. */
export function opensslError(code, number, library, reason) {
  return namedError(code, `error:${number}:${library}::${reason}`, { __proto__: null, library, reason });
}

function namedError(code, message, properties) {
  /** @type {any} */
  const error = new Error(message);
  for (const name in properties) error[name] = properties[name];
  error.code = code;
  return error;
}

export function badDecrypt() {
  return opensslError("ERR_OSSL_BAD_DECRYPT", "1C800064", "Provider routines", "bad decrypt");
}

export function unsupportedKey() {
  return opensslError("ERR_OSSL_UNSUPPORTED", "1E08010C", "DECODER routines", "unsupported");
}

export function wrongKeyType() {
  const reason = "operation not supported for this keytype";
  return opensslError("ERR_OSSL_EVP_OPERATION_NOT_SUPPORTED_FOR_THIS_KEYTYPE", "03000096", "digital envelope routines", reason);
}

export function illegalPadding() {
  const reason = "illegal or unsupported padding mode";
  return opensslError("ERR_OSSL_ILLEGAL_OR_UNSUPPORTED_PADDING_MODE", "1C8000A5", "Provider routines", reason);
}

export function tooLargeForKey() {
  return opensslError("ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE", "0200006E", "rsa routines", "data too large for key size");
}

export function invalidDigest(name = undefined) {
  return typeError("ERR_CRYPTO_INVALID_DIGEST", name === undefined ? "Invalid digest" : `Invalid digest: ${name}`);
}

export function invalidState(operation = undefined) {
  const message = operation === undefined ? "Invalid state" : `Invalid state for operation ${operation}`;
  return plainError("ERR_CRYPTO_INVALID_STATE", message);
}

export function invalidCurve() {
  return typeError("ERR_CRYPTO_INVALID_CURVE", "Invalid EC curve name");
}

export function invalidKeyLength() {
  return rangeError("ERR_CRYPTO_INVALID_KEYLEN", "Invalid key length");
}

export function operationFailed(message) {
  return plainError("ERR_CRYPTO_OPERATION_FAILED", message);
}

export function finalized() {
  return plainError("ERR_CRYPTO_HASH_FINALIZED", "Digest already called");
}
