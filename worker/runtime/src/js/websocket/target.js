// What `new WebSocket()` is to connect to, and the protocols that it offers
// (https://websockets.spec.whatwg.org/#dom-websocket-websocket).

import { DOMException } from "../dom/dom_exception.js";
import { ops } from "../ops.js";
import { primordials } from "../primordials.js";

const { RegExpPrototypeExec, Set, SetPrototypeAdd, SetPrototypeHas, StringPrototypeIndexOf, StringPrototypeSlice, Uint32Array } = primordials;

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const components = new Uint32Array(8);

/** `{ shown, http }`: its URL, and the one that is asked. */
export function parseTarget(text, prefix) {
  const href = ops.urlParse(text, undefined, components);
  if (href === undefined) throw new DOMException(`${prefix}: '${text}' is not a valid absolute URL`, "SyntaxError");
  const scheme = StringPrototypeSlice(href, 0, StringPrototypeIndexOf(href, ":"));
  const isSecure = scheme === "wss" || scheme === "https";
  if (!isSecure && scheme !== "ws" && scheme !== "http") {
    throw new DOMException(`${prefix}: the scheme must be ws, wss, http or https`, "SyntaxError");
  }
  if (StringPrototypeIndexOf(href, "#") !== -1) throw new DOMException(`${prefix}: the URL has a fragment`, "SyntaxError");
  const rest = StringPrototypeSlice(href, scheme.length);
  return { __proto__: null, shown: `${isSecure ? "wss" : "ws"}${rest}`, http: `${isSecure ? "https" : "http"}${rest}` };
}

/** Checks that each is a token, and there once. */
export function protocolsOf(protocols, prefix) {
  const seen = new Set();
  for (let i = 0; i < protocols.length; i++) {
    const protocol = protocols[i];
    if (RegExpPrototypeExec(token, protocol) === null || SetPrototypeHas(seen, protocol)) {
      throw new DOMException(`${prefix}: the protocol '${protocol}' is no token, or there twice`, "SyntaxError");
    }
    SetPrototypeAdd(seen, protocol);
  }
  return protocols;
}

