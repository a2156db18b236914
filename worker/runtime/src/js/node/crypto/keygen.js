// Keys that are generated (nodejs.org/api/crypto.html#cryptogeneratekeypairtype-options-callback).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { invalidArgValue, plainError } from "../internal/errors.js";
import { validateFunction, validateObject, validateString } from "../internal/validators.js";
import { keyEncoding } from "./key_encoding.js";
import { describe, exportKey, keyObject, newHandle, secretKey } from "./keys.js";
import { invalidCurve, kMaxInt32, operationFailed, runLater, validateInteger, validateUint32 } from "./util.js";

const { ObjectDefineProperty, Promise, SymbolFor, Uint8Array } = primordials;

/** Bits of the largest RSA key that is made: what WebCrypto makes at most here. */
const kLargestModulus = 4096;

function encodingOf(options, name, keyType, isPublic) {
  const encoding = options?.[name];
  if (encoding === undefined || encoding === null) return undefined;
  if (typeof encoding !== "object") throw invalidArgValue(`options.${name}`, encoding);
  return keyEncoding(encoding, keyType, isPublic, name);
}

function tooSmall() {
  return plainError(undefined, "error:1C8000AB:Provider routines::key size too small");
}

function checkPair(type, options) {
  if (options !== undefined && options !== null) validateObject(options, "options");
  const job = {
    __proto__: null, kind: type, bits: 0, exponent: 0x10001,
    publicEncoding: encodingOf(options, "publicKeyEncoding", type, true),
    privateEncoding: encodingOf(options, "privateKeyEncoding", type, false),
  };
  switch (type) {
    case "rsa":
      validateObject(options, "options");
      validateUint32(options.modulusLength, "options.modulusLength");
      job.bits = options.modulusLength;
      if (options.publicExponent !== undefined && options.publicExponent !== null) {
        validateUint32(options.publicExponent, "options.publicExponent");
        job.exponent = options.publicExponent;
      }
      return job;
    case "ec":
      validateObject(options, "options");
      validateString(options.namedCurve, "options.namedCurve");
      job.kind = options.namedCurve;
      return job;
    case "ed25519":
    case "x25519":
      return job;
    case "dh":
    case "dsa":
    case "ed448":
    case "rsa-pss":
    case "x448":
      throw plainError("ERR_METHOD_NOT_IMPLEMENTED", `Keys of the type ${type} are not implemented`);
    default:
      throw invalidArgValue("type", type, "must be a supported key type");
  }
}

function runPair(type, job) {
  if (type === "rsa" && job.bits < 512) throw tooSmall();
  if (type === "rsa" && job.bits > kLargestModulus) {
    throw operationFailed(`Keys of more than ${kLargestModulus} bits are not generated here`);
  }
  const privateHandle = newHandle();
  const publicHandle = newHandle();
  const ids = ops.nodeKeyGenerate(privateHandle, publicHandle, job.kind, job.bits, job.exponent);
  if (ids === undefined) throw type === "ec" ? invalidCurve() : operationFailed("Key generation job failed");
  const privateKey = keyObject("private", describe(privateHandle, ids[0]));
  const publicKey = keyObject("public", describe(publicHandle, ids[1]));
  return {
    publicKey: job.publicEncoding === undefined ? publicKey : exportKey(publicKey, job.publicEncoding),
    privateKey: job.privateEncoding === undefined ? privateKey : exportKey(privateKey, job.privateEncoding),
  };
}

export function generateKeyPairSync(type, options) {
  validateString(type, "type");
  return runPair(type, checkPair(type, options));
}

export function generateKeyPair(type, options, callback) {
  let done = callback;
  let given = options;
  if (typeof given === "function") {
    done = given;
    given = undefined;
  }
  validateString(type, "type");
  const job = checkPair(type, given);
  validateFunction(done, "callback");
  // What is known to be wrong is thrown at once, as Node.js does.
  if (type === "ec" && ops.nodeEcGenerate(job.kind) === undefined) throw invalidCurve();
  const report = (error, pair) => {
    if (error !== null) done(error);
    else done(null, pair.publicKey, pair.privateKey);
  };
  runLater(report, () => runPair(type, job));
}

ObjectDefineProperty(generateKeyPair, SymbolFor("nodejs.util.promisify.custom"), {
  __proto__: null,
  value: (type, options) => new Promise((resolve, reject) => {
    generateKeyPair(type, options, (error, publicKey, privateKey) => {
      if (error) reject(error);
      else resolve({ publicKey, privateKey });
    });
  }),
});

/** The bytes of a secret key that is to be made. */
function checkSecret(type, options) {
  validateString(type, "type");
  if (type !== "aes" && type !== "hmac") throw invalidArgValue("type", type, "must be a supported key type");
  validateObject(options, "options");
  const { length } = options;
  if (type === "hmac") {
    validateInteger(length, "options.length", 8, kMaxInt32);
  } else if (length !== 128 && length !== 192 && length !== 256) {
    throw invalidArgValue("options.length", length, "must be one of: 128, 192, 256");
  }
  return length >>> 3;
}

function runSecret(count) {
  const bytes = new Uint8Array(count);
  ops.randomFill(bytes);
  return secretKey(bytes);
}

export function generateKeySync(type, options) {
  return runSecret(checkSecret(type, options));
}

export function generateKey(type, options, callback) {
  const count = checkSecret(type, options);
  validateFunction(callback, "callback");
  runLater(callback, () => runSecret(count));
}
