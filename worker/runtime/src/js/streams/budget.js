// What streams may hold: a limit for each queue (`max_buffer_size_mb`) and one for all of a worker together
// (`max_total_buffer_mb`). Every queue of every stream charges a chunk here before it stores it, and releases it when
// the chunk leaves, is cleared or is dropped with its stream. No object of this file is reachable by a tenant.
//
// A chunk costs CHUNK_OVERHEAD plus: a string its length in UTF-8, an ArrayBuffer, view or Blob its byte length,
// anything else OTHER_COST. The overhead stands for the queue's own memory, so that endless empty chunks reach the
// limit too; 32 is what HTTP/2 adds to each header field for the same purpose (RFC 9113 §6.5.2).

import { ops } from "../ops.js";
import { primordials } from "../primordials.js";
import { seal } from "./sealed_class.js";

const {
  ArrayBufferIsView, DataViewPrototypeGetByteLength, FinalizationRegistry, FinalizationRegistryPrototypeRegister,
  Float64Array, RangeError, StringPrototypeCharCodeAt, TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetSymbolToStringTag,
} = primordials;

/** Bytes that each queued chunk costs beside its content. */
export const CHUNK_OVERHEAD = 32;
/** Bytes that a chunk costs which is neither string nor bytes. */
const OTHER_COST = 1024;

// The places in `counters`, which native code reads after every turn.
const { overflows: OVERFLOWS, buffered: BUFFERED, buffered_peak: PEAK } = ops.counterPlaces;

/** Why a stream turned errored; also the place of its counter. */
export const CAUSE_OVERFLOW = ops.counterPlaces.errored_by_overflow;
export const CAUSE_SINK = ops.counterPlaces.errored_by_sink;
export const CAUSE_ABORT = ops.counterPlaces.errored_by_abort;
export const CAUSE_CONTROLLER = ops.counterPlaces.errored_by_controller;

let maxStreamBytes = 64 * 2 ** 20;
let maxStreamText = "64";
let maxTotalBytes = Infinity;
let maxTotalText = "0";
// What fits an empty queue for certain: nothing, if it depends on the others.
let maxAlone = maxStreamBytes;
let counters = new Float64Array(7);
// Undefined as long as there is no Blob.
let blobSize;

/**
 * Sets the limits, in bytes and as the operator wrote them ("1", "0.5"), and where to count. `maxTotalBytes` 0 is no
 * limit. Called once, before any code of the app runs.
 */
export function configureBudget(options) {
  ({ maxStreamBytes, maxStreamText, maxTotalText } = options);
  maxTotalBytes = options.maxTotalBytes > 0 ? options.maxTotalBytes : Infinity;
  maxAlone = maxTotalBytes === Infinity ? maxStreamBytes : 0;
  counters = options.counters;
}

/**
 * Called when the first Blob is made: `size(value)` is a Blob's size in bytes, or -1 for anything that is none. (Not
 * before: for what is none, V8 finds that out slowly, by 30 ns.)
 */
export function registerBlobSize(size) {
  blobSize = size;
}

/** Bytes that one queue may hold. */
export function streamLimit() {
  return maxStreamBytes;
}

/** Counts a stream that turned errored, once for each. */
export function countErrored(cause) {
  counters[cause]++;
}

/** What one queue holds of the budget. */
export class Account {
  constructor() {
    this.bytes = 0;
    this.guarded = false;
  }
}
seal(Account);

/** Takes `cost` bytes for `account`. False, and nothing changed, when that would exceed a limit. */
export function charge(account, cost) {
  const bytes = account.bytes + cost;
  const total = counters[BUFFERED] + cost;
  if (bytes > maxStreamBytes || total > maxTotalBytes) return false;
  account.bytes = bytes;
  counters[BUFFERED] = total;
  if (total > counters[PEAK]) counters[PEAK] = total;
  return true;
}

/** Whether an account that holds nothing could be charged `cost`. */
export function fitsAlone(cost) {
  return cost <= maxAlone || (cost <= maxStreamBytes && counters[BUFFERED] + cost <= maxTotalBytes);
}

