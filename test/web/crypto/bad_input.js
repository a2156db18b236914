// What the Web Cryptography API refuses, and with which error.

import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

const { subtle } = crypto;
const bytes = (length) => new Uint8Array(length);

// The class of what a promise rejects with.
async function failure(promise) {
  ok(promise instanceof Promise, "no promise");
  try {
    await promise;
    return "nothing";
  } catch (error) {
    return error instanceof DOMException ? error.name : error.constructor.name;
  }
}

function check(name, cases) {
  test(name, async () => {
    for (const [expected, run, ...rest] of cases) equal(await failure(run()), expected, `${run}${rest}`);
  });
}

const aes = await subtle.generateKey({ name: "AES-GCM", length: 128 }, true, ["encrypt", "decrypt"]);
const cbc = await subtle.importKey("raw", bytes(16), "AES-CBC", true, ["encrypt", "decrypt"]);
const ctr = await subtle.importKey("raw", bytes(16), "AES-CTR", true, ["encrypt", "decrypt"]);
const kw = await subtle.generateKey({ name: "AES-KW", length: 128 }, true, ["wrapKey", "unwrapKey"]);
const hmac = await subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
const secret = await subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
const hkdf = await subtle.importKey("raw", bytes(16), "HKDF", false, ["deriveBits", "deriveKey"]);
const pbkdf2 = await subtle.importKey("raw", bytes(16), "PBKDF2", false, ["deriveBits", "deriveKey"]);
const ecdsa = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const p256 = await subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
const p384 = await subtle.generateKey({ name: "ECDH", namedCurve: "P-384" }, true, ["deriveBits"]);
const x25519 = await subtle.generateKey("X25519", true, ["deriveBits"]);
const publicExponent = new Uint8Array([1, 0, 1]);
const pss = await subtle.generateKey({ name: "RSA-PSS", hash: "SHA-512", modulusLength: 2048, publicExponent }, true, ["sign", "verify"]);

check("arguments", [
  ["TypeError", () => subtle.digest("SHA-256")],
  ["TypeError", () => subtle.digest("SHA-256", "text")],
  ["TypeError", () => subtle.digest("SHA-256", null)],
  ["TypeError", () => subtle.digest({}, bytes(1))],
  ["TypeError", () => subtle.digest(Symbol(), bytes(1))],
  ["NotSupportedError", () => subtle.digest("MD5", bytes(1))],
  ["NotSupportedError", () => subtle.digest(null, bytes(1))],
  ["NotSupportedError", () => subtle.digest("ſHA-256", bytes(1))],
  ["NotSupportedError", () => subtle.digest("toString", bytes(1))],
  ["NotSupportedError", () => subtle.digest("__proto__", bytes(1))],
  ["EvalError", () => subtle.digest({ get name() { throw new EvalError(); } }, bytes(1))],
  ["TypeError", () => SubtleCrypto.prototype.digest.call({}, "SHA-256", bytes(1))],
  ["TypeError", () => SubtleCrypto.prototype.digest.call(undefined, "SHA-256", bytes(1))],
  ["TypeError", () => subtle.sign("HMAC", {}, bytes(1))],
  ["TypeError", () => subtle.sign("HMAC", Object.create(CryptoKey.prototype), bytes(1))],
  ["TypeError", () => subtle.importKey("der", bytes(1), "HKDF", false, ["deriveBits"])],
  ["TypeError", () => subtle.importKey("raw", "text", "HKDF", false, ["deriveBits"])],
  ["TypeError", () => subtle.importKey("raw", { kty: "oct" }, "HKDF", false, ["deriveBits"])],
  ["TypeError", () => subtle.importKey("jwk", bytes(1), "AES-GCM", false, ["encrypt"])],
  ["TypeError", () => subtle.importKey("raw", bytes(1), "HKDF", false, "deriveBits")],
  ["TypeError", () => subtle.importKey("raw", bytes(1), "HKDF", false, ["deriveBit"])],
  ["TypeError", () => subtle.importKey("raw", bytes(1), "HKDF", false)],
  ["TypeError", () => subtle.importKey("raw", bytes(1), "HMAC", false, ["sign"])],
  ["NotSupportedError", () => subtle.importKey("raw", bytes(1), { name: "HMAC", hash: "HMAC" }, false, ["sign"])],
  ["TypeError", () => subtle.generateKey({ name: "AES-GCM" }, false, ["encrypt"])],
  ["TypeError", () => subtle.generateKey({ name: "AES-GCM", length: 65536 }, false, ["encrypt"])],
  ["TypeError", () => subtle.generateKey({ name: "AES-GCM", length: -1 }, false, ["encrypt"])],
]);

