// A program that patches what it can reach changes nothing of how keys work, and sees nothing of a key that is not extractable.

import { done, equal, ok, test } from "./harness.js";

const { subtle } = crypto;
const nameOf = (error) => error.name;
const { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames } = Object;
const { apply } = Reflect;
const { join } = Array.prototype;
const { slice } = ArrayBuffer.prototype;
const bufferOf = getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "buffer").get;

// Names of what was called, and a list of everything that passed through. Made with nothing that is patched below.
let seen = "";
let spied = null;
let busy = false;

function look(name, value) {
  if (busy) return;
  busy = true;
  seen += `${name} `;
  let text = value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) text = new Uint8Array(apply(slice, apply(bufferOf, value, []), [0]));
  else if (value instanceof ArrayBuffer) text = new Uint8Array(apply(slice, value, [0]));
  if (typeof text === "object" && text !== null && text !== value) text = apply(join, text, []);
  if (typeof text === "string") spied = { text, next: spied };
  busy = false;
}

test("patched built-ins", async () => {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const secret = raw.join();
  const base64 = btoa(String.fromCharCode(...raw)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const iv = new Uint8Array(12);
  const wrapping = await subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
  const open = await subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, true, ["sign", "verify"]);
  const wrapped = await subtle.wrapKey("jwk", open, wrapping, { name: "AES-GCM", iv });
  const expected = new Uint8Array(await subtle.sign("HMAC", open, iv)).join();
  const base = await subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const parameters = { __proto__: null, name: "HKDF", hash: "SHA-256", salt: iv, info: iv };
  const derivedType = { __proto__: null, name: "HMAC", hash: "SHA-256", length: 256 };

  const restore = [];
  for (
    const target of [
      ArrayBuffer.prototype, Object.getPrototypeOf(Uint8Array.prototype), Uint8Array.prototype, String.prototype, JSON, Reflect, Object, Math,
      Map.prototype, WeakMap.prototype, RegExp.prototype, Number,
    ]
  ) {
    for (const name of getOwnPropertyNames(target)) {
      const descriptor = getOwnPropertyDescriptor(target, name);
      if (!descriptor.configurable || name === "constructor" || (target === Object && name === "prototype")) continue;
      restore.push([target, name, descriptor]);
    }
  }
  const promises = [];
  for (const [target, name, descriptor] of restore) {
    const spy = (original) =>
      function (...values) {
        look(name, this);
        for (let i = 0; i < values.length; i++) look(name, values[i]);
        return apply(original, this, values);
      };
    if (typeof descriptor.value === "function") defineProperty(target, name, { ...descriptor, value: spy(descriptor.value) });
    else if (descriptor.get) defineProperty(target, name, { ...descriptor, get: spy(descriptor.get) });
  }
  for (const name of ["k", "kty", "ext", "alg", "use", "toJSON", "d", "x"]) {
    defineProperty(Object.prototype, name, {
      configurable: true,
      get() {
        look(name, this);
        return undefined;
      },
      set(value) {
        look(name, value);
      },
    });
  }
  for (const index of [0, 1, 2]) {
    defineProperty(Array.prototype, index, { configurable: true, get: () => "0", set: (value) => look("index", value) });
  }
  let control;
  try {
    // Whether the spies see anything at all.
    new Uint8Array(raw).slice(0);
    ({}).k;
    control = seen;
    seen = "";
    spied = null;
    promises[3] = subtle.unwrapKey(
      "jwk", wrapped, wrapping, { __proto__: null, name: "AES-GCM", iv }, { __proto__: null, name: "HMAC", hash: "SHA-256" }, false, ["sign"],
    );
    promises[4] = subtle.deriveKey(parameters, base, derivedType, false, ["sign"]);
    promises[5] = subtle.wrapKey("jwk", open, wrapping, { __proto__: null, name: "AES-GCM", iv });
  } finally {
    for (const [target, name, descriptor] of restore) defineProperty(target, name, descriptor);
    for (const name of ["k", "kty", "ext", "alg", "use", "toJSON", "d", "x", "0"]) delete Object.prototype[name];
    for (const index of [0, 1, 2]) delete Array.prototype[index];
  }
  ok(control.includes("slice ") && control.includes("k "), `the spies saw ${control}`);
  const key = await promises[3];
  equal(await subtle.exportKey("raw", key).catch(nameOf), "InvalidAccessError");
  equal(new Uint8Array(await subtle.sign("HMAC", key, iv)).join(), expected);
  equal(new Uint8Array(await promises[5]).join(), new Uint8Array(wrapped).join());
  ok((await promises[4]) instanceof CryptoKey, "derived");
  for (let item = spied; item !== null; item = item.next) {
    ok(!item.text.includes(secret) && !item.text.includes(base64), `the key was seen: ${seen}`);
  }
  equal(seen, "", "what was called of all that is patched");
});

await done();