/** Takes `cost` bytes that fitted when it was asked, whatever else was charged since. */
export function chargeAfterAll(account, cost) {
  account.bytes += cost;
  counters[BUFFERED] += cost;
  if (counters[BUFFERED] > counters[PEAK]) counters[PEAK] = counters[BUFFERED];
}

/** Gives back `cost` bytes that were charged to `account`. */
export function release(account, cost) {
  account.bytes -= cost;
  counters[BUFFERED] -= cost;
}

/** Gives back everything but `kept` bytes. */
export function releaseAllBut(account, kept) {
  counters[BUFFERED] -= account.bytes - kept;
  account.bytes = kept;
}

/** The error of a charge of `cost` to `account` that was refused; counts the overflow. `advice` is for one stream's limit. */
export function overflowError(account, cost, advice = "") {
  counters[OVERFLOWS]++;
  if (account.bytes + cost > maxStreamBytes) {
    return new RangeError(`Stream buffer size limit exceeded (max: ${maxStreamText}MB)${advice}`);
  }
  return new RangeError(`Total stream buffer size limit exceeded (max: ${maxTotalText}MB)`);
}

// Streams that are dropped with chunks in them: their bytes come back when the collector finds them. Made on first
// use, because it cannot be in a snapshot.
let dropped;

/** Makes sure that what `account` holds comes back when `owner` is collected. Cheap when called again. */
export function guard(owner, account) {
  if (account.guarded) return;
  account.guarded = true;
  dropped ??= new FinalizationRegistry((orphan) => releaseAllBut(orphan, 0));
  FinalizationRegistryPrototypeRegister(dropped, owner, account);
}

// ---- the cost of a chunk ----

// From this length on, V8 is asked; below, looking at each unit is faster.
const ASK_FROM = 24;

function utf8Length(string) {
  const { length } = string;
  if (length < ASK_FROM) {
    let bytes = length;
    for (let i = 0; i < length; i++) {
      const unit = StringPrototypeCharCodeAt(string, i);
      if (unit >= 0x80) {
        if (unit >= 0x800) return ops.utf8Length(string);
        bytes++;
      }
    }
    return bytes;
  }
  return ops.utf8Length(string);
}

/**
 * A bound of chunkCost(chunk), found without looking at a string: it may be a rope, which is costly to measure, and no
 * unit of UTF-16 takes more than 3 bytes.
 */
export function chunkCostAtMost(chunk) {
  return typeof chunk === "string" ? chunk.length * 3 + CHUNK_OVERHEAD : chunkCost(chunk);
}

/** What queueing `chunk` costs. Runs none of the tenant's code and never throws. */
export function chunkCost(chunk) {
  if (typeof chunk === "string") return utf8Length(chunk) + CHUNK_OVERHEAD;
  if (typeof chunk !== "object" || chunk === null) return OTHER_COST + CHUNK_OVERHEAD;
  // Undefined for whatever is no typed array.
  if (TypedArrayPrototypeGetSymbolToStringTag(chunk) !== undefined) {
    // An element of a typed array is its own: no program sees this. It tells V8 the array's map, without which the getter
    // would be a call.
    chunk[0];
    return TypedArrayPrototypeGetByteLength(chunk) + CHUNK_OVERHEAD;
  }
  if (ArrayBufferIsView(chunk)) return dataViewLength(chunk) + CHUNK_OVERHEAD;
  const bytes = ops.arrayBufferByteLength(chunk);
  if (bytes >= 0) return bytes + CHUNK_OVERHEAD;
  const size = blobSize === undefined ? -1 : blobSize(chunk);
  return (size >= 0 ? size : OTHER_COST) + CHUNK_OVERHEAD;
}

function dataViewLength(view) {
  try {
    return DataViewPrototypeGetByteLength(view);
  } catch {
    return 0; // detached, or out of the bounds of a buffer that shrank
  }
}
