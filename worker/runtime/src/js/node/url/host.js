// Names of hosts in ASCII and as people read them (nodejs.org/api/url.html#urldomaintoasciidomain).

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { toUnicode } from "../punycode.js";

const { RegExpPrototypeExec, StringPrototypeSlice, Uint32Array } = primordials;

const components = new Uint32Array(8);
const kHostStart = 2;
const kHostEnd = 3;

/** As a URL has it; "": it is no host's. */
export function domainToAscii(domain) {
  // Nothing but a host may stand there.
  if (RegExpPrototypeExec(/[/?#@:\\]/, domain) !== null && domain[0] !== "[") return "";
  const href = ops.urlParse(`ws://${domain}`, undefined, components);
  return href === undefined ? "" : StringPrototypeSlice(href, components[kHostStart], components[kHostEnd]);
}

export function domainToUnicode(domain) {
  const ascii = domainToAscii(domain);
  try {
    return toUnicode(ascii);
  } catch {
    return ascii;
  }
}

/** A name in ASCII as it stands, and another one as a URL has it. */
export function asciiHost(name) {
  return RegExpPrototypeExec(/[^\0-\x7f]/, name) === null ? name : domainToAscii(name);
}
