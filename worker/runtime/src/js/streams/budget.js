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
const OVERFLOWS = 0;
const BUFFERED = 5;
const PEAK = 6;

/** Why a stream turned errored; also the place of its counter. */
export const CAUSE_OVERFLOW = 1;
export const CAUSE_SINK = 2;
export const CAUSE_ABORT = 3;
export const CAUSE_CONTROLLER = 4;

let maxStreamBytes = 64 * 2 ** 20;
let maxStreamText = "64";
let maxTotalBytes = Infinity;
let maxTotalText = "0";
let counters = new Float64Array(7);
let blobSize = () => -1;

/**
 * Sets the limits, in bytes and as the operator wrote them ("1", "0.5"), and where to count. `maxTotalBytes` 0 is no
 * limit. Called once, before any code of the app runs.
 */
export function configureBudget(options) {
  ({ maxStreamBytes, maxStreamText, maxTotalText } = options);
  maxTotalBytes = options.maxTotalBytes > 0 ? options.maxTotalBytes : Infinity;
  counters = options.counters;
}

/** Called by the Blob module: `size(value)` is a Blob's size in bytes, or -1 for anything that is none. */
export function registerBlobSize(size) {
  blobSize = size;
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

/**
 * Whether `cost` bytes, charged to an account that is empty and given back in the same turn, would leave no trace: no
 * limit is exceeded and no peak raised. Then both can be left out.
 */
export function leavesNoTrace(cost) {
  return cost <= maxStreamBytes && counters[BUFFERED] + cost <= counters[PEAK];
}

/** Takes `cost` bytes that leavesNoTrace allowed, after all. */
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

/** The error of a charge of `cost` to `account` that was refused; counts the overflow. */
export function overflowError(account, cost) {
  counters[OVERFLOWS]++;
  if (account.bytes + cost > maxStreamBytes) {
    return new RangeError(`Stream buffer size limit exceeded (max: ${maxStreamText}MB)`);
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

// The last long string and its length in UTF-8: programs write the same one over and over, and asking V8 costs more
// than the rest of a write. Comparing is by pointer in that case. Never a string so long that keeping it matters.
const ASK_FROM = 24;
const REMEMBER_TO = 8192;
let rememberedString = "";
let rememberedLength = 0;

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
  if (string === rememberedString) return rememberedLength;
  const bytes = ops.utf8Length(string);
  if (length <= REMEMBER_TO) {
    rememberedString = string;
    rememberedLength = bytes;
  }
  return bytes;
}

/** What queueing `chunk` costs. Runs none of the tenant's code and never throws. */
export function chunkCost(chunk) {
  if (typeof chunk === "string") return utf8Length(chunk) + CHUNK_OVERHEAD;
  if (typeof chunk !== "object" || chunk === null) return OTHER_COST + CHUNK_OVERHEAD;
  if (ArrayBufferIsView(chunk)) {
    if (TypedArrayPrototypeGetSymbolToStringTag(chunk) !== undefined) {
      return TypedArrayPrototypeGetByteLength(chunk) + CHUNK_OVERHEAD;
    }
    return dataViewLength(chunk) + CHUNK_OVERHEAD;
  }
  const bytes = ops.arrayBufferByteLength(chunk);
  if (bytes >= 0) return bytes + CHUNK_OVERHEAD;
  const size = blobSize(chunk);
  return (size >= 0 ? size : OTHER_COST) + CHUNK_OVERHEAD;
}

function dataViewLength(view) {
  try {
    return DataViewPrototypeGetByteLength(view);
  } catch {
    return 0; // detached, or out of the bounds of a buffer that shrank
  }
}
