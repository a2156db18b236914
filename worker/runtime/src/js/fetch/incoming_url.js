// The URL of an incoming request: parsed only where it may not be as the URL standard writes it.

import { primordials } from "../primordials.js";
import { parseHref } from "../url/url.js";

const { RegExpPrototypeExec } = primordials;

// What a URL that came in may hold for the parser to leave it as it is is the rule; this matches the exceptions, and a
// good many that are none: characters to encode, dot segments, hosts that may be numbers or punycode, ports with zeros or
// the default one.
const needsParser =
  /[^!$%&()*+,\-./0-9:;=?@A-Z_a-z~]|\/\.|\/%2e|xn--|^(?!http:\/\/(?:[a-z0-9\-]+\.)*[a-z][a-z0-9\-]*(?::(?!80\/)[1-9][0-9]{0,4})?\/)/i;

/** The URL of a request that came in, as the URL standard writes it. */
export function normalizeIncomingUrl(url) {
  if (RegExpPrototypeExec(needsParser, url) === null) return url;
  return parseHref(url) ?? url;
}
