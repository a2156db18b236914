// Classes of the builtins' own records. `this.bytes = 0` in a constructor calls a setter that a tenant put on
// Object.prototype, and hands it the record; so these classes inherit from nothing.

import { primordials } from "../primordials.js";

const { ObjectSetPrototypeOf } = primordials;

/** Cuts a class, or the base of some, off Object.prototype. */
export function seal(constructor) {
  ObjectSetPrototypeOf(constructor.prototype, null);
}