check("keys that cannot be made", [
  ["OperationError", () => subtle.generateKey({ name: "AES-GCM", length: 100 }, false, ["encrypt"])],
  ["SyntaxError", () => subtle.generateKey({ name: "AES-GCM", length: 128 }, false, ["sign"])],
  ["SyntaxError", () => subtle.generateKey({ name: "AES-GCM", length: 128 }, false, [])],
  ["SyntaxError", () => subtle.generateKey("Ed25519", false, ["verify"])],
  ["OperationError", () => subtle.generateKey({ name: "HMAC", hash: "SHA-1", length: 0 }, false, ["sign"])],
  ["NotSupportedError", () => subtle.generateKey({ name: "ECDSA", namedCurve: "P-257" }, false, ["sign"])],
  ["NotSupportedError", () => subtle.generateKey("HKDF", false, ["deriveBits"])],
  ...[0, 1024, 2049, 8192, 2 ** 32 - 1].map((modulusLength) =>
    ["OperationError", () => subtle.generateKey({ name: "RSA-PSS", hash: "SHA-1", modulusLength, publicExponent }, false, ["sign"]), modulusLength]),
  ...[[], [0], [1], [3], [0, 0, 1], [1, 0, 1, 0], [255, 255, 255, 255, 255]].map((exponent) =>
    ["OperationError", () =>
      subtle.generateKey(
        { name: "RSA-PSS", hash: "SHA-1", modulusLength: 2048, publicExponent: new Uint8Array(exponent) }, false, ["sign"],
      ), exponent]),
]);

