// node:crypto (nodejs.org/api/crypto.html), over AWS-LC.

import { CryptoKey } from "../crypto/crypto_key.js";
import { crypto as webcrypto } from "../crypto/crypto.js";
import { subtle } from "../crypto/subtle_crypto.js";
import { ops } from "../ops.js";
import { createECDH, diffieHellman, ECDH, getCurves } from "./crypto/agreement.js";
import { Cipheriv, createCipheriv, createDecipheriv, Decipheriv, getCipherInfo, getCiphers } from "./crypto/cipher.js";
import { constants } from "./crypto/constants.js";
import { hkdf, hkdfSync, pbkdf2, pbkdf2Sync, scrypt, scryptSync } from "./crypto/derivation.js";
import {
  createDiffieHellman, createDiffieHellmanGroup, DiffieHellman, DiffieHellmanGroup,
} from "./crypto/diffie_hellman.js";
import { createHash, createHmac, getHashes, Hash, hash, Hmac } from "./crypto/hash.js";
import { createPrivateKey, createPublicKey } from "./crypto/key_input.js";
import { generateKey, generateKeyPair, generateKeyPairSync, generateKeySync } from "./crypto/keygen.js";
import { createSecretKey, KeyObject } from "./crypto/keys.js";
import { checkPrime, checkPrimeSync, generatePrime, generatePrimeSync } from "./crypto/primes.js";
import { getRandomValues, randomBytes, randomFill, randomFillSync, randomInt, randomUUID } from "./crypto/random.js";
import { privateDecrypt, privateEncrypt, publicDecrypt, publicEncrypt } from "./crypto/rsa.js";
import { createSign, createVerify, Sign, sign, Verify, verify } from "./crypto/sign.js";
import { byteLength, isBytes } from "./crypto/util.js";
import { X509Certificate } from "./crypto/x509.js";
import { notImplemented, rangeError, typeError } from "./internal/errors.js";

function timingSafeEqual(buf1, buf2) {
  const kinds = "must be an instance of ArrayBuffer, Buffer, TypedArray, or DataView.";
  if (!isBytes(buf1)) throw typeError("ERR_INVALID_ARG_TYPE", `The "buf1" argument ${kinds}`);
  if (!isBytes(buf2)) throw typeError("ERR_INVALID_ARG_TYPE", `The "buf2" argument ${kinds}`);
  if (byteLength(buf1) !== byteLength(buf2)) {
    throw rangeError("ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH", "Input buffers must have the same byte length");
  }
  return ops.timingSafeEqual(buf1, buf2);
}

/** What is in Node.js and not here: it says so when it is called. */
function missing(name) {
  // A function that may be called with `new`, too.
  return { [name]: function () {
    throw notImplemented(`crypto.${name}`);
  } }[name];
}

function getFips() {
  return 0;
}

function secureHeapUsed() {
  return { total: 0, used: 0, utilization: 0, min: 0 };
}

export const moduleExports = {
  checkPrime,
  checkPrimeSync,
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createDiffieHellmanGroup,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  createSign,
  createVerify,
  diffieHellman,
  generatePrime,
  generatePrimeSync,
  getCiphers,
  getCipherInfo,
  getCurves,
  getDiffieHellman: createDiffieHellmanGroup,
  getHashes,
  hkdf,
  hkdfSync,
  pbkdf2,
  pbkdf2Sync,
  generateKeyPair,
  generateKeyPairSync,
  generateKey,
  generateKeySync,
  privateDecrypt,
  privateEncrypt,
  publicDecrypt,
  publicEncrypt,
  prng: randomBytes,
  pseudoRandomBytes: randomBytes,
  randomBytes,
  randomFill,
  randomFillSync,
  randomInt,
  randomUUID,
  rng: randomBytes,
  scrypt,
  scryptSync,
  sign,
  setEngine: missing("setEngine"),
  timingSafeEqual,
  fips: false,
  getFips,
  setFips: missing("setFips"),
  verify,
  hash,
  Certificate: missing("Certificate"),
  // Of Node.js 20 and before.
  Cipher: missing("Cipher"),
  Decipher: missing("Decipher"),
  createCipher: missing("createCipher"),
  createDecipher: missing("createDecipher"),
  CryptoKey,
  Cipheriv,
  Decipheriv,
  DiffieHellman,
  DiffieHellmanGroup,
  ECDH,
  Hash,
  Hmac,
  KeyObject,
  Sign,
  Verify,
  X509Certificate,
  secureHeapUsed,
  constants,
  webcrypto,
  subtle,
  getRandomValues,
};
