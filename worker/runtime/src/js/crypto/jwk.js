// JSON Web Keys (https://w3c.github.io/webcrypto/#JsonWebKey-dictionary).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { converters, createDictionaryConverter, createSequenceConverter } from "../webidl.js";
import { dataError, notSupported } from "./errors.js";
import { usageBit, usageNames } from "./key_usages.js";

const { JSONParse, JSONStringify, ObjectDefineProperty, ObjectSetPrototypeOf, Uint8Array } = primordials;

const { DOMString } = converters;
const toOtherPrimes = createDictionaryConverter("RsaOtherPrimesInfo", [
  { key: "r", converter: DOMString },
  { key: "d", converter: DOMString },
  { key: "t", converter: DOMString },
]);

export const toJsonWebKey = createDictionaryConverter("JsonWebKey", [
  { key: "kty", converter: DOMString },
  { key: "use", converter: DOMString },
  { key: "key_ops", converter: createSequenceConverter(DOMString) },
  { key: "alg", converter: DOMString },
  { key: "ext", converter: converters.boolean },
  { key: "crv", converter: DOMString },
  { key: "x", converter: DOMString },
  { key: "y", converter: DOMString },
  { key: "d", converter: DOMString },
  { key: "n", converter: DOMString },
  { key: "e", converter: DOMString },
  { key: "p", converter: DOMString },
  { key: "q", converter: DOMString },
  { key: "dp", converter: DOMString },
  { key: "dq", converter: DOMString },
  { key: "qi", converter: DOMString },
  { key: "oth", converter: createSequenceConverter(toOtherPrimes) },
  { key: "k", converter: DOMString },
]);

/** What every algorithm checks of a key: `kty`, `use` (where the key has usages), `key_ops` and `ext`. */
export function checkJwk(jwk, kty, use, extractable, usages) {
  if (jwk.kty !== kty) throw dataError(`The JWK's "kty" is not "${kty}"`);
  if (usages !== 0 && jwk.use !== undefined && jwk.use !== use) throw dataError(`The JWK's "use" is not "${use}"`);
  if (jwk.key_ops !== undefined) checkKeyOps(jwk.key_ops, usages);
  if (jwk.ext === false && extractable) throw dataError('The JWK\'s "ext" is false, so its key cannot be extractable');
}

// RFC 7517 §4.3: no value twice. It must have the usages that are asked for.
function checkKeyOps(list, usages) {
  const seen = { __proto__: null };
  let named = 0;
  for (let i = 0; i < list.length; i++) {
    if (seen[list[i]] === true) throw dataError('The JWK\'s "key_ops" has a value twice');
    seen[list[i]] = true;
    named |= usageBit(list[i]);
  }
  const missing = usages & ~named;
  if (missing !== 0) throw dataError(`The JWK's "key_ops" lacks "${usageNames(missing)[0]}"`);
}

/** Throws unless `alg` is absent or as it should be. */
export function checkAlg(jwk, alg) {
  if (jwk.alg !== undefined && jwk.alg !== alg) throw dataError(`The JWK's "alg" is not "${alg}"`);
}

/** Throws where the members of a private RSA key are not there, or there are more primes than two. */
export function checkPrivateRsa(jwk) {
  if (jwk.oth !== undefined) throw notSupported("RSA keys with more than two primes are not supported");
  const { p, q, dp, dq, qi } = jwk;
  if (p === undefined || q === undefined || dp === undefined || dq === undefined || qi === undefined) {
    throw dataError('The JWK has "d" and lacks "p", "q", "dp", "dq" or "qi"');
  }
}

/** A JWK for apps, of the members given in a null-prototype object. */
export function createJwk(members, slots) {
  const jwk = {};
  for (const key in members) define(jwk, key, members[key]);
  define(jwk, "key_ops", usageNames(slots.usages));
  define(jwk, "ext", slots.extractable);
  return jwk;
}

function define(object, key, value) {
  ObjectDefineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/** The UTF-8 text of a JWK that `createJwk` made and nothing else has. Nothing that an app did to prototypes takes part. */
export function jwkBytes(jwk) {
  ObjectSetPrototypeOf(jwk, null);
  ObjectSetPrototypeOf(jwk.key_ops, null);
  return ops.utf8Encode(JSONStringify(jwk));
}

/** "Parse a JWK": the dictionary in a UTF-8 text. */
export function parseJwk(bytes) {
  let value;
  try {
    value = JSONParse(ops.decode(new Uint8Array(bytes), undefined, false, false));
  } catch {
    throw dataError("What was unwrapped is not JSON");
  }
  // Members that are absent are not looked for in an app's prototypes.
  if (typeof value === "object" && value !== null) ObjectSetPrototypeOf(value, null);
  let jwk;
  try {
    jwk = toJsonWebKey(value);
  } catch {
    throw dataError("What was unwrapped is not a JWK");
  }
  if (jwk.kty === undefined) throw dataError('What was unwrapped has no "kty"');
  return jwk;
}
