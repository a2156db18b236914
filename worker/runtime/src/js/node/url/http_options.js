// url.urlToHttpOptions(), by which http.request() reads URLs, too (nodejs.org/api/url.html#urlurltohttpoptionsurl).

import { primordials } from "../../primordials.js";
import { validateObject } from "../internal/validators.js";

const { decodeURIComponent, Number, StringPrototypeSlice } = primordials;

export function urlToHttpOptions(url) {
  validateObject(url, "url", { allowArray: true, allowFunction: true });
  const { hostname, pathname, port, username, password, search } = url;
  const options = {
    __proto__: null,
    ...url,
    protocol: url.protocol,
    hostname: hostname && hostname[0] === "[" ? StringPrototypeSlice(hostname, 1, -1) : hostname,
    hash: url.hash,
    search,
    pathname,
    path: `${pathname || ""}${search || ""}`,
    href: url.href,
  };
  if (port !== "") options.port = Number(port);
  if (username || password) options.auth = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return options;
}
