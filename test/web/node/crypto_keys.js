// node:crypto: keys, and what is done with them. Each expectation is what Node.js has.

import crypto from "node:crypto";
import { Buffer } from "node:buffer";
import { promisify, types } from "node:util";
import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

const { createPrivateKey, createPublicKey, createSecretKey, generateKeyPairSync, sign, verify } = crypto;
const codeOf = (call) => thrownBy(call).code;
const data = Buffer.from("data");

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const curves = ["P-256", "P-384", "P-521", "secp256k1", "secp224r1"];
const pairs = {
  rsa,
  ...Object.fromEntries(curves.map((namedCurve) => [namedCurve, generateKeyPairSync("ec", { namedCurve })])),
  ed25519: generateKeyPairSync("ed25519"),
  x25519: generateKeyPairSync("x25519"),
};

test("keys say what they are", () => {
  const { privateKey, publicKey } = rsa;
  deepEqual([privateKey.type, publicKey.type, privateKey.asymmetricKeyType], ["private", "public", "rsa"]);
  deepEqual([publicKey.asymmetricKeyDetails.modulusLength, publicKey.asymmetricKeyDetails.publicExponent === 65537n], [2048, true]);
  deepEqual(pairs["P-256"].publicKey.asymmetricKeyDetails, { namedCurve: "prime256v1" });
  deepEqual(pairs.ed25519.privateKey.asymmetricKeyDetails, {});
  const secret = createSecretKey("616263", "hex");
  deepEqual([secret.type, secret.symmetricKeySize, secret.export().toString(), secret.export({ format: "jwk" })], [
    "secret", 3, "abc", { kty: "oct", k: "YWJj" },
  ]);
  ok(types.isKeyObject(secret) && !types.isKeyObject({}) && secret instanceof crypto.KeyObject, "KeyObject");
});

test("keys are written and read in every form", () => {
  for (const [name, { privateKey, publicKey }] of Object.entries(pairs)) {
    const privateTypes = ["pkcs8", ...(name === "rsa" ? ["pkcs1"] : []), ...(curves.includes(name) ? ["sec1"] : [])];
    for (const type of privateTypes) {
      const pem = privateKey.export({ format: "pem", type });
      ok(createPrivateKey(pem).equals(privateKey) && createPublicKey(pem).equals(publicKey), `${name} ${type} pem`);
      const key = privateKey.export({ format: "der", type });
      ok(createPrivateKey({ key, format: "der", type }).equals(privateKey), `${name} ${type} der`);
      const locked = privateKey.export({ format: "pem", type, cipher: "aes-256-cbc", passphrase: "pw" });
      ok(createPrivateKey({ key: locked, passphrase: Buffer.from("pw") }).equals(privateKey), `${name} ${type} encrypted`);
      // One wrong key in 256 leaves padding that looks right; what it locks is garbage then.
      const wrong = codeOf(() => createPrivateKey({ key: locked, passphrase: "pv" }));
      ok(["ERR_OSSL_BAD_DECRYPT", "ERR_OSSL_UNSUPPORTED"].includes(wrong), `${name} ${type}: ${wrong}`);
      equal(codeOf(() => createPrivateKey(locked)), "ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED", name);
    }
    for (const type of ["spki", ...(name === "rsa" ? ["pkcs1"] : [])]) {
      ok(createPublicKey(publicKey.export({ format: "pem", type })).equals(publicKey), `${name} ${type} pem`);
      const key = publicKey.export({ format: "der", type });
      ok(createPublicKey({ key, format: "der", type }).equals(publicKey), `${name} ${type} der`);
    }
    if (name === "secp224r1") {
      equal(codeOf(() => publicKey.export({ format: "jwk" })), "ERR_CRYPTO_JWK_UNSUPPORTED_CURVE");
      continue;
    }
    const jwk = { format: "jwk", key: privateKey.export({ format: "jwk" }) };
    ok(createPrivateKey(jwk).equals(privateKey) && createPublicKey(jwk).equals(publicKey), `${name} jwk`);
  }
});

test("a certificate is a public key, too", () => {
  const { publicKey } = pairs["P-256"];
  const pem = publicKey.export({ format: "pem", type: "spki" });
  ok(createPublicKey(`text before it\n${pem}`).equals(publicKey), "text before a block");
  equal(codeOf(() => createPublicKey("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")), "ERR_OSSL_UNSUPPORTED");
});

