// In which form a key is given or asked for: `format`, `type`, `cipher` and `passphrase` of options, and PEM texts.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { encodingNumber } from "../buffer/encodings.js";
import { invalidArgValue, plainError } from "../internal/errors.js";
import { validateObject } from "../internal/validators.js";
import { bytesOf, isBytes } from "./util.js";

const { StringPrototypeSlice, Uint8Array } = primordials;

export function incompatible(name, why) {
  return plainError("ERR_CRYPTO_INCOMPATIBLE_KEY_OPTIONS", `The selected key encoding ${name} ${why}.`);
}

function option(name, objectName) {
  return objectName === undefined ? `options.${name}` : `options.${objectName}.${name}`;
}

function formatOf(format, fallback, name) {
  if (format === undefined && fallback !== undefined) return fallback;
  if (format === "pem" || format === "der" || format === "jwk") return format;
  throw invalidArgValue(name, format);
}

function typeOf(type, isRequired, keyType, isPublic, name) {
  if (type === undefined && !isRequired) return undefined;
  switch (type) {
    case "pkcs1":
      if (keyType !== undefined && keyType !== "rsa") throw incompatible(type, "can only be used for RSA keys");
      return type;
    case "spki":
      if (isPublic !== false) return type;
      break;
    case "pkcs8":
      if (isPublic !== true) return type;
      break;
    case "sec1":
      if (isPublic === true) break;
      if (keyType !== undefined && keyType !== "ec") throw incompatible(type, "can only be used for EC keys");
      return type;
  }
  throw invalidArgValue(name, type);
}

/** `keyType`: of a key that is exported; undefined: one is read. `isPublic`: undefined where both halves will do. */
export function keyEncoding(encoding, keyType, isPublic, objectName = undefined) {
  validateObject(encoding, "options");
  const isInput = keyType === undefined;
  const format = formatOf(encoding.format, isInput ? "pem" : undefined, option("format", objectName));
  const isRequired = (!isInput || format === "der") && format !== "jwk";
  const type = typeOf(encoding.type, isRequired, keyType, isPublic, option("type", objectName));
  const parsed = { __proto__: null, format, type, cipher: undefined, passphrase: undefined };
  if (isPublic === true) return parsed;
  const { cipher, passphrase } = encoding;
  const isEncrypted = cipher !== undefined && cipher !== null;
  if (!isInput && isEncrypted) {
    if (typeof cipher !== "string") throw invalidArgValue(option("cipher", objectName), cipher);
    if (format === "der" && (type === "pkcs1" || type === "sec1")) throw incompatible(type, "does not support encryption");
    parsed.cipher = cipher;
  } else if (!isInput && passphrase !== undefined) {
    throw invalidArgValue(option("cipher", objectName), cipher);
  }
  const isTextOrBytes = typeof passphrase === "string" || isBytes(passphrase);
  if (!isTextOrBytes && (isInput ? passphrase !== undefined : isEncrypted)) {
    throw invalidArgValue(option("passphrase", objectName), passphrase);
  }
  if (passphrase !== undefined) parsed.passphrase = bytesOf(passphrase, "key.passphrase", encoding.encoding);
  return parsed;
}

function labelOf(type, isPrivate, isEncrypted) {
  if (isEncrypted) return "ENCRYPTED PRIVATE KEY";
  switch (type) {
    case "pkcs1":
      return isPrivate ? "RSA PRIVATE KEY" : "RSA PUBLIC KEY";
    case "sec1":
      return "EC PRIVATE KEY";
    case "spki":
      return "PUBLIC KEY";
    default:
      return "PRIVATE KEY";
  }
}

/** A PEM text (RFC 7468) of a key. */
export function pem(der, type, isPrivate, isEncrypted) {
  const label = labelOf(type, isPrivate, isEncrypted);
  const base64 = ops.bytesToText(new Uint8Array(der), encodingNumber("base64"));
  let text = `-----BEGIN ${label}-----\n`;
  for (let at = 0; at < base64.length; at += 64) text += `${StringPrototypeSlice(base64, at, at + 64)}\n`;
  return `${text}-----END ${label}-----\n`;
}
