// Writes crypto/data/vectors.js: what OpenSSL, by way of Node's `crypto` module, makes of the algorithms of the Web Cryptography
// API. Run by hand where another vector is wanted; keys are new each time:
//
//     node test/web/make_crypto_vectors.mjs

import {
  constants, createCipheriv, createHash, createHmac, diffieHellman, generateKeyPairSync, hkdfSync, pbkdf2Sync, publicEncrypt, sign,
} from "node:crypto";
import { writeFileSync } from "node:fs";

const hashes = { "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512" };
const text = (bytes) => Buffer.from(bytes).toString("base64");
const bytes = (length, seed = 7) => Buffer.from(Array.from({ length }, (_, i) => (i * 31 + seed) & 255));
const data = bytes(200);
const vectors = { data: text(data) };

vectors.digest = Object.entries(hashes).flatMap(([hash, name]) =>
  [0, 3, 200].map((length) => ({ hash, length, digest: text(createHash(name).update(data.subarray(0, length)).digest()) })));
vectors.hmac = Object.entries(hashes).flatMap(([hash, name]) =>
  [1, 64, 150].map((length) => ({ hash, key: text(bytes(length)), mac: text(createHmac(name, bytes(length)).update(data).digest()) })));

const encrypt = (name, key, iv, input, options, finish = () => Buffer.alloc(0)) => {
  const cipher = createCipheriv(name, key, iv, options);
  return text(Buffer.concat([finish(cipher, "before"), cipher.update(input), cipher.final(), finish(cipher, "after")]));
};
vectors.cbc = [16, 24, 32].map((length) => ({
  key: text(bytes(length)), iv: text(bytes(16, 3)), encrypted: encrypt(`aes-${length * 8}-cbc`, bytes(length), bytes(16, 3), data),
}));
// The last one's counter is about to begin again.
vectors.ctr = [[16, bytes(16, 3)], [24, bytes(16, 3)], [32, Buffer.alloc(16, 255)]].map(([length, counter]) => ({
  key: text(bytes(length)), counter: text(counter), encrypted: encrypt(`aes-${length * 8}-ctr`, bytes(length), counter, data),
}));
vectors.gcm = [[16, 12, 16, 0], [24, 12, 16, 20], [32, 12, 16, 20], [16, 1, 16, 5], [32, 16, 16, 1], [32, 60, 12, 9], [16, 12, 4, 3], [32, 8, 8, 0]]
  .map(([length, ivLength, tag, additional]) => ({
    key: text(bytes(length)),
    iv: text(bytes(ivLength, 3)),
    tagLength: tag * 8,
    additionalData: text(bytes(additional, 5)),
    encrypted: encrypt(`aes-${length * 8}-gcm`, bytes(length), bytes(ivLength, 3), data, { authTagLength: tag }, (cipher, when) => {
      if (when === "after") return cipher.getAuthTag();
      cipher.setAAD(bytes(additional, 5));
      return Buffer.alloc(0);
    }),
  }));
vectors.kw = [16, 24, 32].map((length) => ({
  key: text(bytes(length)), wrapped: encrypt(`id-aes${length * 8}-wrap`, bytes(length), Buffer.alloc(8, 0xa6), data),
}));

vectors.hkdf = Object.entries(hashes).map(([hash, name]) => ({
  hash, key: text(bytes(22)), salt: text(bytes(13)), info: text(bytes(300)), bits: text(hkdfSync(name, bytes(22), bytes(13), bytes(300), 100)),
}));
vectors.pbkdf2 = Object.entries(hashes).map(([hash, name]) => ({
  hash, key: text(bytes(9)), salt: text(bytes(16)), iterations: 1234, bits: text(pbkdf2Sync(bytes(9), bytes(16), 1234, 100, name)),
}));

function exported({ privateKey, publicKey }) {
  return {
    pkcs8: text(privateKey.export({ type: "pkcs8", format: "der" })),
    spki: text(publicKey.export({ type: "spki", format: "der" })),
    jwk: privateKey.export({ format: "jwk" }),
  };
}

vectors.rsa = [1024, 2048].map((modulusLength) => {
  const pair = generateKeyPairSync("rsa", { modulusLength });
  const signatures = Object.entries(hashes).flatMap(([hash, name]) => {
    const salts = [0, 20, createHash(name).digest().length].filter((salt) => modulusLength > 1024 || salt < 20);
    return [
      { hash, signature: text(sign(name, data, pair.privateKey)) },
      ...salts.map((saltLength) => {
        const padding = constants.RSA_PKCS1_PSS_PADDING;
        return { hash, saltLength, signature: text(sign(name, data, { key: pair.privateKey, padding, saltLength })) };
      }),
    ];
  });
  const oaep = modulusLength === 1024 ? [] : Object.entries(hashes).flatMap(([hash, oaepHash]) =>
    [0, 10].map((label) => ({
      hash,
      label: text(bytes(label)),
      encrypted: text(publicEncrypt({ key: pair.publicKey, oaepHash, oaepLabel: bytes(label) }, data.subarray(0, 60))),
    })));
  return { modulusLength, ...exported(pair), signatures, oaep };
});
vectors.ec = [["P-256", 32], ["P-384", 48], ["P-521", 66]].map(([namedCurve]) => {
  const pair = generateKeyPairSync("ec", { namedCurve });
  const peer = generateKeyPairSync("ec", { namedCurve });
  return {
    namedCurve,
    ...exported(pair),
    signatures: Object.entries(hashes).map(([hash, name]) => ({
      hash, signature: text(sign(name, data, { key: pair.privateKey, dsaEncoding: "ieee-p1363" })),
    })),
    peer: text(peer.publicKey.export({ type: "spki", format: "der" })),
    secret: text(diffieHellman({ privateKey: pair.privateKey, publicKey: peer.publicKey })),
  };
});
const ed25519 = generateKeyPairSync("ed25519");
vectors.ed25519 = { ...exported(ed25519), signature: text(sign(null, data, ed25519.privateKey)) };
const x25519 = generateKeyPairSync("x25519");
const peer = generateKeyPairSync("x25519");
vectors.x25519 = {
  ...exported(x25519),
  peer: text(peer.publicKey.export({ type: "spki", format: "der" })),
  secret: text(diffieHellman({ privateKey: x25519.privateKey, publicKey: peer.publicKey })),
};

const lines = Object.entries(vectors).map(([name, value]) => {
  if (!Array.isArray(value)) return `  ${name}: ${JSON.stringify(value)},`;
  return `  ${name}: [\n${value.map((item) => `    ${JSON.stringify(item)},`).join("\n")}\n  ],`;
});
writeFileSync(new URL("crypto/data/vectors.js", import.meta.url), `// Made by make_crypto_vectors.mjs with OpenSSL. Bytes are base64.

export const vectors = {
${lines.join("\n")}
};
`);