check("keys that cannot be imported", [
  ["DataError", () => subtle.importKey("raw", bytes(15), "AES-GCM", false, ["encrypt"])],
  ["DataError", () => subtle.importKey("raw", bytes(0), { name: "HMAC", hash: "SHA-1" }, false, ["sign"])],
  ["DataError", () => subtle.importKey("raw", bytes(2), { name: "HMAC", hash: "SHA-1", length: 17 }, false, ["sign"])],
  ["DataError", () => subtle.importKey("raw", bytes(2), { name: "HMAC", hash: "SHA-1", length: 8 }, false, ["sign"])],
  ["NotSupportedError", () => subtle.importKey("spki", bytes(16), "AES-GCM", false, ["encrypt"])],
  ["NotSupportedError", () => subtle.importKey("jwk", { kty: "oct", k: "AA" }, "PBKDF2", false, ["deriveBits"])],
  ["SyntaxError", () => subtle.importKey("raw", bytes(1), "HKDF", true, ["deriveBits"])],
  ["SyntaxError", () => subtle.importKey("raw", bytes(1), "HKDF", false, ["sign"])],
  ["SyntaxError", () => subtle.importKey("raw", bytes(1), "HKDF", false, [])],
  ...[
    {}, { kty: "EC" }, { kty: "oct" }, { kty: "oct", k: "A" }, { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA==" }, { kty: "oct", k: "+/" },
    { kty: "oct", k: "\u00e9" }, { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", alg: "A256GCM" }, { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", use: "sig" },
    { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", key_ops: ["decrypt"] }, { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", key_ops: ["encrypt", "encrypt"] },
    { kty: "oct", k: "AAAAAAAAAAAAAAAAAAAAAA", ext: false },
  ].map((jwk) => ["DataError", () => subtle.importKey("jwk", jwk, "AES-GCM", true, ["encrypt"]), JSON.stringify(jwk)]),
  ...["raw", "spki", "pkcs8"].flatMap((format) =>
    [bytes(0), bytes(65), bytes(1000).fill(0x30), crypto.getRandomValues(bytes(200))].flatMap((data) => [
      ["DataError", () => subtle.importKey(format, data, { name: "ECDSA", namedCurve: "P-256" }, true, format === "pkcs8" ? ["sign"] : [])],
      ["DataError", () => subtle.importKey(format, data, "Ed25519", true, format === "pkcs8" ? ["sign"] : [])],
      [format === "raw" ? "NotSupportedError" : "DataError", () =>
        subtle.importKey(format, data, { name: "RSA-OAEP", hash: "SHA-1" }, true, format === "pkcs8" ? ["decrypt"] : [])],
    ])),
  ["DataError", () => subtle.importKey("raw", bytes(65).fill(4), { name: "ECDSA", namedCurve: "P-256" }, true, []), "not on the curve"],
  ["DataError", () => subtle.importKey("raw", bytes(65).fill(4), { name: "ECDSA", namedCurve: "toString" }, true, [])],
  ["SyntaxError", () => subtle.importKey("raw", bytes(65), { name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"])],
  ["DataError", () => subtle.importKey("jwk", { kty: "RSA", n: "AQAB", e: "AQAB", d: "AQAB" }, { name: "RSA-PSS", hash: "SHA-1" }, true, ["sign"])],
  ["DataError", () => subtle.importKey("jwk", { kty: "RSA", n: "", e: "AQAB" }, { name: "RSA-PSS", hash: "SHA-1" }, true, ["verify"])],
]);

test("halves of keys that do not belong together", async () => {
  const pairs = await Promise.all([1, 2].map(() => subtle.generateKey({ name: "ECDSA", namedCurve: "P-521" }, true, ["sign", "verify"])));
  const [one, two] = await Promise.all(pairs.map((pair) => subtle.exportKey("jwk", pair.privateKey)));
  equal(await failure(subtle.importKey("jwk", { ...one, d: two.d }, { name: "ECDSA", namedCurve: "P-521" }, true, ["sign"])), "DataError");
  const rsa = await subtle.exportKey("jwk", pss.privateKey);
  equal(await failure(subtle.importKey("jwk", { ...rsa, dp: rsa.dq }, { name: "RSA-PSS", hash: "SHA-512" }, true, ["sign"])), "DataError");
  equal(await failure(subtle.importKey("jwk", { ...rsa, oth: [{}] }, { name: "RSA-PSS", hash: "SHA-512" }, true, ["sign"])), "NotSupportedError");
  const ed = await Promise.all([1, 2].map(async () => subtle.exportKey("jwk", (await subtle.generateKey("Ed25519", true, ["sign"])).privateKey)));
  equal(await failure(subtle.importKey("jwk", { ...ed[0], d: ed[1].d }, "Ed25519", true, ["sign"])), "DataError");
});

check("keys that are for something else", [
  ["InvalidAccessError", () => subtle.sign("HMAC", aes, bytes(1))],
  ["InvalidAccessError", () => subtle.verify("HMAC", hmac, bytes(1), bytes(1))],
  ["InvalidAccessError", () => subtle.sign({ name: "ECDSA", hash: "SHA-256" }, ecdsa.publicKey, bytes(1))],
  ["InvalidAccessError", () => subtle.exportKey("raw", secret)],
  ["InvalidAccessError", () => subtle.exportKey("pkcs8", ecdsa.publicKey)],
  ["InvalidAccessError", () => subtle.exportKey("spki", ecdsa.privateKey)],
  ["InvalidAccessError", () => subtle.exportKey("raw", ecdsa.privateKey)],
  ["NotSupportedError", () => subtle.exportKey("raw", pss.publicKey)],
  ["NotSupportedError", () => subtle.exportKey("spki", aes)],
  ["NotSupportedError", () => subtle.exportKey("raw", hkdf)],
  ["InvalidAccessError", () => subtle.wrapKey("raw", secret, kw, "AES-KW")],
  ["InvalidAccessError", () => subtle.wrapKey("raw", aes, aes, { name: "AES-GCM", iv: bytes(12) })],
  ["NotSupportedError", () => subtle.wrapKey("raw", hkdf, kw, "AES-KW")],
  ["NotSupportedError", () => subtle.wrapKey("raw", aes, hmac, "HMAC")],
  ["NotSupportedError", () => subtle.encrypt("AES-KW", kw, bytes(16))],
  ["InvalidAccessError", () => subtle.deriveBits({ name: "ECDH", public: p384.publicKey }, p256.privateKey, 8)],
  ["InvalidAccessError", () => subtle.deriveBits({ name: "ECDH", public: p256.privateKey }, p256.privateKey, 8)],
  ["InvalidAccessError", () => subtle.deriveBits({ name: "ECDH", public: x25519.publicKey }, p256.privateKey, 8)],
  ["TypeError", () => subtle.deriveBits({ name: "ECDH", public: {} }, p256.privateKey, 8)],
]);

check("data and parameters that do not fit", [
  ["OperationError", () => subtle.encrypt({ name: "AES-CBC", iv: bytes(15) }, cbc, bytes(1))],
  ["OperationError", () => subtle.decrypt({ name: "AES-CBC", iv: bytes(16) }, cbc, bytes(0))],
  ["OperationError", () => subtle.decrypt({ name: "AES-CBC", iv: bytes(16) }, cbc, bytes(17))],
  ["OperationError", () => subtle.decrypt({ name: "AES-CBC", iv: bytes(16) }, cbc, bytes(32))],
  ["OperationError", () => subtle.encrypt({ name: "AES-CTR", counter: bytes(16), length: 0 }, ctr, bytes(1))],
  ["OperationError", () => subtle.encrypt({ name: "AES-CTR", counter: bytes(16), length: 129 }, ctr, bytes(1))],
  ["TypeError", () => subtle.encrypt({ name: "AES-CTR", counter: bytes(16), length: 256 }, ctr, bytes(1))],
  ["OperationError", () => subtle.encrypt({ name: "AES-CTR", counter: bytes(8), length: 1 }, ctr, bytes(1))],
  ["OperationError", () => subtle.encrypt({ name: "AES-GCM", iv: bytes(0) }, aes, bytes(1))],
  ["OperationError", () => subtle.encrypt({ name: "AES-GCM", iv: bytes(12), tagLength: 100 }, aes, bytes(1))],
  ["OperationError", () => subtle.decrypt({ name: "AES-GCM", iv: bytes(12) }, aes, bytes(15))],
  ["OperationError", () => subtle.decrypt({ name: "AES-GCM", iv: bytes(12) }, aes, bytes(16))],
  ["OperationError", () => subtle.unwrapKey("raw", bytes(24), kw, "AES-KW", "AES-GCM", true, ["encrypt"])],
  ["OperationError", () => subtle.unwrapKey("raw", bytes(0), kw, "AES-KW", "AES-GCM", true, ["encrypt"])],
  ["OperationError", () => subtle.sign({ name: "RSA-PSS", saltLength: 191 }, pss.privateKey, bytes(1))],
  ["OperationError", () => subtle.sign({ name: "RSA-PSS", saltLength: 2 ** 32 - 1 }, pss.privateKey, bytes(1))],
  ["OperationError", () => subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: bytes(0), info: bytes(0) }, hkdf, 255 * 160 + 8)],
  ["OperationError", () => subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: bytes(0), info: bytes(0) }, hkdf, 9)],
  ["OperationError", () => subtle.deriveBits({ name: "HKDF", hash: "SHA-1", salt: bytes(0), info: bytes(0) }, hkdf)],
  ["OperationError", () => subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: bytes(0), iterations: 0 }, pbkdf2, 8)],
  ["OperationError", () => subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: bytes(0), iterations: 1 }, pbkdf2, null)],
  ["OperationError", () => subtle.deriveBits({ name: "ECDH", public: p256.publicKey }, p256.privateKey, 257)],
  ["TypeError", () => subtle.deriveKey({ name: "PBKDF2", hash: "SHA-1", salt: bytes(0), iterations: 1 }, pbkdf2, { name: "HMAC", hash: "SHA-1", length: 0 }, true, ["sign"])],
  ["OperationError", () => subtle.deriveKey({ name: "PBKDF2", hash: "SHA-1", salt: bytes(0), iterations: 1 }, pbkdf2, { name: "AES-GCM", length: 1 }, true, ["encrypt"])],
]);