test("what is no key is refused, with Node.js's words", () => {
  equal(codeOf(() => createPrivateKey("garbage")), "ERR_OSSL_UNSUPPORTED");
  equal(codeOf(() => createPrivateKey({ key: Buffer.alloc(5), format: "der", type: "pkcs8" })), "ERR_OSSL_ASN1_WRONG_TAG");
  equal(thrownBy(() => createPrivateKey({ key: Buffer.alloc(5), format: "der" })).message, "The property 'options.type' is invalid. Received undefined");
  equal(thrownBy(() => createPublicKey(rsa.publicKey)).message, "Invalid key object type public, expected private.");
  equal(thrownBy(() => rsa.privateKey.export({ format: "pem", type: "sec1" })).message, "The selected key encoding sec1 can only be used for EC keys.");
  for (const key of [{ kty: "no" }, { kty: "RSA" }, { kty: "EC", crv: "P-256", x: "aa", y: "bb", d: "cc" }, { kty: "OKP", crv: "Ed25519", x: "aa", d: "cc" }]) {
    ok(/^ERR_(INVALID_ARG|CRYPTO_INVALID_JWK)/.test(codeOf(() => createPrivateKey({ key, format: "jwk" }))), key.kty);
  }
  // A point that is not on the curve, and a number that is not the point's.
  const jwk = pairs["P-256"].privateKey.export({ format: "jwk" });
  const other = pairs["secp256k1"].privateKey.export({ format: "jwk" });
  for (const key of [{ ...jwk, y: jwk.x }, { ...jwk, d: other.d }]) {
    equal(codeOf(() => createPrivateKey({ key, format: "jwk" })), "ERR_CRYPTO_INVALID_JWK");
  }
  equal(codeOf(() => new crypto.KeyObject("secret", {})), "ERR_INVALID_ARG_TYPE");
});

