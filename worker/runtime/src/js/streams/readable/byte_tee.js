// ReadableByteStreamTee (https://streams.spec.whatwg.org/#abstract-opdef-readablebytestreamtee). The tee object is the
// source of both branches.

import { primordials } from "../../primordials.js";
import { CloneAsUint8Array } from "../array_buffers.js";
import { kFulfilled } from "../promises.js";
import {
  ReadableByteStreamControllerClose, ReadableByteStreamControllerEnqueue, ReadableByteStreamControllerError,
  ReadableByteStreamControllerGetBYOBRequest, ReadableByteStreamControllerRespond,
  ReadableByteStreamControllerRespondWithNewView,
} from "./byte_controller_operations.js";
import {
  ReadableStreamBYOBReaderRead, ReadableStreamBYOBReaderRelease, ReadableStreamDefaultReaderRead,
  ReadableStreamDefaultReaderRelease,
} from "./reader_operations.js";
import {
  AcquireReadableStreamBYOBReader, AcquireReadableStreamDefaultReader, CreateReadableByteStream,
} from "./stream_operations.js";
import { seal } from "../sealed_class.js";
import { TeeBranches } from "./tee_branches.js";

const { PromisePrototypeThen } = primordials;

export function ReadableByteStreamTee(stream) {
  const tee = new ByteTee(stream);
  return [tee.branch1, tee.branch2];
}

class ByteTee extends TeeBranches {
  constructor(stream) {
    super(stream, ReadableByteStreamControllerEnqueue);
    this.reader = AcquireReadableStreamDefaultReader(stream);
    this.reading = false;
    this.readAgainForBranch1 = false;
    this.readAgainForBranch2 = false;
    this.branch1 = CreateReadableByteStream(this, undefined, this.pull1, this.cancel1);
    this.branch2 = CreateReadableByteStream(this, undefined, this.pull2, this.cancel2);
    this.forwardReaderError(this.reader);
  }

  forwardReaderError(thisReader) {
    thisReader.closedPromise.react(undefined, (r) => {
      if (thisReader !== this.reader) return;
      this.errorBoth(r);
      if (!this.canceled1 || !this.canceled2) this.cancelPromise.resolve();
    });
  }

  errorBoth(error) {
    ReadableByteStreamControllerError(this.branch1.controller, error);
    ReadableByteStreamControllerError(this.branch2.controller, error);
  }

  pullWithDefaultReader() {
    if (this.reader.isByob) {
      ReadableStreamBYOBReaderRelease(this.reader);
      this.reader = AcquireReadableStreamDefaultReader(this.stream);
      this.forwardReaderError(this.reader);
    }
    ReadableStreamDefaultReaderRead(this.reader, new TeeReadRequest(this));
  }

  pullWithBYOBReader(view, forBranch2) {
    if (!this.reader.isByob) {
      ReadableStreamDefaultReaderRelease(this.reader);
      this.reader = AcquireReadableStreamBYOBReader(this.stream);
      this.forwardReaderError(this.reader);
    }
    ReadableStreamBYOBReaderRead(this.reader, view, 1, new TeeReadIntoRequest(this, forBranch2));
  }

  pull1() {
    if (this.reading) {
      this.readAgainForBranch1 = true;
      return;
    }
    this.pullFor(this.branch1, false);
  }

  pull2() {
    if (this.reading) {
      this.readAgainForBranch2 = true;
      return;
    }
    this.pullFor(this.branch2, true);
  }

  pullFor(branch, forBranch2) {
    this.reading = true;
    const byobRequest = ReadableByteStreamControllerGetBYOBRequest(branch.controller);
    if (byobRequest === null) this.pullWithDefaultReader();
    else this.pullWithBYOBReader(byobRequest.view, forBranch2);
  }

  readAgain() {
    this.reading = false;
    if (this.readAgainForBranch1) this.pull1();
    else if (this.readAgainForBranch2) this.pull2();
  }

  /** The clone; undefined when there is no memory for it, and everything is errored. */
  cloneOrError(chunk) {
    try {
      return CloneAsUint8Array(chunk);
    } catch (error) {
      this.errorBoth(error);
      this.cancelOriginal(error);
      return undefined;
    }
  }
}

