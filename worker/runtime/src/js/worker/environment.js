// The app's environment: one object, which the handler gets as `env` and `cloudflare:workers` exports. It is made before any
// code of the app runs.

import { primordials } from "../primordials.js";

const { ObjectDefineProperty, ObjectKeys, ReflectDefineProperty, ReflectOwnKeys, globalThis: global } = primordials;

const environment = {};

/** Called natively with `[name, value, ...]`. */
export function setEnvironment(list) {
  for (let i = 0; i < list.length; i += 2) {
    ObjectDefineProperty(environment, list[i], {
      __proto__: null, value: list[i + 1], writable: true, enumerable: true, configurable: true,
    });
  }
}

/** The app's environment. */
export function getEnvironment() {
  return environment;
}

/**
 * Called natively before the program's first module is evaluated. One that exports nothing may be of the older form of Workers,
 * which has its environment as globals.
 */
export function beforeMain(namespace) {
  // Its Symbol.toStringTag alone.
  if (ReflectOwnKeys(namespace).length > 1) return;
  const names = ObjectKeys(environment);
  for (let i = 0; i < names.length; i++) {
    // False where a global is not to be replaced, as `undefined`.
    ReflectDefineProperty(global, names[i], {
      __proto__: null, value: environment[names[i]], writable: true, enumerable: true, configurable: true,
    });
  }
}
