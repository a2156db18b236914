// Byte stream controllers (https://streams.spec.whatwg.org/#rbs-controller-abstract-ops) and their internal methods
// (#rbs-controller-internal-methods).

import { primordials } from "../../primordials.js";
import {
  CloneArrayBuffer, CopyDataBlockBytes, IsDetachedBuffer, TransferArrayBuffer, ViewByteLength, ViewByteOffset,
  ViewConstructor, ViewedArrayBuffer, ViewElementSize,
} from "../array_buffers.js";
import {
  CAUSE_CONTROLLER, CAUSE_OVERFLOW, CAUSE_SINK, charge, CHUNK_OVERHEAD, guard, overflowError, release, releaseAllBut,
} from "../budget.js";
import { promiseOfStart } from "../lazy_promise.js";
import { internalPromiseRejectedWith, promiseOfAlgorithm, uponPromise } from "../promises.js";
import { Ring } from "../queue_with_sizes.js";
import { createReadableByteStreamController } from "../readable_byte_stream_controller.js";
import {
  ReadableStreamAddReadIntoRequest, ReadableStreamAddReadRequest, ReadableStreamClose, ReadableStreamError,
  ReadableStreamFulfillReadIntoRequest, ReadableStreamFulfillReadRequest, ReadableStreamGetNumReadIntoRequests,
  ReadableStreamGetNumReadRequests, ReadableStreamHasBYOBReader, ReadableStreamHasDefaultReader,
} from "./controller_interface.js";
import {
  PullIntoDescriptor, ReadableByteStreamControllerSlots, ReadableByteStreamQueueEntry, ReadableStreamBYOBRequestSlots,
} from "./slots.js";

const {
  ArrayBuffer, ArrayBufferPrototypeGetByteLength, MathMin, RangeError, ReflectApply, TypeError, Uint8Array,
} = primordials;

/** "An algorithm that returns a promise resolved with undefined." */
function doNothing() {}

/** [[CancelSteps]]. Returns a promise for `uponPromise`. */
export function ReadableByteStreamControllerCancelSteps(controller, reason) {
  ReadableByteStreamControllerClearPendingPullIntos(controller);
  clearQueue(controller);
  let promise;
  try {
    const result = ReflectApply(controller.cancelAlgorithm, controller.source, [reason]);
    promise = promiseOfAlgorithm(result, controller.sourceIsInternal);
  } catch (error) {
    promise = internalPromiseRejectedWith(error);
  }
  ReadableByteStreamControllerClearAlgorithms(controller);
  return promise;
}

