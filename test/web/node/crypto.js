// node:crypto: what is hashed, encrypted, derived and drawn. Each expectation is what Node.js has.

import crypto from "node:crypto";
import { Buffer } from "node:buffer";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

const { createCipheriv, createDecipheriv, createHash, createHmac } = crypto;
const errorOf = (call) => {
  const { name, code, message } = thrownBy(call);
  return [name, code, message];
};

test("digests, copies and encodings", () => {
  const digests = {
    md5: "900150983cd24fb0d6963f7d28e17f72",
    sha1: "a9993e364706816aba3e25717850c26c9cd0d89d",
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha512-256": "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23",
    "sha3-256": "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
    ripemd160: "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc",
    shake128: "5881092dd818bf5cf8a3ddb793fbcba7",
    "RSA-SHA256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  };
  for (const [name, hex] of Object.entries(digests)) {
    equal(createHash(name).update("a").update(Buffer.from("bc")).digest("hex"), hex, name);
    equal(crypto.hash(name, "abc"), hex, name);
  }
  ok(crypto.getHashes().every((name) => createHash(name).digest().length > 0), "all of getHashes()");
  const first = createHash("sha1").update("a");
  const copy = first.copy();
  deepEqual([first.update("bc").digest("hex"), copy.update("bc").digest("base64url")], [digests.sha1, "qZk-NkcGgWq6PiVxeFDCbJzQ2J0"]);
  equal(createHash("shake256", { outputLength: 5 }).update("abc").digest("hex"), "4833666013");
  equal(createHash("md5").update("616263", "hex").digest("latin1").length, 16);
});

test("digests say what is wrong as Node.js does", () => {
  deepEqual(errorOf(() => createHash("no")), ["Error", undefined, "Digest method not supported"]);
  const hash = createHash("sha1");
  hash.digest();
  for (const call of [() => hash.update("a"), () => hash.digest(), () => hash.copy()]) {
    deepEqual(errorOf(call), ["Error", "ERR_CRYPTO_HASH_FINALIZED", "Digest already called"]);
  }
  deepEqual(errorOf(() => createHash("sha1").update(1)), [
    "TypeError", "ERR_INVALID_ARG_TYPE",
    'The "data" argument must be of type string or an instance of Buffer, TypedArray, or DataView. Received type number (1)',
  ]);
  equal(errorOf(() => createHash("sha256", { outputLength: 5 }))[1], "ERR_OSSL_EVP_NOT_XOF_OR_INVALID_LENGTH");
  deepEqual(errorOf(() => createHmac("no", "k")), ["TypeError", "ERR_CRYPTO_INVALID_DIGEST", "Invalid digest: no"]);
});

test("MACs, with functions that have no HMAC of their own, too", () => {
  const mac = (name, key) => createHmac(name, key).update("what do ya want ").update("for nothing?").digest("hex");
  equal(mac("md5", "Jefe"), "750c783e6ab0b503eaa86e310a5db738");
  equal(mac("sha256", crypto.createSecretKey("Jefe")), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  equal(mac("ripemd160", "Jefe"), "dda6c0213a485a9e24f4742064a7f033b43c4069");
  equal(mac("sha512", Buffer.alloc(200, 1)).length, 128);
  const hmac = createHmac("sha1", "");
  deepEqual([hmac.digest("hex"), hmac.digest("hex")], ["fbdb1d1b18aa6c08324b7d64b71fb76370690e1d", ""]);
});

test("ciphers go there and back, piece by piece", () => {
  const text = Buffer.from("the quick brown fox jumps over the lazy dog");
  for (const name of crypto.getCiphers()) {
    const { keyLength, ivLength, mode } = crypto.getCipherInfo(name);
    const key = Buffer.from(Array.from({ length: keyLength }, (_, at) => at));
    const iv = ivLength === undefined ? null : Buffer.alloc(ivLength, 7);
    const cipher = createCipheriv(name, key, iv);
    // This mode takes its data at once.
    const pieces = mode === "xts" ? [text] : [text.subarray(0, 3), text.subarray(3, 20), text.subarray(20)];
    const encrypted = Buffer.concat([...pieces.map((piece) => cipher.update(piece)), cipher.final()]);
    const decipher = createDecipheriv(name, key, iv);
    if (mode === "gcm" || mode === "stream") decipher.setAuthTag(cipher.getAuthTag());
    equal(decipher.update(encrypted, undefined, "utf8") + decipher.final("utf8"), text.toString(), name);
  }
  const cipher = createCipheriv("aes-128-gcm", Buffer.alloc(16), Buffer.alloc(12), { authTagLength: 12 });
  cipher.setAAD(Buffer.from("more"));
  deepEqual([cipher.update("abc", "utf8", "hex") + cipher.final("hex"), cipher.getAuthTag().toString("hex")], [
    "62eab9", "77ac89d3990966a3bf1561c0",
  ]);
});

test("what was changed is not decrypted", () => {
  const key = Buffer.alloc(32, 1);
  for (const name of ["aes-256-gcm", "chacha20-poly1305"]) {
    const cipher = createCipheriv(name, key, Buffer.alloc(12));
    cipher.setAAD(Buffer.from("more"));
    const encrypted = Buffer.concat([cipher.update("secret"), cipher.final()]);
    const tag = cipher.getAuthTag();
    const open = (more, data, given) => {
      const decipher = createDecipheriv(name, key, Buffer.alloc(12));
      decipher.setAAD(Buffer.from(more));
      if (given !== undefined) decipher.setAuthTag(given);
      decipher.update(data);
      return decipher.final();
    };
    const flip = (bytes) => Buffer.from(bytes).map((byte, at) => (at === 0 ? byte ^ 1 : byte));
    open("more", encrypted, tag);
    for (const args of [["less", encrypted, tag], ["more", flip(encrypted), tag], ["more", encrypted, flip(tag)], ["more", encrypted]]) {
      deepEqual(errorOf(() => open(...args)), ["Error", undefined, "Unsupported state or unable to authenticate data"]);
    }
  }
  const broken = createDecipheriv("aes-256-cbc", key, Buffer.alloc(16));
  broken.update(Buffer.alloc(16));
  deepEqual(errorOf(() => broken.final()), ["Error", "ERR_OSSL_BAD_DECRYPT", "error:1C800064:Provider routines::bad decrypt"]);
  const short = createDecipheriv("aes-256-cbc", key, Buffer.alloc(16));
  short.update(Buffer.alloc(15));
  equal(errorOf(() => short.final())[1], "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH");
  const padded = createCipheriv("aes-256-cbc", key, Buffer.alloc(16)).setAutoPadding(false);
  padded.update("a");
  equal(errorOf(() => padded.final())[1], "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH");
});

test("ciphers take what fits them, in their order", () => {
  const open = (...args) => errorOf(() => createCipheriv(...args)).slice(0, 2);
  deepEqual(open("no", "a", "b"), ["Error", "ERR_CRYPTO_UNKNOWN_CIPHER"]);
  deepEqual(open("aes-128-cbc", Buffer.alloc(16), "b"), ["TypeError", "ERR_CRYPTO_INVALID_IV"]);
  deepEqual(open("aes-128-cbc", Buffer.alloc(15), Buffer.alloc(16)), ["RangeError", "ERR_CRYPTO_INVALID_KEYLEN"]);
  deepEqual(open("aes-128-cbc", Buffer.alloc(16), null), ["TypeError", "ERR_CRYPTO_INVALID_IV"]);
  deepEqual(open("aes-128-gcm", Buffer.alloc(16), Buffer.alloc(12), { authTagLength: 3 }), ["TypeError", "ERR_CRYPTO_INVALID_AUTH_TAG"]);
  const gcm = createCipheriv("aes-128-gcm", Buffer.alloc(16), Buffer.alloc(12));
  equal(errorOf(() => gcm.getAuthTag())[2], "Invalid state for operation getAuthTag");
  gcm.final();
  equal(errorOf(() => gcm.update("a"))[2], "Trying to add data in unsupported state");
  equal(errorOf(() => gcm.final())[1], "ERR_CRYPTO_INVALID_STATE");
  equal(errorOf(() => gcm.setAAD(Buffer.alloc(1)))[2], "Invalid state for operation setAAD");
});

test("keys of passwords", async () => {
  // RFC 6070.
  equal(crypto.pbkdf2Sync("password", "salt", 2, 20, "sha1").toString("hex"), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
  // RFC 7914 section 12.
  equal(
    crypto.scryptSync("password", "NaCl", 64, { N: 1024, r: 8, p: 16 }).toString("hex"),
    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640",
  );
  equal(crypto.scryptSync("", "", 16, { N: 16, r: 1, p: 1 }).toString("hex"), "77d6576238657b203b19ca42c18a0497");
  const derived = await new Promise((resolve, reject) => {
    crypto.scrypt("password", "salt", 8, { N: 2 }, (error, key) => (error ? reject(error) : resolve(key)));
  });
  equal(derived.length, 8);
  // RFC 5869, the first test case.
  const info = Buffer.from("f0f1f2f3f4f5f6f7f8f9", "hex");
  const okm = crypto.hkdfSync("sha256", Buffer.alloc(22, 11), Buffer.from("000102030405060708090a0b0c", "hex"), info, 42);
  equal(Buffer.from(okm).toString("hex"), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  deepEqual(errorOf(() => crypto.scryptSync("a", "b", 10, { N: 2 ** 20 })), [
    "RangeError", "ERR_CRYPTO_INVALID_SCRYPT_PARAMS",
    "Invalid scrypt params: error:030000AC:digital envelope routines::memory limit exceeded",
  ]);
  equal(errorOf(() => crypto.scryptSync("a", "b", 10, { N: 3 }))[1], "ERR_CRYPTO_INVALID_SCRYPT_PARAMS");
  equal(errorOf(() => crypto.hkdfSync("sha1", "a", "b", "c", 5101))[1], "ERR_CRYPTO_INVALID_KEYLEN");
  equal(errorOf(() => crypto.pbkdf2Sync("a", "b", 0, 10, "sha1"))[1], "ERR_OUT_OF_RANGE");
});

test("random bytes and numbers", async () => {
  equal(crypto.randomBytes(100_000).length, 100_000);
  const words = crypto.randomFillSync(new Uint32Array(4), 2);
  deepEqual([...words.subarray(0, 2)], [0, 0]);
  for (let count = 0; count < 200; count++) {
    const number = crypto.randomInt(-3, 3);
    ok(number >= -3 && number < 3, String(number));
  }
  equal(await new Promise((resolve) => crypto.randomInt(7, 8, (_, number) => resolve(number))), 7);
  ok(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(crypto.randomUUID()), "UUID");
  deepEqual(errorOf(() => crypto.randomInt(5, 2)), [
    "RangeError", "ERR_OUT_OF_RANGE", 'The value of "max" is out of range. It must be greater than the value of "min" (5). Received 2',
  ]);
  equal(errorOf(() => crypto.randomBytes(2 ** 31))[1], "ERR_OUT_OF_RANGE");
  ok(crypto.timingSafeEqual(Buffer.from("a"), new Uint8Array([97])), "equal");
  equal(errorOf(() => crypto.timingSafeEqual(Buffer.alloc(1), Buffer.alloc(2)))[1], "ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH");
});

test("primes", () => {
  deepEqual([0n, 1n, 2n, 561n, 7919n, 2n ** 127n - 1n].map((each) => crypto.checkPrimeSync(each)), [
    false, false, true, false, true, true,
  ]);
  const prime = crypto.generatePrimeSync(48, { bigint: true, add: 30n, rem: 7n });
  deepEqual([prime % 30n, prime >> 47n, crypto.checkPrimeSync(prime)], [7n, 1n, true]);
  const safe = crypto.generatePrimeSync(32, { safe: true, bigint: true });
  ok(crypto.checkPrimeSync(safe) && crypto.checkPrimeSync(safe >> 1n), String(safe));
  equal(crypto.generatePrimeSync(32).byteLength, 4);
});

test("hash functions and ciphers are streams", async () => {
  const hash = createHash("sha1");
  ok(hash instanceof Transform && createHmac("sha1", "k") instanceof Transform, "Transform");
  equal((await Readable.from([Buffer.from("a"), "bc"]).pipe(hash).toArray())[0].toString("hex"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  hash.destroy();
  const read = createHash("md5");
  read.setEncoding("hex");
  read.end("abc");
  equal(await new Promise((resolve) => read.on("data", resolve)), "900150983cd24fb0d6963f7d28e17f72");
  const [key, iv] = [Buffer.alloc(16), Buffer.alloc(16)];
  const chunks = [];
  const sink = new Writable({ write: (chunk, _, next) => next(chunks.push(chunk) && null) });
  const text = "x".repeat(100_000);
  await pipeline(Readable.from([text]), createCipheriv("aes-128-cbc", key, iv), createDecipheriv("aes-128-cbc", key, iv), sink);
  equal(Buffer.concat(chunks).toString(), text);
  const broken = createDecipheriv("aes-128-cbc", key, iv);
  broken.end(Buffer.alloc(15));
  equal((await new Promise((resolve) => broken.on("error", resolve))).code, "ERR_OSSL_WRONG_FINAL_BLOCK_LENGTH");
  const verifier = crypto.createVerify("sha256");
  ok(verifier instanceof Writable, "Writable");
  const { privateKey, publicKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  await pipeline(Readable.from(["da", "ta"]), verifier);
  ok(verifier.verify(publicKey, crypto.sign("sha256", Buffer.from("data"), privateKey)), "Verify");
});

test("Diffie-Hellman", () => {
  for (const name of ["modp1", "modp2", "modp5", "modp14", "MODP15"]) {
    const [one, other] = [crypto.getDiffieHellman(name), crypto.createDiffieHellmanGroup(name)];
    const [first, second] = [one.generateKeys(), other.generateKeys()];
    ok(one.computeSecret(second).equals(other.computeSecret(first)), name);
    equal(one.verifyError, 0);
    equal(one.computeSecret(second).length, one.getPrime().length);
  }
  // RFC 2409 and RFC 3526.
  const digestOf = (name) => createHash("sha256").update(crypto.getDiffieHellman(name).getPrime()).digest("hex").slice(0, 16);
  deepEqual(["modp1", "modp2", "modp5", "modp14", "modp18"].map((name) => digestOf(name)), ["b52ba6a3026520a6", "3f35a3f5f6c4376a", "64fcc83ec403930b", "d66436f79bbd6b2e", "39ab4feab950a312"]);
  const made = crypto.createDiffieHellman(64);
  const same = crypto.createDiffieHellman(made.getPrime("hex"), "hex", made.getGenerator());
  deepEqual([made.verifyError, made.getGenerator("hex"), made.getPrime().length], [0, "02", 8]);
  ok(made.generateKeys().equals(made.getPublicKey()), "public");
  same.setPrivateKey(made.getPrivateKey());
  equal(same.generateKeys("hex"), made.getPublicKey("hex"));
  // Numbers of RFC 5114's kind: 5 ** 6 mod 23.
  const small = crypto.createDiffieHellman(Buffer.from([23]), 5);
  small.setPrivateKey(Buffer.from([6]));
  deepEqual([small.generateKeys("hex"), small.computeSecret(Buffer.from([19]), undefined, "hex"), small.verifyError], ["08", "02", 0]);
  deepEqual([crypto.createDiffieHellman(Buffer.from([21])).verifyError & 1, crypto.createDiffieHellman(Buffer.from([13])).verifyError & 2], [1, 2]);
  const codeOf = (body) => thrownBy(body).code;
  deepEqual([
    codeOf(() => small.computeSecret(Buffer.from([1]))), codeOf(() => small.computeSecret(Buffer.from([22]))),
    codeOf(() => crypto.getDiffieHellman("modp3")), codeOf(() => crypto.createDiffieHellman(64, 1)), codeOf(() => crypto.createDiffieHellman(1)),
    codeOf(() => crypto.createDiffieHellman(64).getPublicKey()), codeOf(() => crypto.createDiffieHellman(Buffer.alloc(1025, 255))),
    codeOf(() => crypto.createDiffieHellman(Buffer.from([22])).generateKeys()), codeOf(() => crypto.createDiffieHellman({})),
  ], [
    "ERR_CRYPTO_INVALID_KEYLEN", "ERR_CRYPTO_INVALID_KEYLEN", "ERR_CRYPTO_UNKNOWN_DH_GROUP", "ERR_OSSL_DH_BAD_GENERATOR", "ERR_OUT_OF_RANGE",
    "ERR_CRYPTO_INVALID_KEYTYPE", "ERR_OUT_OF_RANGE", "ERR_CRYPTO_OPERATION_FAILED", "ERR_INVALID_ARG_TYPE",
  ]);
});

test("what is missing says so", () => {
  for (const call of [() => crypto.setEngine("a"), () => crypto.createCipher("aes192", "a"), () => new crypto.Certificate()]) {
    equal(errorOf(call)[1], "ERR_METHOD_NOT_IMPLEMENTED");
  }
});

await done();
