// Queue-with-sizes (https://streams.spec.whatwg.org/#queue-with-sizes), as a ring: nothing moves when a chunk leaves.
//
// NANO: each entry also has its cost, what it is charged to the budget (budget.js); the caller charges before
// EnqueueValueWithSize and releases what DequeueValue leaves in `dequeuedCost`.

import { primordials } from "../primordials.js";
import { seal } from "./sealed_class.js";

const { Array, ObjectSetPrototypeOf, RangeError } = primordials;

const SLOTS = 3;
const FIRST_CAPACITY = 4;
// A ring that had to grow beyond this is given back to the collector once it is empty.
const KEPT_CAPACITY = 1024;

/** A queue of values without sizes. Reads beyond its end are the caller's mistake. */
export class Ring {
  constructor() {
    this.length = 0;
    this.head = 0;
    this.mask = 0;
    this.slots = undefined;
  }

  push(value) {
    if (this.slots === undefined || this.length > this.mask) this.#grow();
    this.slots[(this.head + this.length) & this.mask] = value;
    this.length++;
  }

  peek() {
    return this.slots[this.head];
  }

  shift() {
    const { head } = this;
    const value = this.slots[head];
    this.slots[head] = undefined;
    this.head = (head + 1) & this.mask;
    if (--this.length === 0 && this.mask >= KEPT_CAPACITY) this.clear();
    return value;
  }

  clear() {
    this.length = 0;
    this.head = 0;
    this.mask = 0;
    this.slots = undefined;
  }

  /** Another ring with everything that was in this one. */
  takeAll() {
    const taken = new Ring();
    taken.length = this.length;
    taken.head = this.head;
    taken.mask = this.mask;
    taken.slots = this.slots;
    this.clear();
    return taken;
  }

  #grow() {
    const capacity = this.slots === undefined ? FIRST_CAPACITY : (this.mask + 1) * 2;
    const slots = filled(capacity);
    for (let i = 0; i < this.length; i++) slots[i] = this.slots[(this.head + i) & this.mask];
    this.slots = slots;
    this.head = 0;
    this.mask = capacity - 1;
  }
}
seal(Ring);

// Without a prototype, and filled: holes are looked up on Array.prototype, where tenants can put setters.
function filled(length) {
  const array = ObjectSetPrototypeOf(new Array(length), null);
  for (let i = 0; i < length; i++) array[i] = undefined;
  return array;
}

/** The pair of [[queue]] and [[queueTotalSize]]. */
export class QueueWithSizes {
  constructor() {
    this.length = 0;
    this.totalSize = 0;
    /** The size and cost of what DequeueValue returned last. */
    this.dequeuedSize = 0;
    this.dequeuedCost = 0;
    this.head = 0;
    this.mask = 0;
    this.slots = undefined;
  }
}
seal(QueueWithSizes);

function grow(queue) {
  const capacity = queue.slots === undefined ? FIRST_CAPACITY : (queue.mask + 1) * 2;
  const slots = filled(capacity * SLOTS);
  for (let i = 0; i < queue.length; i++) {
    const from = ((queue.head + i) & queue.mask) * SLOTS;
    slots[i * SLOTS] = queue.slots[from];
    slots[i * SLOTS + 1] = queue.slots[from + 1];
    slots[i * SLOTS + 2] = queue.slots[from + 2];
  }
  queue.slots = slots;
  queue.head = 0;
  queue.mask = capacity - 1;
}

/** Steps 2 and 3 of EnqueueValueWithSize: what it throws a RangeError for. */
export function IsValidChunkSize(size) {
  return size >= 0 && size < Infinity;
}

export function invalidChunkSizeError() {
  return new RangeError("The size of a chunk must be a finite number that is not negative");
}

/** `size` must be valid. */
export function EnqueueValueWithSize(queue, value, size, cost) {
  if (queue.slots === undefined || queue.length > queue.mask) grow(queue);
  const { slots } = queue;
  const at = ((queue.head + queue.length) & queue.mask) * SLOTS;
  slots[at] = value;
  slots[at + 1] = size;
  slots[at + 2] = cost;
  queue.length++;
  queue.totalSize += size;
}

/**
 * Removes the first value without taking its size from the total; that is left to SubtractSize, because a chunk in
 * flight to a sink still counts.
 */
export function TakeValue(queue) {
  const { slots, head } = queue;
  const at = head * SLOTS;
  const value = slots[at];
  queue.dequeuedSize = slots[at + 1];
  queue.dequeuedCost = slots[at + 2];
  slots[at] = undefined;
  queue.head = (head + 1) & queue.mask;
  if (--queue.length === 0 && queue.mask >= KEPT_CAPACITY) {
    queue.head = 0;
    queue.mask = 0;
    queue.slots = undefined;
  }
  return value;
}

export function SubtractSize(queue, size) {
  const total = queue.totalSize - size;
  // Below zero by rounding errors only.
  queue.totalSize = total < 0 ? 0 : total;
}

export function DequeueValue(queue) {
  const value = TakeValue(queue);
  SubtractSize(queue, queue.dequeuedSize);
  return value;
}

export function ResetQueue(queue) {
  queue.length = 0;
  queue.totalSize = 0;
  queue.head = 0;
  queue.mask = 0;
  queue.slots = undefined;
}