/** [[PullSteps]] */
export function ReadableByteStreamControllerPullSteps(controller, readRequest) {
  if (controller.queueTotalSize > 0) {
    ReadableByteStreamControllerFillReadRequestFromQueue(controller, readRequest);
    return;
  }
  const { autoAllocateChunkSize } = controller;
  if (autoAllocateChunkSize !== undefined) {
    let buffer;
    try {
      buffer = new ArrayBuffer(autoAllocateChunkSize);
    } catch (error) {
      readRequest.errorSteps(error);
      return;
    }
    controller.pendingPullIntos.push(
      new PullIntoDescriptor(buffer, autoAllocateChunkSize, 0, autoAllocateChunkSize, 1, 1, Uint8Array, "default"),
    );
  }
  ReadableStreamAddReadRequest(controller.stream, readRequest);
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

/** [[ReleaseSteps]] */
export function ReadableByteStreamControllerReleaseSteps(controller) {
  const { pendingPullIntos } = controller;
  if (pendingPullIntos.length === 0) return;
  const firstPendingPullInto = pendingPullIntos.peek();
  firstPendingPullInto.readerType = "none";
  pendingPullIntos.clear();
  pendingPullIntos.push(firstPendingPullInto);
}

function ReadableByteStreamControllerCallPullIfNeeded(controller) {
  if (!ReadableByteStreamControllerShouldCallPull(controller)) return;
  if (controller.pulling) {
    controller.pullAgain = true;
    return;
  }
  controller.pulling = true;
  let promise;
  try {
    const result = ReflectApply(controller.pullAlgorithm, controller.source, [controller.object]);
    promise = promiseOfAlgorithm(result, controller.sourceIsInternal);
  } catch (error) {
    promise = internalPromiseRejectedWith(error);
  }
  if (controller.onPullFulfilled === undefined) makePullReactions(controller);
  uponPromise(promise, controller.onPullFulfilled, controller.onPullRejected);
}

function makePullReactions(controller) {
  controller.onPullFulfilled = () => {
    controller.pulling = false;
    if (!controller.pullAgain) return;
    controller.pullAgain = false;
    ReadableByteStreamControllerCallPullIfNeeded(controller);
  };
  controller.onPullRejected = (e) => ReadableByteStreamControllerError(controller, e, CAUSE_SINK);
}

function ReadableByteStreamControllerClearAlgorithms(controller) {
  controller.source = undefined;
  controller.pullAlgorithm = undefined;
  controller.cancelAlgorithm = undefined;
}

function ReadableByteStreamControllerClearPendingPullIntos(controller) {
  ReadableByteStreamControllerInvalidateBYOBRequest(controller);
  controller.pendingPullIntos.clear();
}

export function ReadableByteStreamControllerClose(controller) {
  const { stream } = controller;
  if (controller.closeRequested || stream.state !== "readable") return;
  if (controller.queueTotalSize > 0) {
    controller.closeRequested = true;
    return;
  }
  if (controller.pendingPullIntos.length > 0) {
    const { bytesFilled, elementSize } = controller.pendingPullIntos.peek();
    if (bytesFilled % elementSize !== 0) {
      const e = new TypeError("Cannot close a byte stream in the middle of an element that is being read");
      ReadableByteStreamControllerError(controller, e);
      throw e;
    }
  }
  ReadableByteStreamControllerClearAlgorithms(controller);
  ReadableStreamClose(stream);
}

function ReadableByteStreamControllerCommitPullIntoDescriptor(stream, pullIntoDescriptor) {
  const done = stream.state === "closed";
  const filledView = ReadableByteStreamControllerConvertPullIntoDescriptor(pullIntoDescriptor);
  if (pullIntoDescriptor.readerType === "default") ReadableStreamFulfillReadRequest(stream, filledView, done);
  else ReadableStreamFulfillReadIntoRequest(stream, filledView, done);
}

function ReadableByteStreamControllerConvertPullIntoDescriptor(pullIntoDescriptor) {
  const { bytesFilled, elementSize, viewConstructor, byteOffset } = pullIntoDescriptor;
  const buffer = TransferArrayBuffer(pullIntoDescriptor.buffer);
  return new viewConstructor(buffer, byteOffset, bytesFilled / elementSize);
}

export function ReadableByteStreamControllerEnqueue(controller, chunk) {
  const { stream } = controller;
  if (controller.closeRequested || stream.state !== "readable") return;
  const buffer = ViewedArrayBuffer(chunk);
  const byteOffset = ViewByteOffset(chunk);
  const byteLength = ViewByteLength(chunk);
  if (IsDetachedBuffer(buffer)) throw new TypeError("Cannot enqueue a view of a detached buffer");
  const transferredBuffer = TransferArrayBuffer(buffer);
  if (controller.pendingPullIntos.length > 0) {
    const firstPendingPullInto = controller.pendingPullIntos.peek();
    if (IsDetachedBuffer(firstPendingPullInto.buffer)) {
      throw new TypeError("Cannot enqueue: the buffer of the pending BYOB request is detached");
    }
    ReadableByteStreamControllerInvalidateBYOBRequest(controller);
    firstPendingPullInto.buffer = TransferArrayBuffer(firstPendingPullInto.buffer);
    if (firstPendingPullInto.readerType === "none") {
      ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, firstPendingPullInto);
    }
  }
  if (ReadableStreamHasDefaultReader(stream)) {
    ReadableByteStreamControllerProcessReadRequestsUsingQueue(controller);
    if (ReadableStreamGetNumReadRequests(stream) === 0) {
      ReadableByteStreamControllerEnqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
    } else {
      if (controller.pendingPullIntos.length > 0) ReadableByteStreamControllerShiftPendingPullInto(controller);
      const transferredView = new Uint8Array(transferredBuffer, byteOffset, byteLength);
      ReadableStreamFulfillReadRequest(stream, transferredView, false);
    }
  } else if (ReadableStreamHasBYOBReader(stream)) {
    ReadableByteStreamControllerEnqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
    commitAll(stream, ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller));
  } else {
    ReadableByteStreamControllerEnqueueChunkToQueue(controller, transferredBuffer, byteOffset, byteLength);
  }
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

