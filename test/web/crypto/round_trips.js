// Every algorithm with keys that are made, exported in every format, imported, wrapped and unwrapped again.

import { deepEqual, done, equal, ok, test } from "./harness.js";

const { subtle } = crypto;
const publicExponent = new Uint8Array([1, 0, 1]);
const message = crypto.getRandomValues(new Uint8Array(100));
const text = (source) => String.fromCharCode(...new Uint8Array(source));
const iv = crypto.getRandomValues(new Uint8Array(16));

const forData = ["encrypt", "decrypt", "wrapKey", "unwrapKey"];
// What keys are made with, their usages, the formats of public and private (or secret) keys, and what they are used with.
const algorithms = [
  ...[128, 192, 256].flatMap((length) => [
    [{ name: "AES-CBC", length }, forData, [], ["raw", "jwk"], { name: "AES-CBC", iv }],
    [{ name: "AES-CTR", length }, forData, [], ["raw", "jwk"], { name: "AES-CTR", counter: iv, length: 20 }],
    [{ name: "AES-GCM", length }, forData, [], ["raw", "jwk"], { name: "AES-GCM", iv, additionalData: message }],
    [{ name: "AES-KW", length }, ["wrapKey", "unwrapKey"], [], ["raw", "jwk"], "AES-KW"],
  ]),
  ...["SHA-1", "SHA-256", "SHA-384", "SHA-512"].flatMap((hash) => [
    [{ name: "HMAC", hash }, ["sign", "verify"], [], ["raw", "jwk"], "HMAC"],
    ...["P-256", "P-384", "P-521"].map((namedCurve) =>
      [{ name: "ECDSA", namedCurve }, ["sign", "verify"], ["raw", "spki", "jwk"], ["pkcs8", "jwk"], { name: "ECDSA", hash }]),
  ]),
  [{ name: "HMAC", hash: "SHA-256", length: 99 }, ["sign", "verify"], [], ["raw", "jwk"], "HMAC"],
  ...["SHA-1", "SHA-256"].flatMap((hash) => [
    [{ name: "RSASSA-PKCS1-v1_5", hash, modulusLength: 2048, publicExponent }, ["sign", "verify"], ["spki", "jwk"], ["pkcs8", "jwk"], "RSASSA-PKCS1-v1_5"],
    [{ name: "RSA-PSS", hash, modulusLength: 2048, publicExponent }, ["sign", "verify"], ["spki", "jwk"], ["pkcs8", "jwk"], { name: "RSA-PSS", saltLength: 11 }],
    [{ name: "RSA-OAEP", hash, modulusLength: 2048, publicExponent }, forData, ["spki", "jwk"], ["pkcs8", "jwk"], { name: "RSA-OAEP", label: iv }],
  ]),
  ...["P-256", "P-384", "P-521"].map((namedCurve) =>
    [{ name: "ECDH", namedCurve }, ["deriveKey", "deriveBits"], ["raw", "spki", "jwk"], ["pkcs8", "jwk"], "ECDH"]),
  [{ name: "Ed25519" }, ["sign", "verify"], ["raw", "spki", "jwk"], ["pkcs8", "jwk"], "Ed25519"],
  [{ name: "X25519" }, ["deriveKey", "deriveBits"], ["raw", "spki", "jwk"], ["pkcs8", "jwk"], "X25519"],
];

// Whether what one key does the other undoes.
async function work(algorithm, first, second) {
  const { usages } = first;
  if (usages.includes("sign")) {
    const signature = await subtle.sign(algorithm, first, message);
    ok(await subtle.verify(algorithm, second, signature, message), "signature");
    new Uint8Array(signature)[5] ^= 1;
    equal(await subtle.verify(algorithm, second, signature, message), false, "a changed signature");
  } else if (usages.includes("decrypt")) {
    equal(text(await subtle.decrypt(algorithm, first, await subtle.encrypt(algorithm, second, message))), text(message));
  } else if (usages.includes("deriveBits")) {
    const other = await subtle.generateKey(first.algorithm, false, ["deriveBits"]);
    const name = algorithm;
    const one = await subtle.deriveBits({ name, public: other.publicKey }, first, null);
    equal(text(await subtle.deriveBits({ name, public: second }, other.privateKey, null)), text(one));
  } else {
    const inner = await subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt"]);
    const wrapped = await subtle.wrapKey("raw", inner, first, algorithm);
    const back = await subtle.unwrapKey("raw", wrapped, second, algorithm, "AES-GCM", true, ["encrypt"]);
    equal(text(await subtle.exportKey("raw", back)), text(await subtle.exportKey("raw", inner)));
  }
}

for (const [parameters, usages, publicFormats, privateFormats, algorithm] of algorithms) {
  const what = [parameters.name, parameters.length, parameters.namedCurve, parameters.hash ?? algorithm.hash].filter(Boolean).join(" ");
  test(what, async () => {
    const made = await subtle.generateKey(parameters, true, usages);
    const privateKey = made.privateKey ?? made;
    const publicKey = made.publicKey ?? made;
    await work(algorithm, privateKey, publicKey);
    const again = async (key, format) => {
      const exported = await subtle.exportKey(format, key);
      const imported = await subtle.importKey(format, exported, key.algorithm, true, key.usages);
      equal(imported.type, key.type);
      deepEqual(imported.usages, key.usages);
      deepEqual({ ...imported.algorithm, publicExponent: 0 }, { ...key.algorithm, publicExponent: 0 });
      const twice = await subtle.exportKey(format, imported);
      if (format === "jwk") deepEqual(twice, exported);
      else equal(text(twice), text(exported));
      return imported;
    };
    for (const format of privateFormats) await work(algorithm, await again(privateKey, format), publicKey);
    for (const format of publicFormats) await work(algorithm, privateKey, await again(publicKey, format));

    const copy = structuredClone({ privateKey, publicKey });
    ok(copy.privateKey instanceof CryptoKey && copy.privateKey !== privateKey, "a clone");
    await work(algorithm, copy.privateKey, copy.publicKey);

    // Wrapped as JWK, which pads to nothing in particular: with GCM.
    const wrapping = await subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["wrapKey", "unwrapKey"]);
    for (const format of privateFormats) {
      const wrapped = await subtle.wrapKey(format, privateKey, wrapping, { name: "AES-GCM", iv });
      const back = await subtle.unwrapKey(format, wrapped, wrapping, { name: "AES-GCM", iv }, privateKey.algorithm, false, privateKey.usages);
      equal(back.extractable, false);
      await work(algorithm, back, publicKey);
    }
  });
}

test("derived keys", async () => {
  const base = await subtle.importKey("raw", message, "PBKDF2", false, ["deriveKey", "deriveBits"]);
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: iv, iterations: 3 };
  const key = await subtle.deriveKey(algorithm, base, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
  equal(text(await subtle.exportKey("raw", key)), text(await subtle.deriveBits(algorithm, base, 256)));
  const mac = await subtle.deriveKey(algorithm, base, { name: "HMAC", hash: "SHA-384" }, true, ["sign"]);
  equal(text(await subtle.exportKey("raw", mac)), text(await subtle.deriveBits(algorithm, base, 1024)));
  equal((await subtle.deriveBits(algorithm, base, 0)).byteLength, 0);
  const pair = await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, false, ["deriveKey"]);
  const agreed = await subtle.deriveKey({ name: "ECDH", public: pair.publicKey }, pair.privateKey, "HKDF", false, ["deriveBits"]);
  equal(agreed.algorithm.name, "HKDF");
});

await done();