/** The read request of pullWithDefaultReader. */
class TeeReadRequest {
  constructor(tee) {
    this.tee = tee;
  }

  chunkSteps(chunk) {
    const { tee } = this;
    // It takes a microtask to learn of an error through the reader's closed promise, and errors should come first.
    PromisePrototypeThen(kFulfilled, () => {
      tee.readAgainForBranch1 = false;
      tee.readAgainForBranch2 = false;
      const chunk1 = chunk;
      let chunk2 = chunk;
      if (!tee.canceled1 && !tee.canceled2) {
        chunk2 = tee.cloneOrError(chunk);
        if (chunk2 === undefined) return;
      }
      if (!tee.canceled1) tee.enqueue(tee.branch1, chunk1);
      if (!tee.canceled2) tee.enqueue(tee.branch2, chunk2);
      tee.readAgain();
    });
  }

  closeSteps() {
    const { tee } = this;
    const { branch1, branch2 } = tee;
    tee.reading = false;
    if (!tee.canceled1) ReadableByteStreamControllerClose(branch1.controller);
    if (!tee.canceled2) ReadableByteStreamControllerClose(branch2.controller);
    if (branch1.controller.pendingPullIntos.length > 0) ReadableByteStreamControllerRespond(branch1.controller, 0);
    if (branch2.controller.pendingPullIntos.length > 0) ReadableByteStreamControllerRespond(branch2.controller, 0);
    if (!tee.canceled1 || !tee.canceled2) tee.cancelPromise.resolve();
  }

  errorSteps() {
    this.tee.reading = false;
  }
}
seal(TeeReadRequest);

/** The read-into request of pullWithBYOBReader. */
class TeeReadIntoRequest {
  constructor(tee, forBranch2) {
    this.tee = tee;
    this.forBranch2 = forBranch2;
  }

  byobBranch() {
    return this.forBranch2 ? this.tee.branch2 : this.tee.branch1;
  }

  otherBranch() {
    return this.forBranch2 ? this.tee.branch1 : this.tee.branch2;
  }

  byobCanceled() {
    return this.forBranch2 ? this.tee.canceled2 : this.tee.canceled1;
  }

  otherCanceled() {
    return this.forBranch2 ? this.tee.canceled1 : this.tee.canceled2;
  }

  chunkSteps(chunk) {
    const { tee } = this;
    // As in TeeReadRequest.
    PromisePrototypeThen(kFulfilled, () => {
      tee.readAgainForBranch1 = false;
      tee.readAgainForBranch2 = false;
      const byobController = this.byobBranch().controller;
      if (!this.otherCanceled()) {
        const clonedChunk = tee.cloneOrError(chunk);
        if (clonedChunk === undefined) return;
        if (!this.byobCanceled()) ReadableByteStreamControllerRespondWithNewView(byobController, chunk);
        tee.enqueue(this.otherBranch(), clonedChunk);
      } else if (!this.byobCanceled()) {
        ReadableByteStreamControllerRespondWithNewView(byobController, chunk);
      }
      tee.readAgain();
    });
  }

  closeSteps(chunk) {
    const { tee } = this;
    tee.reading = false;
    const byobCanceled = this.byobCanceled();
    const otherCanceled = this.otherCanceled();
    const byobController = this.byobBranch().controller;
    const otherController = this.otherBranch().controller;
    if (!byobCanceled) ReadableByteStreamControllerClose(byobController);
    if (!otherCanceled) ReadableByteStreamControllerClose(otherController);
    if (chunk !== undefined) {
      if (!byobCanceled) ReadableByteStreamControllerRespondWithNewView(byobController, chunk);
      if (!otherCanceled && otherController.pendingPullIntos.length > 0) {
        ReadableByteStreamControllerRespond(otherController, 0);
      }
    }
    if (!byobCanceled || !otherCanceled) tee.cancelPromise.resolve();
  }

  errorSteps() {
    this.tee.reading = false;
  }
}
seal(TeeReadIntoRequest);