function commitAll(stream, filledPullIntos) {
  while (filledPullIntos.length > 0) {
    ReadableByteStreamControllerCommitPullIntoDescriptor(stream, filledPullIntos.shift());
  }
}

/** NANO: the buffer limit. Beyond it, errors the stream and throws. */
function ReadableByteStreamControllerEnqueueChunkToQueue(controller, buffer, byteOffset, byteLength) {
  const cost = byteLength + CHUNK_OVERHEAD;
  if (!charge(controller.account, cost)) {
    const error = overflowError(controller.account, cost);
    ReadableByteStreamControllerError(controller, error, CAUSE_OVERFLOW);
    throw error;
  }
  guard(controller, controller.account);
  controller.queue.push(new ReadableByteStreamQueueEntry(buffer, byteOffset, byteLength));
  controller.queueTotalSize += byteLength;
}

function ReadableByteStreamControllerEnqueueClonedChunkToQueue(controller, buffer, byteOffset, byteLength) {
  let clone;
  try {
    clone = CloneArrayBuffer(buffer, byteOffset, byteLength);
  } catch (error) {
    ReadableByteStreamControllerError(controller, error);
    throw error;
  }
  ReadableByteStreamControllerEnqueueChunkToQueue(controller, clone, 0, byteLength);
}

function ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, pullIntoDescriptor) {
  const { buffer, byteOffset, bytesFilled } = pullIntoDescriptor;
  if (bytesFilled > 0) {
    ReadableByteStreamControllerEnqueueClonedChunkToQueue(controller, buffer, byteOffset, bytesFilled);
  }
  ReadableByteStreamControllerShiftPendingPullInto(controller);
}

/** NANO: `cause` is for the metrics: one of budget.js's CAUSE_*. */
export function ReadableByteStreamControllerError(controller, e, cause = CAUSE_CONTROLLER) {
  const { stream } = controller;
  if (stream.state !== "readable") return;
  ReadableByteStreamControllerClearPendingPullIntos(controller);
  clearQueue(controller);
  ReadableByteStreamControllerClearAlgorithms(controller);
  ReadableStreamError(stream, e, cause);
}

// ResetQueue.
function clearQueue(controller) {
  controller.queue.clear();
  controller.queueTotalSize = 0;
  releaseAllBut(controller.account, 0);
}

function ReadableByteStreamControllerFillHeadPullIntoDescriptor(size, pullIntoDescriptor) {
  pullIntoDescriptor.bytesFilled += size;
}

function ReadableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, pullIntoDescriptor) {
  const { queue } = controller;
  const { byteLength, byteOffset, elementSize, minimumFill } = pullIntoDescriptor;
  const maxBytesToCopy = MathMin(controller.queueTotalSize, byteLength - pullIntoDescriptor.bytesFilled);
  const maxBytesFilled = pullIntoDescriptor.bytesFilled + maxBytesToCopy;
  let totalBytesToCopyRemaining = maxBytesToCopy;
  const maxAlignedBytes = maxBytesFilled - (maxBytesFilled % elementSize);
  // One that is not filled to its minimum stays at the head, for the source to go on filling it.
  const ready = maxAlignedBytes >= minimumFill;
  if (ready) totalBytesToCopyRemaining = maxAlignedBytes - pullIntoDescriptor.bytesFilled;
  while (totalBytesToCopyRemaining > 0) {
    const headOfQueue = queue.peek();
    const bytesToCopy = MathMin(totalBytesToCopyRemaining, headOfQueue.byteLength);
    const destStart = byteOffset + pullIntoDescriptor.bytesFilled;
    CopyDataBlockBytes(pullIntoDescriptor.buffer, destStart, headOfQueue.buffer, headOfQueue.byteOffset, bytesToCopy);
    if (headOfQueue.byteLength === bytesToCopy) {
      queue.shift();
      release(controller.account, bytesToCopy + CHUNK_OVERHEAD);
    } else {
      headOfQueue.byteOffset += bytesToCopy;
      headOfQueue.byteLength -= bytesToCopy;
      release(controller.account, bytesToCopy);
    }
    controller.queueTotalSize -= bytesToCopy;
    ReadableByteStreamControllerFillHeadPullIntoDescriptor(bytesToCopy, pullIntoDescriptor);
    totalBytesToCopyRemaining -= bytesToCopy;
  }
  return ready;
}

