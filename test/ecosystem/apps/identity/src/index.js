import { dispatch } from "../dispatch.js";
import "reflect-metadata";
import * as oauth from "oauth4webapi";
import { sha256 } from "@oslojs/crypto/sha2";
import { encodeHexLowerCase, encodeBase64url } from "@oslojs/encoding";
import { generateState, generateCodeVerifier, Google } from "arctic";
import { sealData, unsealData } from "iron-session";
import * as OTPAuth from "otpauth";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { blake3 } from "@noble/hashes/blake3.js";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import forge from "node-forge";
import nacl from "tweetnacl";
import * as openpgp from "openpgp";
import * as x509 from "@peculiar/x509";
import elliptic from "elliptic";
import { calculatePKCECodeChallenge } from "openid-client";
import { Auth } from "@auth/core";
import Credentials from "@auth/core/providers/credentials";
const b = (n) => new Uint8Array(n).fill(7);
const routes = {
  async oauth() {
    return [await oauth.calculatePKCECodeChallenge("abc"), await calculatePKCECodeChallenge("abc")];
  },
  async oslo() {
    return [encodeHexLowerCase(sha256(new TextEncoder().encode("a"))), encodeBase64url(b(5))];
  },
  async arctic() {
    const u = new Google("id", "secret", "https://a.example/cb").createAuthorizationURL("state", "verifier-verifier-verifier-verifier-verifier", [
      "openid",
    ]);
    return [u.href, generateState().length, generateCodeVerifier().length];
  },
  async iron() {
    const s = await sealData({ a: 1 }, { password: "x".repeat(40) });
    return unsealData(s, { password: "x".repeat(40) });
  },
  async otp() {
    return new OTPAuth.TOTP({ secret: OTPAuth.Secret.fromBase32("JBSWY3DPEHPK3PXP") }).generate({ timestamp: 1700000000000 });
  },
  async noble() {
    const s = secp256k1.getPublicKey(b(32));
    const e = ed25519.sign(b(3), b(32));
    return [
      [...s],
      ed25519.verify(e, b(3), ed25519.getPublicKey(b(32))),
      [...blake3(b(3))].slice(0, 4),
      [...xchacha20poly1305(b(32), b(24)).encrypt(b(3))],
    ];
  },
  async forge() {
    const md = forge.md.sha256.create();
    md.update("a");
    return [md.digest().toHex(), forge.pki.privateKeyToPem ? 1 : 0, forge.util.encode64("abc")];
  },
  async nacl() {
    const k = nacl.sign.keyPair.fromSeed(b(32));
    return [...nacl.sign.detached(b(3), k.secretKey)].slice(0, 8);
  },
  async pgp() {
    const m = await openpgp.encrypt({ message: await openpgp.createMessage({ text: "hi" }), passwords: ["p"] });
    const { data } = await openpgp.decrypt({ message: await openpgp.readMessage({ armoredMessage: m }), passwords: ["p"] });
    return data;
  },
  async x509() {
    const alg = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const keys = await crypto.subtle.generateKey(alg, true, ["sign", "verify"]);
    const c = await x509.X509CertificateGenerator.createSelfSigned(
      { serialNumber: "01", name: "CN=Test", notBefore: new Date(0), notAfter: new Date(1e12), signingAlgorithm: alg, keys },
      crypto,
    );
    return [c.subject, await c.verify({ date: new Date(1e11) }, crypto)];
  },
  async elliptic() {
    const k = new elliptic.ec("secp256k1").keyFromPrivate(b(32));
    return k.getPublic("hex");
  },
  async authcore() {
    const r = await Auth(new Request("https://a.example/auth/providers"), {
      secret: "s",
      trustHost: true,
      basePath: "/auth",
      providers: [Credentials({ authorize: () => null })],
    });
    return [r.status, await r.json()];
  },
  async csrf() {
    const r = await Auth(new Request("https://a.example/auth/session"), {
      secret: "s",
      trustHost: true,
      basePath: "/auth",
      providers: [Credentials({ authorize: () => null })],
    });
    return [r.status, await r.text()];
  },
};

export default dispatch(routes);
