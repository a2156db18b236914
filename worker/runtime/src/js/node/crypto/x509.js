// X509Certificate (nodejs.org/api/crypto.html#class-x509certificate), by RFC 5280. Certificates are read here, not natively: what a
// hostile one can do ends with the app's own JavaScript.

import { inspect } from "../../console/inspect.js";
import { copyBytes } from "../../fetch/body_source.js";
import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { encodingNumber } from "../buffer/encodings.js";
import { invalidArgType, invalidArgValue, rangeError } from "../internal/errors.js";
import { validateObject, validateString } from "../internal/validators.js";
import { Der, kBitString, kInteger, kOctetString, kSequence } from "./der.js";
import { createPublicKey } from "./key_input.js";
import { exportKey, handleOf, isKeyObject, typeOf } from "./keys.js";
import { verify } from "./sign.js";
import { byteLength, bytesOf, copyBuffer, encode, isBytes, opensslError } from "./util.js";
import {
  generalNamesText, matchEmail, matchHost, nameObject, nameText, plainAddress, readGeneralName, readGeneralNames, readName,
} from "./x509_names.js";

const {
  ArrayPrototypeJoin, ArrayPrototypePush, BigInt, BigIntPrototypeToString, Date, DatePrototypeToISOString, DateUTC, NumberPrototypeToString,
  ObjectDefineProperty, RegExpPrototypeExec, StringPrototypeIndexOf, StringPrototypePadStart, StringPrototypeSlice, StringPrototypeToUpperCase,
  SymbolFor, TypedArrayPrototypeSet, Uint8Array,
} = primordials;

/** Bytes of a certificate. */
const MAX_SIZE = 1 << 20;

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** Object identifiers of signatures: name, and the hash function's. */
const signatures = {
  __proto__: null,
  "1.2.840.113549.1.1.4": ["md5WithRSAEncryption", "md5"], "1.2.840.113549.1.1.5": ["sha1WithRSAEncryption", "sha1"],
  "1.2.840.113549.1.1.11": ["sha256WithRSAEncryption", "sha256"], "1.2.840.113549.1.1.12": ["sha384WithRSAEncryption", "sha384"],
  "1.2.840.113549.1.1.13": ["sha512WithRSAEncryption", "sha512"], "1.2.840.113549.1.1.14": ["sha224WithRSAEncryption", "sha224"],
  "1.2.840.10045.4.1": ["ecdsa-with-SHA1", "sha1"], "1.2.840.10045.4.3.1": ["ecdsa-with-SHA224", "sha224"],
  "1.2.840.10045.4.3.2": ["ecdsa-with-SHA256", "sha256"], "1.2.840.10045.4.3.3": ["ecdsa-with-SHA384", "sha384"],
  "1.2.840.10045.4.3.4": ["ecdsa-with-SHA512", "sha512"], "1.3.101.112": ["ED25519", undefined], "1.2.840.113549.1.1.10": ["rsassaPss", "pss"],
};
const hashes = {
  __proto__: null,
  "1.3.14.3.2.26": "sha1", "2.16.840.1.101.3.4.2.1": "sha256", "2.16.840.1.101.3.4.2.2": "sha384", "2.16.840.1.101.3.4.2.3": "sha512",
  "2.16.840.1.101.3.4.2.4": "sha224",
};
const accessMethods = { __proto__: null, "1.3.6.1.5.5.7.48.1": "OCSP", "1.3.6.1.5.5.7.48.2": "CA Issuers" };
const nistCurves = { __proto__: null, prime256v1: "P-256", secp224r1: "P-224", secp384r1: "P-384", secp521r1: "P-521" };

const kBegin = "-----BEGIN ";
const kEnd = "-----END";

/** Whatever is wrong with it: that it is no PEM either is what Node.js says last. */
function notRead() {
  return opensslError("ERR_OSSL_PEM_NO_START_LINE", "0480006C", "PEM routines", "no start line");
}