function ReadableByteStreamControllerFillReadRequestFromQueue(controller, readRequest) {
  const entry = controller.queue.shift();
  release(controller.account, entry.byteLength + CHUNK_OVERHEAD);
  controller.queueTotalSize -= entry.byteLength;
  ReadableByteStreamControllerHandleQueueDrain(controller);
  readRequest.chunkSteps(new Uint8Array(entry.buffer, entry.byteOffset, entry.byteLength));
}

export function ReadableByteStreamControllerGetBYOBRequest(controller) {
  if (controller.byobRequest === null && controller.pendingPullIntos.length > 0) {
    const { buffer, byteOffset, byteLength, bytesFilled } = controller.pendingPullIntos.peek();
    const view = new Uint8Array(buffer, byteOffset + bytesFilled, byteLength - bytesFilled);
    controller.byobRequest = new ReadableStreamBYOBRequestSlots(controller, view);
  }
  return controller.byobRequest;
}

export function ReadableByteStreamControllerGetDesiredSize(controller) {
  const { state } = controller.stream;
  if (state === "errored") return null;
  if (state === "closed") return 0;
  return controller.strategyHWM - controller.queueTotalSize;
}

function ReadableByteStreamControllerHandleQueueDrain(controller) {
  if (controller.queueTotalSize === 0 && controller.closeRequested) {
    ReadableByteStreamControllerClearAlgorithms(controller);
    ReadableStreamClose(controller.stream);
  } else {
    ReadableByteStreamControllerCallPullIfNeeded(controller);
  }
}

function ReadableByteStreamControllerInvalidateBYOBRequest(controller) {
  if (controller.byobRequest === null) return;
  controller.byobRequest.controller = undefined;
  controller.byobRequest.view = null;
  controller.byobRequest = null;
}

/** Returns a Ring. */
function ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller) {
  const filledPullIntos = new Ring();
  const { pendingPullIntos } = controller;
  while (pendingPullIntos.length > 0 && controller.queueTotalSize !== 0) {
    const pullIntoDescriptor = pendingPullIntos.peek();
    if (ReadableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, pullIntoDescriptor)) {
      ReadableByteStreamControllerShiftPendingPullInto(controller);
      filledPullIntos.push(pullIntoDescriptor);
    }
  }
  return filledPullIntos;
}

function ReadableByteStreamControllerProcessReadRequestsUsingQueue(controller) {
  const { readRequests } = controller.stream.reader;
  while (readRequests.length > 0) {
    if (controller.queueTotalSize === 0) return;
    ReadableByteStreamControllerFillReadRequestFromQueue(controller, readRequests.shift());
  }
}

