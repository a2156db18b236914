// The hash functions (https://w3c.github.io/webcrypto/#sha).

import { ops } from "../../ops.js";
import { registerAlgorithm } from "../normalize.js";

// As numbered in ../../../ops/subtle.rs.
const numbers = { __proto__: null, "SHA-1": 0, "SHA-256": 1, "SHA-384": 2, "SHA-512": 3 };

/** What JWK algorithms' names end with. */
export const jwkSuffix = { __proto__: null, "SHA-1": "1", "SHA-256": "256", "SHA-384": "384", "SHA-512": "512" };

/** Bits of a block. */
export const blockSize = { __proto__: null, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024 };

/** The number that natives know a hash function by. */
export function hashNumber(name) {
  return numbers[name];
}

export function digest(algorithm, data) {
  return ops.digest(numbers[algorithm.name], data);
}

for (const name in numbers) registerAlgorithm(name, { __proto__: null, digest: null });
