// The module `cloudflare:workflows` (https://developers.cloudflare.com/workflows/build/workers-api/): the error that a step throws to
// not be tried again.

import { primordials } from "../primordials.js";

const { Error } = primordials;

class NonRetryableError extends Error {
  constructor(message, name = "NonRetryableError") {
    super(message);
    this.name = name;
  }
}

export const moduleExports = { __proto__: null, NonRetryableError };