export function ReadableByteStreamControllerPullInto(controller, view, min, readIntoRequest) {
  const { stream } = controller;
  const elementSize = ViewElementSize(view);
  const viewConstructor = ViewConstructor(view);
  const minimumFill = min * elementSize;
  const byteOffset = ViewByteOffset(view);
  const byteLength = ViewByteLength(view);
  let buffer;
  try {
    buffer = TransferArrayBuffer(ViewedArrayBuffer(view));
  } catch (error) {
    readIntoRequest.errorSteps(error);
    return;
  }
  const pullIntoDescriptor = new PullIntoDescriptor(
    buffer, ArrayBufferPrototypeGetByteLength(buffer), byteOffset, byteLength, minimumFill, elementSize, viewConstructor,
    "byob",
  );
  if (controller.pendingPullIntos.length > 0) {
    controller.pendingPullIntos.push(pullIntoDescriptor);
    ReadableStreamAddReadIntoRequest(stream, readIntoRequest);
    return;
  }
  if (stream.state === "closed") {
    readIntoRequest.closeSteps(new viewConstructor(buffer, byteOffset, 0));
    return;
  }
  if (controller.queueTotalSize > 0) {
    if (ReadableByteStreamControllerFillPullIntoDescriptorFromQueue(controller, pullIntoDescriptor)) {
      const filledView = ReadableByteStreamControllerConvertPullIntoDescriptor(pullIntoDescriptor);
      ReadableByteStreamControllerHandleQueueDrain(controller);
      readIntoRequest.chunkSteps(filledView);
      return;
    }
    if (controller.closeRequested) {
      const e = new TypeError("The stream ends in the middle of an element of the view that was given to read()");
      ReadableByteStreamControllerError(controller, e);
      readIntoRequest.errorSteps(e);
      return;
    }
  }
  controller.pendingPullIntos.push(pullIntoDescriptor);
  ReadableStreamAddReadIntoRequest(stream, readIntoRequest);
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

export function ReadableByteStreamControllerRespond(controller, bytesWritten) {
  const firstDescriptor = controller.pendingPullIntos.peek();
  if (controller.stream.state === "closed") {
    if (bytesWritten !== 0) throw new TypeError("respond() must be called with 0 once the stream is closed");
  } else {
    if (bytesWritten === 0) throw new TypeError("respond() must be called with more than 0 while the stream is readable");
    if (firstDescriptor.bytesFilled + bytesWritten > firstDescriptor.byteLength) {
      throw new RangeError("respond() was called with more bytes than its view has");
    }
  }
  firstDescriptor.buffer = TransferArrayBuffer(firstDescriptor.buffer);
  ReadableByteStreamControllerRespondInternal(controller, bytesWritten);
}

function ReadableByteStreamControllerRespondInClosedState(controller, firstDescriptor) {
  if (firstDescriptor.readerType === "none") ReadableByteStreamControllerShiftPendingPullInto(controller);
  const { stream } = controller;
  if (!ReadableStreamHasBYOBReader(stream)) return;
  const filledPullIntos = new Ring();
  while (filledPullIntos.length < ReadableStreamGetNumReadIntoRequests(stream)) {
    filledPullIntos.push(ReadableByteStreamControllerShiftPendingPullInto(controller));
  }
  commitAll(stream, filledPullIntos);
}

function ReadableByteStreamControllerRespondInReadableState(controller, bytesWritten, pullIntoDescriptor) {
  const { stream } = controller;
  ReadableByteStreamControllerFillHeadPullIntoDescriptor(bytesWritten, pullIntoDescriptor);
  if (pullIntoDescriptor.readerType === "none") {
    ReadableByteStreamControllerEnqueueDetachedPullIntoToQueue(controller, pullIntoDescriptor);
    commitAll(stream, ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller));
    return;
  }
  // One that is not filled to its minimum stays at the head, for the source to go on filling it.
  if (pullIntoDescriptor.bytesFilled < pullIntoDescriptor.minimumFill) return;
  ReadableByteStreamControllerShiftPendingPullInto(controller);
  const remainderSize = pullIntoDescriptor.bytesFilled % pullIntoDescriptor.elementSize;
  if (remainderSize > 0) {
    const end = pullIntoDescriptor.byteOffset + pullIntoDescriptor.bytesFilled;
    ReadableByteStreamControllerEnqueueClonedChunkToQueue(
      controller, pullIntoDescriptor.buffer, end - remainderSize, remainderSize,
    );
  }
  pullIntoDescriptor.bytesFilled -= remainderSize;
  const filledPullIntos = ReadableByteStreamControllerProcessPullIntoDescriptorsUsingQueue(controller);
  ReadableByteStreamControllerCommitPullIntoDescriptor(stream, pullIntoDescriptor);
  commitAll(stream, filledPullIntos);
}

