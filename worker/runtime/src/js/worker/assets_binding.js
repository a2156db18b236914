// The binding of an app's static files, `env.ASSETS` in wrangler's configuration
// (https://developers.cloudflare.com/workers/static-assets/binding/). The supervisor answers with files of this app, by the
// rules that it has for clients, and nothing goes to the network, whatever the URL's host is.

import { fetchAsset } from "../fetch/fetch.js";
import { primordials } from "../primordials.js";

const { ObjectDefineProperty, SymbolToStringTag } = primordials;

class Fetcher {
  fetch(input, init = undefined) {
    return fetchAsset(arguments.length, input, init);
  }
}
ObjectDefineProperty(Fetcher.prototype, SymbolToStringTag, { __proto__: null, value: "Fetcher", configurable: true });

/** Called natively for the environment of an app that has both files and a worker. */
export function createAssetsBinding() {
  return new Fetcher();
}
