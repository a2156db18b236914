// node:url (nodejs.org/api/url.html).

import { primordials } from "../primordials.js";
import { URLSearchParams } from "../url/search_params.js";
import { URL } from "../url/url.js";
import { invalidArgType } from "./internal/errors.js";
import { validateObject } from "./internal/validators.js";
import { missingArgument } from "./stream/errors.js";
import { fileURLToPath, fileURLToPathBuffer, pathToFileURL } from "./url/file.js";
import { domainToAscii, domainToUnicode as unicodeOf } from "./url/host.js";
import { urlToHttpOptions } from "./url/http_options.js";
import { formatUrl, parse, parseHost, parseInto, Url } from "./url/legacy.js";
import { resolveObject } from "./url/resolve.js";

const { ObjectAssign, StringPrototypeSlice } = primordials;

ObjectAssign(Url.prototype, {
  parse(input, asObject = false, slashesDenoteHost = false) {
    parseInto(this, input, asObject, slashesDenoteHost);
    return this;
  },
  format() {
    return formatUrl(this);
  },
  resolve(relative) {
    return formatUrl(resolveObject(this, parse(relative, false, true)));
  },
  resolveObject(relative) {
    return resolveObject(this, relative);
  },
  parseHost() {
    parseHost(this);
  },
});

function format(object, options = undefined) {
  if (typeof object === "string") return formatUrl(parse(object));
  if (typeof object !== "object" || object === null) throw invalidArgType("urlObject", ["Object", "string"], object);
  if (!(object instanceof URL)) return formatUrl(object);
  if (options) validateObject(options, "options");
  const wants = (name) => options?.[name] === undefined || options[name] === null || !!options[name];
  const { protocol, username, password, pathname, hash, search, port } = object;
  const hostname = options?.unicode ? unicodeOf(object.hostname) : object.hostname;
  const login = wants("auth") && (username || password) ? `${username}${password ? `:${password}` : ""}@` : "";
  const hasHost = hostname !== "" || StringPrototypeSlice(object.href, protocol.length, protocol.length + 2) === "//";
  const host = hasHost ? `//${login}${hostname}${port ? `:${port}` : ""}` : "";
  return `${protocol}${host}${pathname}${wants("search") ? search : ""}${wants("fragment") ? hash : ""}`;
}

function domainToASCII(...args) {
  if (args.length < 1) throw missingArgument("domain");
  return domainToAscii(`${args[0]}`);
}

function domainToUnicode(...args) {
  if (args.length < 1) throw missingArgument("domain");
  return unicodeOf(`${args[0]}`);
}

export const moduleExports = {
  Url,
  parse,
  resolve: (source, relative) => formatUrl(resolveObject(parse(source, false, true), parse(relative, false, true))),
  resolveObject: (source, relative) => (source ? resolveObject(parse(source, false, true), relative) : relative),
  format,
  URL,
  URLSearchParams,
  domainToASCII,
  domainToUnicode,
  pathToFileURL,
  fileURLToPath,
  fileURLToPathBuffer,
  urlToHttpOptions,
};