/** The bytes of the first certificate in a PEM text; undefined: there is none. */
function fromPem(text) {
  const label = RegExpPrototypeExec(/-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/, text);
  if (label === null) return undefined;
  const body = StringPrototypeSlice(text, label.index + label[0].length);
  const end = StringPrototypeIndexOf(body, kEnd);
  if (end === -1) return undefined;
  return ops.textToBytes(StringPrototypeSlice(body, 0, end), encodingNumber("base64"));
}

function bytesIn(input) {
  if (byteLength(input) > MAX_SIZE) throw rangeError("ERR_OUT_OF_RANGE", `A certificate has at most ${MAX_SIZE} bytes`);
  const bytes = copyBytes(input);
  const text = ops.bytesToText(bytes, encodingNumber("latin1"));
  if (StringPrototypeIndexOf(text, kBegin) === -1) return bytes;
  const found = fromPem(text);
  if (found === undefined) throw notRead();
  return found;
}

/** A UTCTime or GeneralizedTime, in milliseconds. */
function readTime(der) {
  const element = der.element();
  const text = ops.bytesToText(der.content(element), encodingNumber("latin1"));
  const pattern = element.tag === 0x17 ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
  const parts = RegExpPrototypeExec(pattern, text);
  if ((element.tag !== 0x17 && element.tag !== 0x18) || parts === null) throw notRead();
  let year = +parts[1];
  if (element.tag === 0x17) year += year < 50 ? 2000 : 1900;
  return DateUTC(year, +parts[2] - 1, +parts[3], +parts[4], +parts[5], +(parts[6] ?? 0));
}

function timeText(milliseconds) {
  const seconds = (milliseconds - (((milliseconds % 1000) + 1000) % 1000)) / 1000;
  const iso = dateIso(seconds * 1000);
  const day = +StringPrototypeSlice(iso, 8, 10);
  const year = +StringPrototypeSlice(iso, 0, 4);
  return `${months[+StringPrototypeSlice(iso, 5, 7) - 1]} ${day < 10 ? " " : ""}${day} ${StringPrototypeSlice(iso, 11, 19)} ${year} GMT`;
}

function dateIso(milliseconds) {
  return DatePrototypeToISOString(new Date(milliseconds));
}

function hex(bytes, separator = "") {
  const parts = [];
  const length = byteLength(bytes);
  for (let at = 0; at < length; at++) {
    ArrayPrototypePush(parts, StringPrototypePadStart(StringPrototypeToUpperCase(NumberPrototypeToString(bytes[at], 16)), 2, "0"));
  }
  return ArrayPrototypeJoin(parts, separator);
}

function isEqual(one, other) {
  return byteLength(one) === byteLength(other) && ops.timingSafeEqual(one, other);
}

function serialText(bytes) {
  let text = hex(bytes);
  while (text.length > 2 && StringPrototypeSlice(text, 0, 2) === "00") text = StringPrototypeSlice(text, 2);
  return text;
}

/** All that is known of a certificate. */
function read(bytes) {
  const outer = new Der(bytes);
  const certificate = outer.element(kSequence);
  const parts = outer.inside(certificate);
  const toBeSigned = parts.element(kSequence);
  const algorithm = parts.enter(kSequence);
  const signature = parts.content(parts.element(kBitString));
  if (byteLength(signature) < 1 || signature[0] !== 0) throw notRead();
  const algorithmOid = algorithm.oid();
  const found = {
    __proto__: null,
    raw: outer.whole(certificate),
    signed: parts.whole(toBeSigned),
    signature: copyBytes(parts.content({ __proto__: null, start: parts.at - byteLength(signature) + 1, end: parts.at })),
    algorithmOid,
    parameters: algorithm,
    extensions: { __proto__: null },
  };
  const inner = parts.inside(toBeSigned);
  if (inner.tag === 0xa0) inner.element();
  found.serial = inner.content(inner.element(kInteger));
  inner.element(kSequence);
  const issuer = inner.element(kSequence);
  found.issuerBytes = inner.whole(issuer);
  found.issuer = readName(inner.inside(issuer));
  const validity = inner.enter(kSequence);
  found.from = readTime(validity);
  found.to = readTime(validity);
  const subject = inner.element(kSequence);
  found.subjectBytes = inner.whole(subject);
  found.subject = readName(inner.inside(subject));
  found.keyBytes = copyBytes(inner.whole(inner.element(kSequence)));
  while (!inner.isEmpty) {
    const element = inner.element();
    if (element.tag !== 0xa3) continue;
    const list = inner.inside(element).enter(kSequence);
    while (!list.isEmpty) {
      const extension = list.enter(kSequence);
      const oid = extension.oid();
      if (extension.tag === 0x01) extension.element();
      found.extensions[oid] ??= new Der(extension.content(extension.element(kOctetString)));
    }
  }
  return found;
}

