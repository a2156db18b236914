// What modules of Node.js have and an app cannot have here: it can be imported, and says so when it is used.

import { primordials } from "../../primordials.js";
import { plainError } from "./errors.js";

const { ObjectDefineProperty } = primordials;

function missing(module, name) {
  return plainError("ERR_METHOD_NOT_IMPLEMENTED", `nano has no ${module}.${name}: an app has no sockets, processes or threads of its own`);
}

export function missingFunctions(module, names) {
  const functions = {};
  for (let at = 0; at < names.length; at++) {
    const name = names[at];
    functions[name] = (..._args) => {
      throw missing(module, name);
    };
    ObjectDefineProperty(functions[name], "name", { __proto__: null, value: name, configurable: true });
  }
  return functions;
}

/** A class that can be extended, and of which there are no objects. */
export function missingClass(module, name) {
  const { [name]: constructor } = { [name]: class {
    constructor() {
      throw missing(module, name);
    }
  } };
  return constructor;
}

/** A class of which there can be objects, since bundles make them as they load; what they are asked to do throws. */
export function hollowClass(module, name, methods = [], parent = undefined) {
  const hollow = parent === undefined ? class {} : class extends parent {};
  ObjectDefineProperty(hollow, "name", { __proto__: null, value: name, configurable: true });
  for (let at = 0; at < methods.length; at++) {
    const value = missingFunctions(module, [`${name}.${methods[at]}`])[`${name}.${methods[at]}`];
    ObjectDefineProperty(hollow.prototype, methods[at], { __proto__: null, value, writable: true, configurable: true });
  }
  return hollow;
}
