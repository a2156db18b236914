// node:dns (nodejs.org/api/dns.html): the supervisor looks names up for fetch(), and for nothing else. Here are addresses, and the
// name of the machine itself, which servers ask for when they begin to listen.

import { primordials } from "../primordials.js";
import { missingClass } from "./internal/missing.js";
import { plainError } from "./internal/errors.js";
import { nextTick } from "./internal/next_tick.js";
import { validateFunction } from "./internal/validators.js";
import { moduleExports as net } from "./net.js";

const { ObjectDefineProperty, Promise, StringPrototypeToUpperCase, SymbolFor } = primordials;

const kPromisify = SymbolFor("nodejs.util.promisify.custom");

const codes = {};
const words = [
  "addrgetnetworkparams", "badfamily", "badflags", "badhints", "badname", "badquery", "badresp", "badstr", "cancelled", "connrefused",
  "destruction", "eof", "file", "formerr", "loadiphlpapi", "nodata", "nomem", "noname", "notfound", "notimp", "notinitialized", "refused",
  "servfail", "timeout",
];
for (let at = 0; at < words.length; at++) {
  const name = StringPrototypeToUpperCase(words[at]);
  codes[name] = `E${name}`;
}

function notFound(syscall, hostname) {
  return plainError("ENOTFOUND", `${syscall} ENOTFOUND ${hostname}`, { __proto__: null, errno: -3008, syscall, hostname });
}

/** The addresses of a name, as `{ address, family }`; undefined where it would have to be looked up. */
function known(hostname) {
  const family = net.isIP(hostname);
  if (family !== 0) return [{ address: hostname, family }];
  return hostname === "localhost" ? [{ address: "127.0.0.1", family: 4 }] : undefined;
}

function lookup(hostname, options, callback) {
  const done = typeof options === "function" ? options : callback;
  validateFunction(done, "callback");
  const all = typeof options === "object" && options !== null && options.all === true;
  const found = known(hostname);
  nextTick(() => {
    if (found === undefined) done(notFound("getaddrinfo", hostname));
    else if (all) done(null, found);
    else done(null, found[0].address, found[0].family);
  });
}

async function lookupLater(hostname, options = undefined) {
  const found = known(hostname);
  if (found === undefined) throw notFound("getaddrinfo", hostname);
  return options?.all === true ? found : found[0];
}
ObjectDefineProperty(lookup, kPromisify, { __proto__: null, value: lookupLater, configurable: true });

const names = [
  "lookupService", "resolve", "resolve4", "resolve6", "resolveAny", "resolveCaa", "resolveCname", "resolveMx", "resolveNaptr", "resolveNs",
  "resolvePtr", "resolveSoa", "resolveSrv", "resolveTlsa", "resolveTxt", "reverse",
];

/** Calls of which each fails as one that no server answers. */
function unanswered(make) {
  const calls = {};
  for (let at = 0; at < names.length; at++) calls[names[at]] = make(names[at]);
  return calls;
}

const settings = {
  Resolver: missingClass("dns", "Resolver"),
  getDefaultResultOrder: () => "verbatim",
  getServers: () => [],
  setDefaultResultOrder() {},
  setServers() {},
  ADDRCONFIG: 32,
  ALL: 16,
  V4MAPPED: 8,
  ...codes,
};

export const promises = {
  ...unanswered((name) => (hostname) => new Promise((_, reject) => reject(notFound(name, hostname)))), ...settings, lookup: lookupLater,
};

export const moduleExports = {
  ...unanswered((name) => (hostname, ...rest) => {
    const callback = rest[rest.length - 1];
    validateFunction(callback, "callback");
    nextTick(() => callback(notFound(name, hostname)));
  }),
  ...settings,
  lookup,
  promises,
};
