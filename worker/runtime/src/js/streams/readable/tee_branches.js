// What ReadableStreamDefaultTee and ReadableByteStreamTee have in common: two branches, each of which can be cancelled, and
// an original stream that is cancelled when both are.

import { LazyPromise, resolveWithPromise } from "../lazy_promise.js";
import { seal } from "../sealed_class.js";
import { ReadableStreamCancel } from "./controller_interface.js";

/** `enqueue(controller, chunk)` is what the branches' kind of controller has for it. */
export class TeeBranches {
  constructor(stream, enqueue) {
    this.stream = stream;
    this.enqueueChunk = enqueue;
    this.canceled1 = false;
    this.canceled2 = false;
    this.reason1 = undefined;
    this.reason2 = undefined;
    this.cancelPromise = new LazyPromise();
    this.branch1 = undefined;
    this.branch2 = undefined;
  }

  cancel1(reason) {
    this.canceled1 = true;
    this.reason1 = reason;
    if (this.canceled2) this.cancelOriginal([this.reason1, this.reason2]);
    return this.cancelPromise;
  }

  cancel2(reason) {
    this.canceled2 = true;
    this.reason2 = reason;
    if (this.canceled1) this.cancelOriginal([this.reason1, this.reason2]);
    return this.cancelPromise;
  }

  cancelOriginal(reason) {
    resolveWithPromise(this.cancelPromise, ReadableStreamCancel(this.stream, reason));
  }

  // NANO: a branch that overflows is errored, and counts as cancelled; the other goes on.
  enqueue(branch, chunk) {
    const { enqueueChunk } = this;
    try {
      enqueueChunk(branch.controller, chunk);
    } catch (error) {
      if (branch === this.branch1) this.cancel1(error);
      else this.cancel2(error);
    }
  }
}
seal(TeeBranches);