test("data is copied after the parameters were read, and once", async () => {
  const data = bytes(3).fill(1);
  const expected = await subtle.digest("SHA-256", bytes(3));
  const promise = subtle.digest({ get name() { data.fill(0); return "SHA-256"; } }, data);
  data.fill(9);
  deepEqual([...new Uint8Array(await promise)], [...new Uint8Array(expected)]);
  const moved = bytes(3);
  const empty = await subtle.digest({ get name() { structuredClone(moved, { transfer: [moved.buffer] }); return "SHA-256"; } }, moved);
  const nothing = await subtle.digest("SHA-256", bytes(0));
  deepEqual([...new Uint8Array(empty)], [...new Uint8Array(nothing)], "a buffer that was transferred while the name was read");
  const salt = bytes(4);
  const parameters = { name: "HKDF", info: bytes(0), salt, get hash() { salt.fill(1); return "SHA-1"; } };
  ok(await subtle.deriveBits(parameters, hkdf, 8), "a salt that changes while it is read");
});

test("interfaces", async () => {
  ok(thrownBy(() => new CryptoKey()) instanceof TypeError && thrownBy(() => new SubtleCrypto()) instanceof TypeError, "constructors");
  ok(thrownBy(() => CryptoKey.prototype.type) instanceof TypeError, "a getter of nothing");
  ok(thrownBy(() => Object.getOwnPropertyDescriptor(Crypto.prototype, "subtle").get.call({})) instanceof TypeError, "subtle of nothing");
  equal(crypto.subtle, crypto.subtle);
  equal(String(crypto.subtle), "[object SubtleCrypto]");
  equal(String(aes), "[object CryptoKey]");
  const lengths = Object.entries(Object.getOwnPropertyDescriptors(SubtleCrypto.prototype))
    .filter(([, { enumerable }]) => enumerable).map(([name, { value }]) => `${name} ${value.length}`);
  deepEqual(lengths.sort(), [
    "decrypt 3", "deriveBits 2", "deriveKey 5", "digest 2", "encrypt 3", "exportKey 2", "generateKey 3", "importKey 5", "sign 3",
    "timingSafeEqual 2", "unwrapKey 7", "verify 4", "wrapKey 4",
  ]);
  equal(aes.algorithm, aes.algorithm);
  equal(aes.usages, aes.usages);
  aes.algorithm.name = "AES-CBC";
  aes.usages.length = 0;
  ok(await subtle.encrypt({ name: "AES-GCM", iv: bytes(12) }, aes, bytes(1)), "what an app changes there is of no account");
});

test("timingSafeEqual", async () => {
  equal(subtle.timingSafeEqual(bytes(3), bytes(3).buffer), true);
  equal(subtle.timingSafeEqual(bytes(3), new Uint8Array([0, 0, 1])), false);
  equal(subtle.timingSafeEqual(new DataView(new ArrayBuffer(4), 1), bytes(3)), true);
  ok(thrownBy(() => subtle.timingSafeEqual(bytes(3), bytes(4))) instanceof TypeError, "lengths that differ");
  ok(thrownBy(() => subtle.timingSafeEqual("a", "a")) instanceof TypeError, "strings");
});

await done();
