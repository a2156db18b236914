import bcrypt from "bcryptjs";
import * as jose from "jose";
import jwt from "jsonwebtoken";
import { nanoid } from "nanoid";
import { createHash, createHmac, createPublicKey, generateKeyPairSync, randomBytes, scryptSync, sign, timingSafeEqual, verify } from "node:crypto";
import { v4, v5, validate, version } from "uuid";

const routes = {
  async hs256() {
    const token = jwt.sign({ sub: "someone", iat: 1700000000, exp: 4102444800 }, "a secret", { issuer: "here" });
    const payload = jwt.verify(token, "a secret", { issuer: "here" });
    return { token, payload };
  },
  async expired() {
    try {
      jwt.verify(jwt.sign({ exp: 1 }, "a secret"), "a secret");
    } catch (error) {
      return [error.name, error.message, error.expiredAt];
    }
  },
  async forged() {
    try {
      jwt.verify(jwt.sign({ a: 1 }, "another"), "a secret");
    } catch (error) {
      return [error.name, error.message];
    }
  },
  async rs256() {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const token = jwt.sign({ a: 1, iat: 1 }, privateKey, { algorithm: "RS256", keyid: "k" });
    return { decoded: jwt.decode(token, { complete: true }).header, payload: jwt.verify(token, publicKey, { algorithms: ["RS256"] }) };
  },
  async es256() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const token = jwt.sign({ a: 1, iat: 1 }, privateKey, { algorithm: "ES256" });
    return jwt.verify(token, publicKey);
  },
  async ed25519() {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const data = Buffer.from("data");
    return [verify(null, data, publicKey, sign(null, data, privateKey)), createPublicKey(privateKey).export({ format: "jwk" }).crv];
  },
  async jose() {
    const secret = new TextEncoder().encode("a secret of thirty-two bytes, so.");
    const token = await new jose.SignJWT({ a: 1 }).setProtectedHeader({ alg: "HS256" }).setIssuedAt(1).setExpirationTime(4102444800).sign(secret);
    const sealed = await new jose.EncryptJWT({ b: 2 }).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(secret.slice(0, 32));
    return { token, payload: (await jose.jwtVerify(token, secret)).payload, sealed: (await jose.jwtDecrypt(sealed, secret.slice(0, 32))).payload };
  },
  async bcrypt() {
    const hash = bcrypt.hashSync("password", "$2b$04$abcdefghijklmnopqrstuu");
    return [hash, await bcrypt.compare("password", hash), await bcrypt.compare("Password", hash)];
  },
  async ids() {
    const id = v4();
    return [validate(id), version(id), v5("a name", v5.DNS), nanoid().length, nanoid(5).length];
  },
  async hashes() {
    const all = ["md5", "sha1", "sha256", "sha384", "sha512"];
    return [
      ...all.map((name) => createHash(name).update("text").digest("hex")),
      createHmac("sha256", "key").update("text").digest("base64url"),
      scryptSync("password", "salt", 32, { N: 1024 }).toString("hex"),
      randomBytes(8).length,
      timingSafeEqual(Buffer.from("a"), Buffer.from("a")),
    ];
  },
};

export default {
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    return name in routes ? Response.json((await routes[name]()) ?? null) : new Response("no such route", { status: 404 });
  },
};