/** What an extension says; undefined where there is none, or it cannot be read. */
function extension(found, oid, readIt) {
  const der = found.extensions[oid];
  if (der === undefined) return undefined;
  try {
    return readIt(new Der(der.bytes, der.at, der.end));
  } catch {
    return undefined;
  }
}

function readAll(found) {
  const { extensions: _, ...all } = found;
  all.names = extension(found, "2.5.29.17", (der) => readGeneralNames(der.enter(kSequence)));
  all.keyUsage = extension(found, "2.5.29.37", (der) => {
    const oids = [];
    const list = der.enter(kSequence);
    while (!list.isEmpty) ArrayPrototypePush(oids, list.oid());
    return oids;
  });
  all.isAuthority = extension(found, "2.5.29.19", (der) => {
    const list = der.enter(kSequence);
    return list.tag === 0x01 && list.content(list.element())[0] !== 0;
  }) === true;
  all.mayIssue = extension(found, "2.5.29.15", (der) => {
    const bits = der.content(der.element(kBitString));
    return (bits[1] & 0x04) !== 0;
  }) ?? true;
  all.subjectKey = extension(found, "2.5.29.14", (der) => der.content(der.element(kOctetString)));
  all.issuerKey = extension(found, "2.5.29.35", (der) => {
    const list = der.enter(kSequence);
    return list.tag === 0x80 ? list.content(list.element()) : undefined;
  });
  all.access = extension(found, "1.3.6.1.5.5.7.1.1", (der) => {
    const entries = [];
    const list = der.enter(kSequence);
    while (!list.isEmpty) {
      const pair = list.enter(kSequence);
      const oid = pair.oid();
      const { kind, value } = readGeneralName(pair);
      ArrayPrototypePush(entries, { __proto__: null, name: `${accessMethods[oid] ?? oid} - ${kind}`, value });
    }
    return entries;
  });
  return all;
}

/** RSASSA-PSS-params (RFC 4055 section 3.1): hash function and salt. */
function pssOf(der) {
  const scheme = { __proto__: null, hash: "sha1", salt: 20 };
  if (der.isEmpty) return scheme;
  const list = der.enter(kSequence);
  while (!list.isEmpty) {
    const element = list.element();
    const inner = list.inside(element);
    if (element.tag === 0xa0) scheme.hash = hashes[inner.enter(kSequence).oid()];
    if (element.tag === 0xa2) scheme.salt = inner.content(inner.element(kInteger))[0];
  }
  return scheme;
}

const kSubjects = ["default", "always", "never"];

function checkOptions(options) {
  if (options === undefined) return { __proto__: null };
  validateObject(options, "options");
  const { subject } = options;
  if (subject !== undefined && subject !== kSubjects[0] && subject !== kSubjects[1] && subject !== kSubjects[2]) {
    throw invalidArgValue("options.subject", subject);
  }
  return options;
}

function publicKeyOf(certificate) {
  return certificate.key ??= createPublicKey({ key: certificate.keyBytes, format: "der", type: "spki" });
}

export class X509Certificate {
  #known;

  constructor(buffer) {
    if (typeof buffer !== "string" && !isBytes(buffer)) {
      throw invalidArgType("buffer", ["string", "Buffer", "TypedArray", "DataView"], buffer);
    }
    // That there is no memory for them says nothing about the certificate.
    const bytes = bytesIn(bytesOf(buffer, "buffer"));
    try {
      this.#known = readAll(read(bytes));
    } catch (error) {
      throw error?.code === undefined ? notRead() : error;
    }
  }

