// The algorithms of the Web Cryptography API, against what OpenSSL makes of them (../make_crypto_vectors.mjs) and against the
// examples of their standards.

import { deepEqual, done, equal, ok, test } from "./harness.js";
import { vectors } from "./vectors.js";

const { subtle } = crypto;

function bytes(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

function text(source) {
  return btoa(String.fromCharCode(...new Uint8Array(source)));
}

function unhex(digits) {
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function hex(source) {
  return Array.from(new Uint8Array(source), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const utf8 = new TextEncoder();
const data = bytes(vectors.data);

test("hash functions", async () => {
  for (const { hash, length, digest } of vectors.digest) {
    equal(text(await subtle.digest(hash, data.subarray(0, length))), digest, `${hash} of ${length} bytes`);
  }
  // FIPS 180-4's "abc".
  equal(hex(await subtle.digest("sha-256", utf8.encode("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // A million times "a", which is read in pieces.
  const million = new Uint8Array(1_000_010).fill(0x61);
  for (const source of [million.subarray(7, 1_000_007), new DataView(million.buffer, 10), million.slice(10).buffer]) {
    equal(hex(await subtle.digest("SHA-256", source)), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  }
});

test("HMAC", async () => {
  for (const { hash, key, mac } of vectors.hmac) {
    const imported = await subtle.importKey("raw", bytes(key), { name: "HMAC", hash }, false, ["sign", "verify"]);
    equal(text(await subtle.sign("HMAC", imported, data)), mac, hash);
    ok(await subtle.verify("HMAC", imported, bytes(mac), data), hash);
    equal(await subtle.verify("HMAC", imported, bytes(mac).subarray(1), data), false, "a mac cut short");
    equal(await subtle.verify("HMAC", imported, bytes(mac), data.subarray(1)), false, "other data");
  }
  // RFC 4231 §4.3.
  const jefe = await subtle.importKey("raw", utf8.encode("Jefe"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  equal(
    hex(await subtle.sign("HMAC", jefe, utf8.encode("what do ya want for nothing?"))),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});

test("AES-CBC, AES-CTR and AES-GCM", async () => {
  const suites = [
    ["AES-CBC", vectors.cbc, ({ iv }) => ({ iv: bytes(iv) })],
    ["AES-CTR", vectors.ctr, ({ counter }) => ({ counter: bytes(counter), length: 128 })],
    ["AES-GCM", vectors.gcm, ({ iv, tagLength, additionalData }) => ({ iv: bytes(iv), tagLength, additionalData: bytes(additionalData) })],
  ];
  for (const [name, list, parameters] of suites) {
    for (const vector of list) {
      const key = await subtle.importKey("raw", bytes(vector.key), name, false, ["encrypt", "decrypt"]);
      const algorithm = { name, ...parameters(vector) };
      equal(text(await subtle.encrypt(algorithm, key, data)), vector.encrypted, `${name} ${key.algorithm.length}`);
      equal(text(await subtle.decrypt(algorithm, key, bytes(vector.encrypted))), vectors.data, `${name} ${key.algorithm.length}`);
    }
  }
});

test("a counter of fewer bits begins again without carry", async () => {
  const key = await subtle.importKey("raw", new Uint8Array(16), "AES-CTR", false, ["encrypt"]);
  const run = (counter, length, count) => subtle.encrypt({ name: "AES-CTR", counter, length }, key, new Uint8Array(count));
  for (const length of [1, 2, 5, 8, 13, 64, 127]) {
    // All ones: the second block has a counter of zeros in these bits, and the others as they were.
    const counter = new Uint8Array(16).fill(255);
    const start = new Uint8Array(16).fill(255);
    for (let bit = 0; bit < length; bit++) start[15 - (bit >> 3)] &= ~(1 << (bit & 7));
    const whole = await run(counter, length, 32);
    equal(hex(whole), hex(await run(counter, 128, 16)) + hex(await run(start, 128, 16)), `${length} bits`);
  }
  const error = await run(new Uint8Array(16), 2, 65).catch((reason) => reason);
  equal(error.name, "OperationError", "five blocks, four values");
  equal((await run(new Uint8Array(16), 2, 64)).byteLength, 64);
});

test("AES-KW", async () => {
  for (const { key, wrapped } of vectors.kw) {
    const wrapping = await subtle.importKey("raw", bytes(key), "AES-KW", false, ["wrapKey", "unwrapKey"]);
    const inner = await subtle.importKey("raw", data, { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
    equal(text(await subtle.wrapKey("raw", inner, wrapping, "AES-KW")), wrapped);
    const back = await subtle.unwrapKey("raw", bytes(wrapped), wrapping, "AES-KW", { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
    equal(text(await subtle.exportKey("raw", back)), vectors.data);
  }
  // RFC 3394 §4.1.
  const wrapping = await subtle.importKey("raw", unhex("000102030405060708090A0B0C0D0E0F"), "AES-KW", false, ["wrapKey"]);
  const inner = await subtle.importKey("raw", unhex("00112233445566778899AABBCCDDEEFF"), "AES-CBC", true, ["encrypt"]);
  equal(hex(await subtle.wrapKey("raw", inner, wrapping, "AES-KW")), "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5");
});

test("HKDF and PBKDF2", async () => {
  for (const { hash, key, salt, info, bits } of vectors.hkdf) {
    const imported = await subtle.importKey("raw", bytes(key), "HKDF", false, ["deriveBits"]);
    const algorithm = { name: "HKDF", hash, salt: bytes(salt), info: bytes(info) };
    equal(text(await subtle.deriveBits(algorithm, imported, 800)), bits, hash);
  }
  for (const { hash, key, salt, iterations, bits } of vectors.pbkdf2) {
    const imported = await subtle.importKey("raw", bytes(key), "PBKDF2", false, ["deriveBits"]);
    equal(text(await subtle.deriveBits({ name: "PBKDF2", hash, salt: bytes(salt), iterations }, imported, 800)), bits, hash);
  }
  // RFC 5869 A.1.
  const input = await subtle.importKey("raw", new Uint8Array(22).fill(11), "HKDF", false, ["deriveBits"]);
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: unhex("000102030405060708090a0b0c"), info: unhex("f0f1f2f3f4f5f6f7f8f9") };
  equal(
    hex(await subtle.deriveBits(algorithm, input, 336)),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
  );
  // RFC 6070.
  const password = await subtle.importKey("raw", utf8.encode("password"), "PBKDF2", false, ["deriveBits"]);
  const derive = (iterations) =>
    subtle.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: utf8.encode("salt"), iterations }, password, 160);
  equal(hex(await derive(1)), "0c60c80f961f0e71f3a9b524af6012062fe037a6");
  equal(hex(await derive(4096)), "4b007901b765489abead49d926f721d065a429c1");
});

// The keys of a vector in every format, and what is exported again.
async function imports(vector, algorithm, publicUsages, privateUsages) {
  const { d, p, q, dp, dq, qi, ...publicJwk } = vector.jwk;
  const keys = {
    publicKeys: [
      await subtle.importKey("spki", bytes(vector.spki), algorithm, true, publicUsages),
      await subtle.importKey("jwk", publicJwk, algorithm, true, publicUsages),
    ],
    privateKeys: [
      await subtle.importKey("pkcs8", bytes(vector.pkcs8), algorithm, true, privateUsages),
      await subtle.importKey("jwk", vector.jwk, algorithm, true, privateUsages),
    ],
  };
  for (const key of keys.publicKeys) equal(text(await subtle.exportKey("spki", key)), vector.spki, "spki");
  for (const key of keys.privateKeys) {
    equal(text(await subtle.exportKey("pkcs8", key)), vector.pkcs8, "pkcs8");
    const jwk = await subtle.exportKey("jwk", key);
    for (const member in vector.jwk) equal(jwk[member], vector.jwk[member], member);
    deepEqual(jwk.key_ops, privateUsages);
    equal(jwk.ext, true);
  }
  return keys;
}

test("RSA signatures, also with SHA-1, salts of any length and short keys", async () => {
  for (const vector of vectors.rsa) {
    for (const { hash, saltLength, signature } of vector.signatures) {
      const name = saltLength === undefined ? "RSASSA-PKCS1-v1_5" : "RSA-PSS";
      const what = `${name} ${vector.modulusLength} ${hash} ${saltLength}`;
      const { publicKeys, privateKeys } = await imports(vector, { name, hash }, ["verify"], ["sign"]);
      equal(publicKeys[0].algorithm.modulusLength, vector.modulusLength);
      for (const key of publicKeys) {
        ok(await subtle.verify({ name, saltLength }, key, bytes(signature), data), what);
        equal(await subtle.verify({ name, saltLength }, key, bytes(signature), data.subarray(1)), false, what);
        if (saltLength !== undefined) {
          equal(await subtle.verify({ name, saltLength: saltLength + 1 }, key, bytes(signature), data), false, what);
        }
      }
      for (const key of privateKeys) {
        const own = await subtle.sign({ name, saltLength }, key, data);
        if (saltLength === undefined || saltLength === 0) equal(text(own), signature, what);
        ok(await subtle.verify({ name, saltLength }, publicKeys[0], own, data), what);
      }
    }
  }
});

test("RSA-OAEP", async () => {
  for (const vector of vectors.rsa) {
    for (const { hash, label, encrypted } of vector.oaep) {
      const { publicKeys, privateKeys } = await imports(vector, { name: "RSA-OAEP", hash }, ["encrypt"], ["decrypt"]);
      const algorithm = { name: "RSA-OAEP", label: bytes(label) };
      for (const key of privateKeys) equal(text(await subtle.decrypt(algorithm, key, bytes(encrypted))), text(data.subarray(0, 60)));
      const own = await subtle.encrypt(algorithm, publicKeys[0], data.subarray(0, 61));
      equal(text(await subtle.decrypt(algorithm, privateKeys[0], own)), text(data.subarray(0, 61)));
      const other = await subtle.decrypt({ name: "RSA-OAEP", label: new Uint8Array(9) }, privateKeys[0], own).catch((error) => error);
      equal(other.name, "OperationError", "another label");
    }
  }
});

test("ECDSA with every curve and hash function, ECDH", async () => {
  for (const vector of vectors.ec) {
    const { namedCurve } = vector;
    const { publicKeys, privateKeys } = await imports(vector, { name: "ECDSA", namedCurve }, ["verify"], ["sign"]);
    for (const { hash, signature } of vector.signatures) {
      const algorithm = { name: "ECDSA", hash };
      for (const key of publicKeys) {
        ok(await subtle.verify(algorithm, key, bytes(signature), data), `${namedCurve} ${hash}`);
        equal(await subtle.verify(algorithm, key, bytes(signature), data.subarray(1)), false, `${namedCurve} ${hash}`);
        equal(await subtle.verify(algorithm, key, bytes(signature).subarray(1), data), false, `${namedCurve} ${hash}`);
      }
      for (const key of privateKeys) {
        ok(await subtle.verify(algorithm, publicKeys[0], await subtle.sign(algorithm, key, data), data), `${namedCurve} ${hash}`);
      }
    }
    const raw = await subtle.exportKey("raw", publicKeys[0]);
    const again = await subtle.importKey("raw", raw, { name: "ECDSA", namedCurve }, true, ["verify"]);
    equal(text(await subtle.exportKey("spki", again)), vector.spki);

    const ecdh = { name: "ECDH", namedCurve };
    const key = await subtle.importKey("pkcs8", bytes(vector.pkcs8), ecdh, false, ["deriveBits"]);
    const peer = await subtle.importKey("spki", bytes(vector.peer), ecdh, false, []);
    equal(text(await subtle.deriveBits({ name: "ECDH", public: peer }, key, null)), vector.secret, namedCurve);
    const secret = bytes(vector.secret);
    equal(text(await subtle.deriveBits({ name: "ECDH", public: peer }, key, 128)), text(secret.subarray(0, 16)), namedCurve);
    const bits = new Uint8Array(await subtle.deriveBits({ name: "ECDH", public: peer }, key, 13));
    deepEqual([...bits], [secret[0], secret[1] & 0xf8], "13 bits");
  }
});

test("Ed25519 and X25519", async () => {
  const { publicKeys, privateKeys } = await imports(vectors.ed25519, "Ed25519", ["verify"], ["sign"]);
  for (const key of privateKeys) equal(text(await subtle.sign("Ed25519", key, data)), vectors.ed25519.signature);
  for (const key of publicKeys) {
    ok(await subtle.verify("Ed25519", key, bytes(vectors.ed25519.signature), data), "Ed25519");
    equal(await subtle.verify("Ed25519", key, bytes(vectors.ed25519.signature), data.subarray(1)), false, "Ed25519");
  }
  const { privateKeys: agreeing } = await imports(vectors.x25519, "X25519", [], ["deriveBits"]);
  const peer = await subtle.importKey("spki", bytes(vectors.x25519.peer), "X25519", true, []);
  for (const key of agreeing) equal(text(await subtle.deriveBits({ name: "X25519", public: peer }, key, null)), vectors.x25519.secret);
  // A point of small order: the secret would be zero.
  const zero = await subtle.importKey("raw", new Uint8Array(32), "X25519", true, []);
  const error = await subtle.deriveBits({ name: "X25519", public: zero }, agreeing[0], null).catch((reason) => reason);
  equal(error.name, "OperationError");
  // RFC 8032 §7.1, test 1.
  const verifier = await subtle.importKey(
    "raw", unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"), "Ed25519", true, ["verify"],
  );
  const signature = unhex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
  ok(await subtle.verify("Ed25519", verifier, signature, new Uint8Array(0)), "RFC 8032");
});

await done();