test("signatures", async () => {
  for (const [name, { privateKey, publicKey }] of Object.entries(pairs)) {
    if (name === "x25519") continue;
    const hash = name === "ed25519" ? null : "sha256";
    const signature = sign(hash, data, privateKey);
    ok(verify(hash, data, publicKey, signature), name);
    ok(!verify(hash, Buffer.from("dato"), publicKey, signature), `${name}: other data`);
    signature[signature.length - 1] ^= 1;
    ok(!verify(hash, data, publicKey, signature), `${name}: other signature`);
    if (name === "ed25519") continue;
    const made = crypto.createSign("RSA-SHA512").update("da").update("ta").sign(privateKey, "hex");
    ok(crypto.createVerify("sha512").update(data).verify(publicKey, made, "hex"), `${name}: Sign and Verify`);
  }
  const dsa = { key: pairs["P-256"].privateKey, dsaEncoding: "ieee-p1363" };
  const numbers = sign("sha256", data, dsa);
  deepEqual([numbers.length, verify("sha256", data, dsa, numbers), verify("sha256", data, dsa.key, numbers)], [64, true, false]);
  for (const saltLength of [undefined, 0, 20, crypto.constants.RSA_PSS_SALTLEN_DIGEST, crypto.constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
    const key = { key: rsa.privateKey, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength };
    const signature = sign("sha256", data, key);
    ok(verify("sha256", data, key, signature) && verify("sha256", data, { ...key, saltLength: undefined }, signature), String(saltLength));
    ok(!verify("sha256", data, { ...key, saltLength: 7 }, signature), `${saltLength}, not 7`);
  }
  ok(await new Promise((resolve) => verify(null, data, pairs.ed25519.publicKey, Buffer.alloc(64), (_, valid) => resolve(valid === false))), "callback");
  equal(codeOf(() => sign("no", data, rsa.privateKey)), "ERR_CRYPTO_INVALID_DIGEST");
  equal(codeOf(() => crypto.createSign("sha256").sign()), "ERR_CRYPTO_SIGN_KEY_REQUIRED");
  equal(codeOf(() => crypto.createSign("sha256").sign(rsa.publicKey)), "ERR_CRYPTO_INVALID_KEY_OBJECT_TYPE");
  const once = crypto.createSign("sha256");
  once.sign(rsa.privateKey);
  equal(thrownBy(() => once.update("a")).message, "Not initialised");
});

test("encryption with RSA", () => {
  const { privateKey, publicKey } = rsa;
  for (const options of [{}, { oaepHash: "sha256" }, { oaepHash: "sha512", oaepLabel: Buffer.from("label") }]) {
    const encrypted = crypto.publicEncrypt({ key: publicKey, ...options }, data);
    equal(crypto.privateDecrypt({ key: privateKey, ...options }, encrypted).toString(), "data");
    equal(codeOf(() => crypto.privateDecrypt({ key: privateKey, ...options, oaepLabel: "no" }, encrypted)), "ERR_OSSL_RSA_OAEP_DECODING_ERROR");
  }
  equal(crypto.publicDecrypt(publicKey, crypto.privateEncrypt(privateKey, data)).toString(), "data");
  equal(codeOf(() => crypto.publicEncrypt(publicKey, Buffer.alloc(500))), "ERR_OSSL_RSA_DATA_TOO_LARGE_FOR_KEY_SIZE");
  const padding = crypto.constants.RSA_PKCS1_PADDING;
  const old = crypto.publicEncrypt({ key: publicKey, padding }, data);
  ok(thrownBy(() => crypto.privateDecrypt({ key: privateKey, padding }, old)).message.startsWith("RSA_PKCS1_PADDING is no longer supported"), "PKCS #1");
});

test("agreement", () => {
  for (const name of ["prime256v1", "secp384r1", "secp521r1", "secp256k1", "secp224r1"]) {
    const [alice, bob] = [crypto.createECDH(name), crypto.createECDH(name)];
    alice.generateKeys();
    const compressed = bob.generateKeys("hex", "compressed");
    equal(alice.computeSecret(compressed, "hex", "hex"), bob.computeSecret(alice.getPublicKey(null, "hybrid")).toString("hex"), name);
    equal(crypto.ECDH.convertKey(compressed, name, "hex", "hex"), bob.getPublicKey("hex"), name);
  }
  for (const name of [...curves, "x25519"]) {
    const other = name === "x25519" ? generateKeyPairSync("x25519") : generateKeyPairSync("ec", { namedCurve: name });
    const [a, b] = [[pairs[name], other], [other, pairs[name]]].map(([{ privateKey }, { publicKey }]) => crypto.diffieHellman({ privateKey, publicKey }));
    equal(a.toString("hex"), b.toString("hex"), name);
  }
  equal(thrownBy(() => crypto.diffieHellman({ privateKey: pairs.x25519.privateKey, publicKey: rsa.publicKey })).message,
    "Incompatible key types for Diffie-Hellman: x25519 and rsa");
  const ecdh = crypto.createECDH("prime256v1");
  equal(codeOf(() => ecdh.getPublicKey()), "ERR_CRYPTO_OPERATION_FAILED");
  equal(codeOf(() => ecdh.setPrivateKey(Buffer.alloc(32))), "ERR_CRYPTO_INVALID_KEYTYPE");
  ecdh.generateKeys();
  equal(codeOf(() => ecdh.computeSecret(Buffer.alloc(65, 4))), "ERR_CRYPTO_ECDH_INVALID_PUBLIC_KEY");
});

test("keys are generated, and within bounds", async () => {
  const { publicKey, privateKey } = await promisify(crypto.generateKeyPair)("ec", {
    namedCurve: "P-256", publicKeyEncoding: { format: "pem", type: "spki" }, privateKeyEncoding: { format: "jwk" },
  });
  ok(publicKey.startsWith("-----BEGIN PUBLIC KEY-----\n") && privateKey.crv === "P-256", "encodings");
  equal(crypto.generateKeySync("hmac", { length: 65 }).symmetricKeySize, 8);
  equal((await promisify(crypto.generateKey)("aes", { length: 256 })).symmetricKeySize, 32);
  equal(codeOf(() => generateKeyPairSync("no")), "ERR_INVALID_ARG_VALUE");
  equal(codeOf(() => generateKeyPairSync("ec", { namedCurve: "no" })), "ERR_CRYPTO_INVALID_CURVE");
  equal(codeOf(() => generateKeyPairSync("rsa", { modulusLength: 100_000 })), "ERR_CRYPTO_OPERATION_FAILED");
  equal(codeOf(() => generateKeyPairSync("dsa", { modulusLength: 2048 })), "ERR_METHOD_NOT_IMPLEMENTED");
});

test("keys of WebCrypto are the same keys", async () => {
  const { subtle } = crypto;
  equal(subtle, globalThis.crypto.subtle);
  const ec = await subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const signature = sign("sha256", data, { key: ec.privateKey, dsaEncoding: "ieee-p1363" });
  ok(await subtle.verify({ name: "ECDSA", hash: "SHA-256" }, ec.publicKey, signature, data), "a CryptoKey signs");
  ok(createPublicKey(ec.privateKey).equals(crypto.KeyObject.from(ec.publicKey)), "KeyObject.from()");
  const hmac = await subtle.importKey("raw", Buffer.from("k"), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  equal(crypto.createHmac("sha256", hmac).update("a").digest("hex"), crypto.createHmac("sha256", "k").update("a").digest("hex"));
  const back = rsa.privateKey.toCryptoKey({ name: "RSA-PSS", hash: "SHA-256" }, true, ["sign"]);
  const made = await subtle.sign({ name: "RSA-PSS", saltLength: 32 }, back, data);
  ok(verify("sha256", data, { key: rsa.publicKey, padding: 6 }, Buffer.from(made)), "toCryptoKey()");
});

await done();