  get subject() {
    return nameText(this.#known.subject);
  }

  get subjectAltName() {
    const { names } = this.#known;
    return names === undefined ? undefined : generalNamesText(names);
  }

  get issuer() {
    return nameText(this.#known.issuer);
  }

  get issuerCertificate() {
    return undefined;
  }

  get infoAccess() {
    const { access } = this.#known;
    if (access === undefined) return undefined;
    const lines = [];
    for (let at = 0; at < access.length; at++) ArrayPrototypePush(lines, `${access[at].name}:${access[at].value}`);
    return ArrayPrototypeJoin(lines, "\n");
  }

  get validFrom() {
    return timeText(this.#known.from);
  }

  get validTo() {
    return timeText(this.#known.to);
  }

  get validFromDate() {
    return new Date(this.#known.from);
  }

  get validToDate() {
    return new Date(this.#known.to);
  }

  get fingerprint() {
    return this.#fingerprint("sha1");
  }

  get fingerprint256() {
    return this.#fingerprint("sha256");
  }

  get fingerprint512() {
    return this.#fingerprint("sha512");
  }

  #fingerprint(name) {
    return hex(new Uint8Array(ops.nodeDigest(name, this.#known.raw)), ":");
  }

  get keyUsage() {
    return this.#known.keyUsage;
  }

  get serialNumber() {
    return serialText(this.#known.serial);
  }

  get signatureAlgorithm() {
    return signatures[this.#known.algorithmOid]?.[0];
  }

  get signatureAlgorithmOid() {
    return this.#known.algorithmOid;
  }

  get raw() {
    return encode(copyBuffer(this.#known.raw));
  }

  get publicKey() {
    return publicKeyOf(this.#known);
  }

  get ca() {
    return this.#known.isAuthority;
  }

  checkHost(name, options = undefined) {
    validateString(name, "name");
    const { names = [], subject } = this.#known;
    return matchHost(names, subject, name, checkOptions(options));
  }

  checkEmail(email, options = undefined) {
    validateString(email, "email");
    const { names = [], subject } = this.#known;
    return matchEmail(names, subject, email, checkOptions(options));
  }

  checkIP(ip) {
    validateString(ip, "ip");
    const wanted = plainAddress(ip);
    if (wanted === undefined) throw invalidArgValue("ip", ip);
    const { names = [] } = this.#known;
    for (let at = 0; at < names.length; at++) {
      if (names[at].kind === "IP Address" && names[at].value === wanted) return ip;
    }
    return undefined;
  }

  checkIssued(otherCert) {
    const other = X509Certificate.#of(otherCert, "otherCert");
    const own = this.#known;
    if (!isEqual(own.issuerBytes, other.subjectBytes) || !other.mayIssue) return false;
    return own.issuerKey === undefined || other.subjectKey === undefined || isEqual(own.issuerKey, other.subjectKey);
  }

  checkPrivateKey(pkey) {
    if (!isKeyObject(pkey)) throw invalidArgType("pkey", "KeyObject", pkey);
    if (typeOf(pkey) !== "private") throw invalidArgValue("pkey", pkey);
    return ops.nodeKeyEquals(handleOf(createPublicKey(pkey)).id, handleOf(publicKeyOf(this.#known)).id);
  }

  verify(pkey) {
    if (!isKeyObject(pkey)) throw invalidArgType("pkey", "KeyObject", pkey);
    if (typeOf(pkey) !== "public") throw invalidArgValue("pkey", pkey);
    const { algorithmOid, parameters, signed, signature } = this.#known;
    const known = signatures[algorithmOid];
    if (known === undefined) return false;
    try {
      if (known[1] !== "pss") return verify(known[1], signed, pkey, signature);
      const { hash, salt } = pssOf(new Der(parameters.bytes, parameters.at, parameters.end));
      return hash !== undefined && verify(hash, signed, { key: pkey, padding: 6, saltLength: salt }, signature);
    } catch {
      // A key of another kind.
      return false;
    }
  }

  toString() {
    const base64 = ops.bytesToText(copyBytes(this.#known.raw), encodingNumber("base64"));
    let text = "-----BEGIN CERTIFICATE-----\n";
    for (let at = 0; at < base64.length; at += 64) text += `${StringPrototypeSlice(base64, at, at + 64)}\n`;
    return `${text}-----END CERTIFICATE-----\n`;
  }

  toJSON() {
    return this.toString();
  }

  toLegacyObject() {
    const { subject, issuer, access, names, keyUsage, isAuthority } = this.#known;
    const legacy = { subject: nameObject(subject), issuer: nameObject(issuer) };
    if (names !== undefined) legacy.subjectaltname = generalNamesText(names);
    if (access !== undefined) {
      legacy.infoAccess = { __proto__: null };
      for (let at = 0; at < access.length; at++) {
        const { name, value } = access[at];
        ArrayPrototypePush(legacy.infoAccess[name] ??= [], value);
      }
    }
    legacy.ca = isAuthority;
    const curve = keyParts(legacy, publicKeyOf(this.#known));
    legacy.valid_from = this.validFrom;
    legacy.valid_to = this.validTo;
    legacy.fingerprint = this.fingerprint;
    legacy.fingerprint256 = this.fingerprint256;
    legacy.fingerprint512 = this.fingerprint512;
    if (keyUsage !== undefined) legacy.ext_key_usage = keyUsage;
    legacy.serialNumber = this.serialNumber;
    legacy.raw = this.raw;
    if (curve !== undefined) legacy.asn1Curve = curve;
    if (nistCurves[curve] !== undefined) legacy.nistCurve = nistCurves[curve];
    return legacy;
  }

  static #of(value, name) {
    if (typeof value !== "object" || value === null || !(#known in value)) throw invalidArgType(name, "X509Certificate", value);
    return value.#known;
  }

  static {
    ObjectDefineProperty(X509Certificate.prototype, SymbolFor("nodejs.util.inspect.custom"), {
      __proto__: null,
      configurable: true,
      value(depth, options) {
        if (depth < 0) return this;
        const { subject, subjectAltName, issuer, infoAccess, validFrom, validTo, fingerprint, fingerprint256, fingerprint512, keyUsage, serialNumber } = this;
        const shown = {
          subject, subjectAltName, issuer, infoAccess, validFrom, validTo, fingerprint, fingerprint256, fingerprint512, keyUsage, serialNumber,
        };
        return `X509Certificate ${inspect(shown, { ...options, depth: null })}`;
      },
    });
  }
}

/** What is known of the key; returns its curve, if it has one. */
function keyParts(legacy, key) {
  const { id, kind, bits, more } = handleOf(key);
  if (kind === "rsa" || kind === "rsa-pss") {
    const numbers = ops.nodeKeyNumbers(id);
    let exponent = 0n;
    const bytes = new Uint8Array(numbers[1]);
    for (let at = 0; at < byteLength(bytes); at++) exponent = exponent * 256n + BigInt(bytes[at]);
    legacy.modulus = hex(new Uint8Array(numbers[0]));
    legacy.exponent = `0x${BigIntPrototypeToString(exponent, 16)}`;
    legacy.pubkey = exportKey(key, { __proto__: null, format: "der", type: "spki" });
    legacy.bits = bits;
  } else if (kind === "ec") {
    const numbers = ops.nodeKeyNumbers(id);
    legacy.pubkey = encode(copyBuffer(pointOf(new Uint8Array(numbers[0]), new Uint8Array(numbers[1]))));
    legacy.bits = bits;
    return more;
  }
  return undefined;
}

/** An uncompressed point. */
function pointOf(x, y) {
  const size = byteLength(x);
  const point = new Uint8Array(1 + 2 * size);
  point[0] = 4;
  TypedArrayPrototypeSet(point, x, 1);
  TypedArrayPrototypeSet(point, y, 1 + size);
  return point;
}
