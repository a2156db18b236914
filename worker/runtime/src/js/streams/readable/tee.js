// ReadableStreamTee and ReadableStreamDefaultTee (https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee).
// The tee object is the source of both branches and its own read request.

import { primordials } from "../../primordials.js";
import { kFulfilled } from "../promises.js";
import { ReadableByteStreamTee } from "./byte_tee.js";
import {
  ReadableStreamDefaultControllerClose, ReadableStreamDefaultControllerEnqueue, ReadableStreamDefaultControllerError,
} from "./default_controller_operations.js";
import { ReadableStreamDefaultReaderRead } from "./reader_operations.js";
import { AcquireReadableStreamDefaultReader, CreateReadableStream } from "./stream_operations.js";
import { TeeBranches } from "./tee_branches.js";

const { PromisePrototypeThen } = primordials;

/** NANO: without |cloneForBranch2|, which only other standards set. */
export function ReadableStreamTee(stream) {
  return stream.controller.isByte ? ReadableByteStreamTee(stream) : ReadableStreamDefaultTee(stream);
}

function ReadableStreamDefaultTee(stream) {
  const tee = new DefaultTee(stream);
  return [tee.branch1, tee.branch2];
}

class DefaultTee extends TeeBranches {
  constructor(stream) {
    super(stream, ReadableStreamDefaultControllerEnqueue);
    this.reader = AcquireReadableStreamDefaultReader(stream);
    this.reading = false;
    this.readAgain = false;
    this.branch1 = CreateReadableStream(this, undefined, this.pull, this.cancel1);
    this.branch2 = CreateReadableStream(this, undefined, this.pull, this.cancel2);
    this.reader.closedPromise.react(undefined, (r) => {
      ReadableStreamDefaultControllerError(this.branch1.controller, r);
      ReadableStreamDefaultControllerError(this.branch2.controller, r);
      if (!this.canceled1 || !this.canceled2) this.cancelPromise.resolve();
    });
  }

  pull() {
    if (this.reading) {
      this.readAgain = true;
      return;
    }
    this.reading = true;
    ReadableStreamDefaultReaderRead(this.reader, this);
  }

  chunkSteps(chunk) {
    // It takes a microtask to learn of an error through the reader's closed promise, and errors should come first.
    PromisePrototypeThen(kFulfilled, () => {
      this.readAgain = false;
      if (!this.canceled1) this.enqueue(this.branch1, chunk);
      if (!this.canceled2) this.enqueue(this.branch2, chunk);
      this.reading = false;
      if (this.readAgain) this.pull();
    });
  }

  closeSteps() {
    this.reading = false;
    if (!this.canceled1) ReadableStreamDefaultControllerClose(this.branch1.controller);
    if (!this.canceled2) ReadableStreamDefaultControllerClose(this.branch2.controller);
    if (!this.canceled1 || !this.canceled2) this.cancelPromise.resolve();
  }

  errorSteps() {
    this.reading = false;
  }
}
