// What Hash, Hmac, the ciphers, Sign and Verify are streams by.

/** @this {any} */
export function LazyTransform(options) {
  this._options = options;
}
