// Takes shared memory away from apps: an isolate has one thread, so there is nobody to share with, and V8 accounts no
// bytes of it to the isolate, so it would pass the memory limit by.

import { primordials } from "../primordials.js";

const { ObjectDefineProperty, Proxy, ReflectConstruct, TypeError, globalThis: global } = primordials;

/** What a WebAssembly.Memory may be made of, beside `shared`. */
const MEMORY_FIELDS = ["initial", "minimum", "maximum", "address", "index"];

/** Called natively before any code of an app runs. */
export function removeSharedMemory() {
  delete global.SharedArrayBuffer;
  // Not captured: V8 adds it to a realm only when that is restored from the snapshot.
  const { WebAssembly } = global;
  const { Memory } = WebAssembly;
  const guarded = new Proxy(Memory, {
    __proto__: null,
    construct(target, args, newTarget) {
      const given = args[0];
      if (given === null || (typeof given !== "object" && typeof given !== "function")) {
        return ReflectConstruct(target, args, newTarget);
      }
      if (given.shared) throw new TypeError("WebAssembly.Memory(): shared memory is not supported");
      // A copy, or a getter could answer differently the second time.
      const descriptor = { __proto__: null };
      for (let i = 0; i < MEMORY_FIELDS.length; i++) {
        const value = given[MEMORY_FIELDS[i]];
        if (value !== undefined) descriptor[MEMORY_FIELDS[i]] = value;
      }
      return ReflectConstruct(target, [descriptor], newTarget === guarded ? target : newTarget);
    },
  });
  for (const [object, name] of [[WebAssembly, "Memory"], [Memory.prototype, "constructor"]]) {
    ObjectDefineProperty(object, name, {
      __proto__: null, value: guarded, writable: true, enumerable: false, configurable: true,
    });
  }
}
