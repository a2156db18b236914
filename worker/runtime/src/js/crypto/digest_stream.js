// crypto.DigestStream, of workerd: a WritableStream whose `digest` is that of what was written
// (https://developers.cloudflare.com/workers/runtime-apis/web-crypto/#constructors). Made when an app looks at it.
//
// NANO: MD5 is not among its algorithms; those of `crypto.subtle.digest` are.

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { ViewByteLength } from "../streams/array_buffers.js";
import { WritableStream } from "../streams/writable_stream.js";
import { Deferred, setPromiseIsHandledToTrue } from "../streams/promises.js";
import { configureInterface, illegalInvocation, isArrayBuffer, isObject, requireArguments } from "../webidl.js";
import { hashNumber } from "./algorithms/hash.js";
import { normalizeAlgorithm, toAlgorithmIdentifier } from "./normalize.js";

const { ArrayBufferIsView, ArrayBufferPrototypeGetByteLength, BigInt, TypeError } = primordials;

/** The digest so far; the stream's sink, and what natives know it by. */
class Sum {
  #id;
  #outcome = new Deferred();
  bytes = 0n;

  constructor(hash) {
    this.#id = ops.digestOpen(this, hash);
    setPromiseIsHandledToTrue(this.#outcome.promise);
  }

  get promise() {
    return this.#outcome.promise;
  }

  write(chunk) {
    if (typeof chunk === "string") chunk = ops.utf8Encode(chunk);
    else if (!isArrayBuffer(chunk) && !ArrayBufferIsView(chunk)) {
      const error = new TypeError("A DigestStream takes bytes and strings");
      this.abort(error);
      throw error;
    }
    ops.digestUpdate(this.#id, chunk);
    this.bytes += BigInt(isArrayBuffer(chunk) ? ArrayBufferPrototypeGetByteLength(chunk) : ViewByteLength(chunk));
  }

  close() {
    this.#outcome.resolve(ops.digestFinish(this.#id));
  }

  abort(reason) {
    ops.digestClose(this.#id);
    this.#outcome.reject(reason);
  }
}

export function createDigestStream() {
  class DigestStream extends WritableStream {
    #sum;

    constructor(algorithm) {
      const prefix = "Failed to construct 'DigestStream'";
      requireArguments(arguments.length, 1, prefix);
      const identifier = toAlgorithmIdentifier(algorithm, prefix, "Argument 1");
      const sum = new Sum(hashNumber(normalizeAlgorithm(identifier, "digest", prefix).name));
      super({
        __proto__: null,
        write: (chunk) => sum.write(chunk),
        close: () => sum.close(),
        abort: (reason) => sum.abort(reason),
      });
      this.#sum = sum;
    }

    get digest() {
      if (!isObject(this) || !(#sum in this)) throw illegalInvocation("DigestStream");
      return this.#sum.promise;
    }

    get bytesWritten() {
      if (!isObject(this) || !(#sum in this)) throw illegalInvocation("DigestStream");
      return this.#sum.bytes;
    }
  }

  configureInterface(DigestStream);
  return DigestStream;
}
