// Encryption with RSA (nodejs.org/api/crypto.html#cryptopublicencryptkey-buffer).

import { ops } from "../../ops.js";
import { invalidArgValue } from "../internal/errors.js";
import { validateString } from "../internal/validators.js";
import { asymmetricKey, kPrivate, kPublicOrPrivate } from "./key_input.js";
import { byteLength, bytesOf, opensslError, encode, tooLargeForKey, wrongKeyType } from "./util.js";

const kPkcs1 = 1;
const kOaep = 4;

function unknownPadding() {
  return opensslError("ERR_OSSL_RSA_UNKNOWN_PADDING_TYPE", "02000076", "rsa routines", "unknown padding type");
}

function invalidOaepHash() {
  const error = opensslError("ERR_OSSL_EVP_INVALID_DIGEST", "00000000", "digital envelope routines", "invalid digest");
  error.message = "Invalid digest used";
  return error;
}

function failed(operation, padding, key, data) {
  if (operation === "publicEncrypt" || operation === "privateEncrypt" || byteLength(data) * 8 > key.bits + 7) return tooLargeForKey();
  if (padding === kOaep) return opensslError("ERR_OSSL_RSA_OAEP_DECODING_ERROR", "02000079", "rsa routines", "oaep decoding error");
  if (padding === kPkcs1) {
    return opensslError("ERR_OSSL_RSA_BLOCK_TYPE_IS_NOT_01", "0200006A", "rsa routines", "block type is not 01");
  }
  return opensslError("ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_MODULUS", "02000084", "rsa routines", "data too large for modulus");
}

function rsaFunction(operation, fallback, purpose) {
  return (options, buffer) => {
    const key = asymmetricKey(options, purpose);
    const padding = options.padding || fallback;
    const { oaepHash, encoding } = options;
    if (oaepHash !== undefined) validateString(oaepHash, "key.oaepHash");
    const label = options.oaepLabel === undefined ? undefined : bytesOf(options.oaepLabel, "key.oaepLabel", encoding);
    const data = bytesOf(buffer, "buffer", encoding);
    if (key.kind !== "rsa") throw wrongKeyType();
    if (operation === "privateDecrypt" && padding === kPkcs1) {
      // Whoever is told whether the padding was right can decrypt anything: AWS-LC tells.
      throw invalidArgValueOfPadding(padding);
    }
    const isKnown = padding === kPkcs1 || padding === 3 || (padding === kOaep && operation !== "privateEncrypt" && operation !== "publicDecrypt");
    if (!isKnown) throw unknownPadding();
    if (padding === kOaep && oaepHash !== undefined && ops.nodeDigestInfo(oaepHash) === undefined) throw invalidOaepHash();
    const result = ops.nodeRsaCrypt(key.id, operation, padding, oaepHash ?? "sha1", label, data);
    if (result === undefined) throw failed(operation, padding, key, data);
    return encode(result);
  };
}

function invalidArgValueOfPadding(padding) {
  const error = invalidArgValue("padding", padding);
  error.message = "RSA_PKCS1_PADDING is no longer supported for private decryption";
  return error;
}

export const publicEncrypt = rsaFunction("publicEncrypt", kOaep, kPublicOrPrivate);
export const privateDecrypt = rsaFunction("privateDecrypt", kOaep, kPrivate);
export const privateEncrypt = rsaFunction("privateEncrypt", kPkcs1, kPrivate);
export const publicDecrypt = rsaFunction("publicDecrypt", kPkcs1, kPublicOrPrivate);
