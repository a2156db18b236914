import { dispatch } from "../dispatch.js";
const enc = (s) => new TextEncoder().encode(s);
const routes = {
  async webauthn() {
    const s = await import("@simplewebauthn/server");
    const o = await s.generateRegistrationOptions({ rpName: "a", rpID: "a.example", userName: "u", challenge: "abc", userID: enc("u") });
    let e;
    try {
      await s.verifyRegistrationResponse({
        response: { id: "a", rawId: "a", type: "public-key", response: { clientDataJSON: "e30", attestationObject: "o2NmbXRkbm9uZQ" } },
        expectedChallenge: "x",
        expectedOrigin: "https://a.example",
      });
    } catch (x) {
      e = x.message;
    }
    return [o, e];
  },
  async oslo() {
    const { sha256 } = await import("oslo/crypto");
    const { encodeHex } = await import("oslo/encoding");
    const { createJWT, validateJWT } = await import("oslo/jwt");
    const k = enc("k".repeat(32));
    const t = await createJWT("HS256", k, { a: 1 });
    return [encodeHex(await sha256(enc("a"))), (await validateJWT("HS256", k, t)).payload];
  },
  async lucia() {
    const { Lucia, generateId } = await import("lucia");
    const l = new Lucia({ getSessionAndUser: async () => [null, null], deleteExpiredSessions() {} });
    return [l.createBlankSessionCookie().serialize(), generateId(15).length, await l.validateSession("x")];
  },
  async luciascrypt() {
    const { Scrypt } = await import("lucia");
    const s = new Scrypt();
    return s.verify(await s.hash("x"), "x");
  },
  async josejwe() {
    const j = await import("jose");
    const out = [];
    for (const [a, e] of [
      ["RSA-OAEP-256", "A256GCM"],
      ["ECDH-ES", "A128CBC-HS256"],
      ["ECDH-ES+A256KW", "A256GCM"],
      ["A128KW", "A192GCM"],
      ["A256GCMKW", "A256CBC-HS512"],
      ["PBES2-HS256+A128KW", "A128GCM"],
      ["dir", "A256GCM"],
    ]) {
      try {
        let k, d;
        if (/RSA|ECDH/.test(a)) {
          const p = await j.generateKeyPair(a, { extractable: true });
          k = p.publicKey;
          d = p.privateKey;
        } else if (a === "dir") k = d = await j.generateSecret("A256GCM");
        else if (a.startsWith("PB")) k = d = enc("pass");
        else k = d = await j.generateSecret(a);
        const t = await new j.CompactEncrypt(enc("hi")).setProtectedHeader({ alg: a, enc: e }).encrypt(k);
        out.push([a, e, new TextDecoder().decode((await j.compactDecrypt(t, d, { keyManagementAlgorithms: [a] })).plaintext)]);
      } catch (x) {
        out.push([a, e, x.name, x.message]);
      }
    }
    return out;
  },
  async josex25519() {
    const j = await import("jose");
    const p = await j.generateKeyPair("ECDH-ES", { crv: "X25519" });
    const t = await new j.CompactEncrypt(enc("hi")).setProtectedHeader({ alg: "ECDH-ES", enc: "A128GCM" }).encrypt(p.publicKey);
    return new TextDecoder().decode((await j.compactDecrypt(t, p.privateKey)).plaintext);
  },
  async josejwks() {
    const j = await import("jose");
    const { publicKey, privateKey } = await j.generateKeyPair("ES256", { extractable: true });
    const jwk = await j.exportJWK(publicKey);
    jwk.kid = "1";
    const get = j.createRemoteJWKSet(new URL("https://a.example/jwks"), { [j.customFetch]: async () => Response.json({ keys: [jwk] }) });
    const t = await new j.SignJWT({}).setProtectedHeader({ alg: "ES256", kid: "1" }).sign(privateKey);
    return [(await j.jwtVerify(t, get)).protectedHeader, await j.calculateJwkThumbprint({ kty: "EC", crv: "P-256", x: "a", y: "b" })];
  },
  async awsjwt() {
    const { CognitoJwtVerifier } = await import("aws-jwt-verify");
    const v = CognitoJwtVerifier.create({ userPoolId: "us-east-1_abc", tokenUse: "access", clientId: "x" });
    try {
      await v.verify("a.b.c");
    } catch (e) {
      return [e.name, e.message];
    }
  },
  async cwjwt() {
    const j = (await import("@tsndr/cloudflare-worker-jwt")).default;
    const t = await j.sign({ a: 1, iat: 1 }, "secret");
    return [t, !!(await j.verify(t, "secret"))];
  },
  async pq() {
    const { ml_kem768 } = await import("@noble/post-quantum/ml-kem.js");
    const k = ml_kem768.keygen(new Uint8Array(64).fill(1));
    return [...k.publicKey.subarray(0, 4)];
  },
  async bip39() {
    const { mnemonicToSeedSync } = await import("@scure/bip39");
    return Buffer.from(mnemonicToSeedSync("legal winner thank year wave sausage worth useful legal winner thank yellow"))
      .toString("hex")
      .slice(0, 16);
  },
  async ethers() {
    const e = await import("ethers");
    const w = new e.Wallet("0x" + "11".repeat(32));
    return [w.address, await w.signMessage("hi"), e.parseEther("1.5").toString()];
  },
  async viem() {
    const { privateKeyToAccount } = await import("viem/accounts");
    const { createPublicClient, http } = await import("viem");
    const a = privateKeyToAccount("0x" + "11".repeat(32));
    const c = createPublicClient({ transport: http("http://127.0.0.1:1", { retryCount: 0 }) });
    let e;
    try {
      await c.getBlockNumber();
    } catch (x) {
      e = x.name;
    }
    return [a.address, e];
  },
  async solana() {
    const s = await import("@solana/web3.js");
    return s.Keypair.fromSeed(new Uint8Array(32).fill(3)).publicKey.toBase58();
  },
  async cryptojs() {
    const C = (await import("crypto-js")).default;
    return [
      C.AES.decrypt(C.AES.encrypt("hi", "k").toString(), "k").toString(C.enc.Utf8),
      C.MD5("a").toString(),
      C.PBKDF2("p", "s", { keySize: 4, iterations: 10 }).toString(),
    ];
  },
  async sjcl() {
    const s = (await import("sjcl")).default;
    return s.decrypt("p", s.encrypt("p", "hi"));
  },
  async scryptjs() {
    const s = (await import("scrypt-js")).default;
    return [...(await s.scrypt(enc("p"), enc("s"), 16, 8, 1, 16))];
  },
  async hashes() {
    const out = [];
    out.push(
      (await import("hash.js")).default.sha1().update("a").digest("hex"),
      (await import("sha.js")).default("sha256").update("a").digest("hex"),
      (await import("create-hash")).default("sha1").update("a").digest("hex"),
      (await import("md5")).default("a"),
      (await import("blakejs")).default.blake2bHex("a").slice(0, 8),
      Buffer.from((await import("fast-sha256")).hash(enc("a"))).toString("hex"),
    );
    return out;
  },
  async xmlcrypto() {
    const { SignedXml } = await import("xml-crypto");
    const { generateKeyPairSync } = await import("node:crypto");
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const s = new SignedXml({
      privateKey,
      signatureAlgorithm: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
      canonicalizationAlgorithm: "http://www.w3.org/2001/10/xml-exc-c14n#",
    });
    s.addReference({
      xpath: "//*[local-name(.)='x']",
      digestAlgorithm: "http://www.w3.org/2001/04/xmlenc#sha256",
      transforms: ["http://www.w3.org/2001/10/xml-exc-c14n#"],
    });
    s.computeSignature("<a><x Id='1'>v</x></a>");
    return s.getSignedXml().includes("SignatureValue");
  },
  async casl() {
    const { AbilityBuilder, createMongoAbility } = await import("@casl/ability");
    const { can, build } = new AbilityBuilder(createMongoAbility);
    can("read", "Post", { a: 1 });
    return build().can("read", "Post");
  },
  async casbin() {
    const c = await import("casbin");
    const m = c.newModelFromString(
      "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = sub, obj, act\n[policy_effect]\ne = some(where (p.eft == allow))\n[matchers]\nm = r.sub == p.sub && r.obj == p.obj && r.act == p.act",
    );
    const e = await c.newEnforcer(m, new c.StringAdapter("p, alice, data1, read"));
    return [await e.enforce("alice", "data1", "read"), await e.enforce("bob", "data1", "read")];
  },
  async toughcookie() {
    const { CookieJar } = await import("tough-cookie");
    const j = new CookieJar();
    await j.setCookie("a=b; Path=/", "https://a.example/");
    return j.getCookieString("https://a.example/x");
  },
};
export default dispatch(routes);
