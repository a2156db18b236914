// URLPattern (https://urlpattern.spec.whatwg.org/). Patterns are parsed natively (../../ops/url_pattern.rs). The class is made
// when an app looks at it.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import {
  configureInterface, conversionError, converters, createDictionaryConverter, illegalInvocation, isObject,
} from "../webidl.js";

const { ArrayPrototypePush, ObjectDefineProperty, RegExp, RegExpPrototypeExec, TypeError } = primordials;

const names = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

/** Adds a member, whatever its name. */
function define(object, name, value) {
  ObjectDefineProperty(object, name, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/** A component of a pattern: its text, its regular expression, and the names of its groups. */
class Component {
  pattern;
  regexp;
  groups;

  constructor(pattern, regexp, groups) {
    this.pattern = pattern;
    this.regexp = regexp;
    this.groups = groups;
  }
}

export function createURLPattern() {
  const member = (key) => ({ key, converter: converters.USVString });
  const toInit = createDictionaryConverter("URLPatternInit", [
    member("protocol"), member("username"), member("password"), member("hostname"), member("port"), member("pathname"),
    member("search"), member("hash"), member("baseURL"),
  ]);
  const toOptions = createDictionaryConverter("URLPatternOptions", [
    { key: "ignoreCase", converter: converters.boolean, defaultValue: () => false },
  ]);

  /** A string, or the members of a URLPatternInit as the native side takes them; and what `exec` shows of it. */
  function toInput(value, prefix) {
    if (!isObject(value) && value !== undefined && value !== null) {
      const text = converters.USVString(value, prefix, "Argument 1");
      return { __proto__: null, native: text, shown: text };
    }
    const init = toInit(value, prefix, "Argument 1");
    const shown = {};
    const native = [];
    for (let i = 0; i <= names.length; i++) {
      const name = i === names.length ? "baseURL" : names[i];
      ArrayPrototypePush(native, init[name]);
      if (init[name] !== undefined) define(shown, name, init[name]);
    }
    return { __proto__: null, native, shown };
  }

  class URLPattern {
    #components;
    #hasRegExpGroups;

    constructor(input = {}, baseURL = undefined, options = undefined) {
      const prefix = "Failed to construct 'URLPattern'";
      let base;
      if (isObject(baseURL) || (arguments.length < 3 && (baseURL === undefined || baseURL === null))) {
        options = baseURL;
      } else {
        base = converters.USVString(baseURL, prefix, "Argument 2");
      }
      const { native } = toInput(input, prefix);
      const { ignoreCase } = toOptions(options, prefix, "The options");
      const parsed = ops.urlPatternParse(native, base, ignoreCase);
      this.#hasRegExpGroups = parsed[0];
      const components = [];
      for (let i = 0; i < names.length; i++) {
        const source = parsed[3 * i + 2];
        let regexp;
        try {
          regexp = new RegExp(source, ignoreCase ? "vi" : "v");
        } catch {
          throw new TypeError(`${prefix}: the ${names[i]} holds a regular expression that is not valid`);
        }
        ArrayPrototypePush(components, new Component(parsed[3 * i + 1], regexp, parsed[3 * i + 3]));
      }
      this.#components = components;
    }

    get protocol() {
      return URLPattern.#text(this, 0);
    }

    get username() {
      return URLPattern.#text(this, 1);
    }

    get password() {
      return URLPattern.#text(this, 2);
    }

    get hostname() {
      return URLPattern.#text(this, 3);
    }

    get port() {
      return URLPattern.#text(this, 4);
    }

    get pathname() {
      return URLPattern.#text(this, 5);
    }

    get search() {
      return URLPattern.#text(this, 6);
    }

    get hash() {
      return URLPattern.#text(this, 7);
    }

    get hasRegExpGroups() {
      if (!isObject(this) || !(#components in this)) throw illegalInvocation("URLPattern");
      return this.#hasRegExpGroups;
    }

    test(input = {}, baseURL = undefined) {
      if (!isObject(this) || !(#components in this)) throw illegalInvocation("URLPattern");
      return this.#match(input, baseURL, "Failed to execute 'test' on 'URLPattern'") !== null;
    }

    exec(input = {}, baseURL = undefined) {
      if (!isObject(this) || !(#components in this)) throw illegalInvocation("URLPattern");
      const match = this.#match(input, baseURL, "Failed to execute 'exec' on 'URLPattern'");
      if (match === null) return null;
      const result = { inputs: match.inputs };
      for (let i = 0; i < names.length; i++) {
        const groups = {};
        const { groups: groupNames } = this.#components[i];
        for (let j = 0; j < groupNames.length; j++) define(groups, groupNames[j], match.found[i][j + 1]);
        define(result, names[i], { input: match.texts[i], groups });
      }
      return result;
    }

    /** The texts of the components, what was found in each, and the inputs; null where one does not match. */
    #match(value, baseURL, prefix) {
      const input = toInput(value, prefix);
      const inputs = [input.shown];
      let base;
      if (baseURL !== undefined) {
        base = converters.USVString(baseURL, prefix, "Argument 2");
        if (typeof input.native !== "string") throw conversionError(prefix, "Argument 2", "is there, and argument 1 is not a string");
        ArrayPrototypePush(inputs, base);
      }
      const texts = ops.urlPatternInput(input.native, base);
      if (texts === undefined) return null;
      const found = [];
      for (let i = 0; i < names.length; i++) {
        const groups = RegExpPrototypeExec(this.#components[i].regexp, texts[i]);
        if (groups === null) return null;
        ArrayPrototypePush(found, groups);
      }
      return { __proto__: null, texts, found, inputs };
    }

    static #text(self, index) {
      if (!isObject(self) || !(#components in self)) throw illegalInvocation("URLPattern");
      return self.#components[index].pattern;
    }
  }

  configureInterface(URLPattern);
  return { __proto__: null, URLPattern };
}