function ReadableByteStreamControllerRespondInternal(controller, bytesWritten) {
  const firstDescriptor = controller.pendingPullIntos.peek();
  ReadableByteStreamControllerInvalidateBYOBRequest(controller);
  if (controller.stream.state === "closed") {
    ReadableByteStreamControllerRespondInClosedState(controller, firstDescriptor);
  } else {
    ReadableByteStreamControllerRespondInReadableState(controller, bytesWritten, firstDescriptor);
  }
  ReadableByteStreamControllerCallPullIfNeeded(controller);
}

export function ReadableByteStreamControllerRespondWithNewView(controller, view) {
  const firstDescriptor = controller.pendingPullIntos.peek();
  const byteLength = ViewByteLength(view);
  if (controller.stream.state === "closed") {
    if (byteLength !== 0) throw new TypeError("respondWithNewView() needs an empty view once the stream is closed");
  } else if (byteLength === 0) {
    throw new TypeError("respondWithNewView() needs a view that is not empty while the stream is readable");
  }
  if (firstDescriptor.byteOffset + firstDescriptor.bytesFilled !== ViewByteOffset(view)) {
    throw new RangeError("respondWithNewView() needs a view with the offset of the request's own");
  }
  if (firstDescriptor.bufferByteLength !== ArrayBufferPrototypeGetByteLength(ViewedArrayBuffer(view))) {
    throw new RangeError("respondWithNewView() needs a view of a buffer of the same length as the request's own");
  }
  if (firstDescriptor.bytesFilled + byteLength > firstDescriptor.byteLength) {
    throw new RangeError("respondWithNewView() was called with more bytes than were asked for");
  }
  firstDescriptor.buffer = TransferArrayBuffer(ViewedArrayBuffer(view));
  ReadableByteStreamControllerRespondInternal(controller, byteLength);
}

function ReadableByteStreamControllerShiftPendingPullInto(controller) {
  return controller.pendingPullIntos.shift();
}

function ReadableByteStreamControllerShouldCallPull(controller) {
  const { stream } = controller;
  if (stream.state !== "readable" || controller.closeRequested || !controller.started) return false;
  if (ReadableStreamHasDefaultReader(stream) && ReadableStreamGetNumReadRequests(stream) > 0) return true;
  if (ReadableStreamHasBYOBReader(stream) && ReadableStreamGetNumReadIntoRequests(stream) > 0) return true;
  return ReadableByteStreamControllerGetDesiredSize(controller) > 0;
}

/** The algorithms are methods of `source`, undefined where absent; `sourceIsInternal`: see promiseOfAlgorithm. */
export function SetUpReadableByteStreamController(
  stream, controller, source, sourceIsInternal, startAlgorithm, pullAlgorithm, cancelAlgorithm, highWaterMark,
  autoAllocateChunkSize,
) {
  controller.strategyHWM = highWaterMark;
  controller.source = source;
  controller.sourceIsInternal = sourceIsInternal;
  controller.pullAlgorithm = pullAlgorithm ?? doNothing;
  controller.cancelAlgorithm = cancelAlgorithm ?? doNothing;
  controller.autoAllocateChunkSize = autoAllocateChunkSize;
  if (!sourceIsInternal) controller.object = createReadableByteStreamController(controller);
  stream.controller = controller;
  const startResult = startAlgorithm === undefined ? undefined : ReflectApply(startAlgorithm, source, [controller.object]);
  uponPromise(promiseOfStart(startResult, sourceIsInternal), () => {
    controller.started = true;
    ReadableByteStreamControllerCallPullIfNeeded(controller);
  }, (reason) => ReadableByteStreamControllerError(controller, reason, CAUSE_SINK));
}

/** `underlyingSourceDict`: start, pull, cancel and autoAllocateChunkSize, undefined where absent. */
export function SetUpReadableByteStreamControllerFromUnderlyingSource(
  stream, underlyingSource, underlyingSourceDict, highWaterMark,
) {
  const controller = new ReadableByteStreamControllerSlots(stream);
  const { start, pull, cancel, autoAllocateChunkSize } = underlyingSourceDict;
  if (autoAllocateChunkSize === 0) throw new TypeError("autoAllocateChunkSize must be greater than 0");
  SetUpReadableByteStreamController(
    stream, controller, underlyingSource, false, start, pull, cancel, highWaterMark, autoAllocateChunkSize,
  );
}
