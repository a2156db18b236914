// Signs and verifies JSON Web Tokens, and derives keys as long as it is asked to.

const utf8 = new TextEncoder();
const keptForEver = [];
const { subtle } = crypto;

const algorithms = {
  HS256: { name: "HMAC", hash: "SHA-256", length: 256 },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  PS384: { name: "RSA-PSS", hash: "SHA-384", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), saltLength: 48 },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  ES512: { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
  EdDSA: { name: "Ed25519" },
};

const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (digit) => digit.charCodeAt(0));

const routes = {
  // A new key signs a token; the answer has it and the key that verifies it.
  async sign(_, { searchParams }) {
    const alg = searchParams.get("alg");
    const made = await subtle.generateKey(algorithms[alg], true, ["sign", "verify"]);
    const head = encode(utf8.encode(JSON.stringify({ alg, typ: "JWT" })));
    const text = `${head}.${encode(utf8.encode(JSON.stringify({ sub: "nano" })))}`;
    const signature = await subtle.sign(algorithms[alg], made.privateKey ?? made, utf8.encode(text));
    return Response.json({ token: `${text}.${encode(signature)}`, key: await subtle.exportKey("jwk", made.publicKey ?? made) });
  },
  // Body: `{ token, key }`.
  async verify(request) {
    const { token, key } = await request.json();
    const [head, claims, signature] = token.split(".");
    const { alg } = JSON.parse(new TextDecoder().decode(decode(head)));
    const imported = await subtle.importKey("jwk", key, algorithms[alg], false, ["verify"]);
    return Response.json(await subtle.verify(algorithms[alg], imported, decode(signature), utf8.encode(`${head}.${claims}`)));
  },
  // The salt is "salt", the hash function SHA-256.
  async pbkdf2(_, { searchParams }) {
    const key = await subtle.importKey("raw", utf8.encode("password"), "PBKDF2", false, ["deriveBits"]);
    const parameters = { name: "PBKDF2", hash: "SHA-256", salt: utf8.encode("salt"), iterations: Number(searchParams.get("iterations")) };
    const bits = await subtle.deriveBits(parameters, key, Number(searchParams.get("bits") ?? 256));
    return new Response(encode(bits));
  },
  // A digest of so many MiB, and what they are when encrypted.
  async large(_, { searchParams }) {
    const data = new Uint8Array(Number(searchParams.get("mb")) << 20);
    const digest = encode(await subtle.digest("SHA-256", data));
    const key = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);
    const sealed = await subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array(12) }, key, data).catch((error) => error);
    return new Response(`${digest} ${sealed.byteLength ?? sealed.name}`);
  },
  // More keys than there is memory for, one after the other or all at once.
  async keys(_, { searchParams }) {
    const kept = searchParams.has("for-ever") ? keptForEver : [];
    for (let i = 0; i < Number(searchParams.get("count")); i++) {
      const key = await subtle.importKey("raw", new Uint8Array(1 << 20), "HKDF", false, ["deriveBits"]);
      if (searchParams.has("keep")) kept.push(key);
    }
    return new Response(`${kept.length} kept`);
  },
};

export default {
  async fetch(request) {
    const url = new URL(request.url);
    try {
      return await routes[url.pathname.slice(1)](request, url);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}`, { status: 400 });
    }
  },
};
