// A native coder of node:zlib: formats that follow each other, and errors as Node.js has them.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { plainError } from "../internal/errors.js";
import { constants } from "./constants.js";

const {
  Error, MathMin, ObjectAssign, StringPrototypeReplace, StringPrototypeSplit, TypedArrayPrototypeGetBuffer,
  TypedArrayPrototypeGetByteOffset, Uint32Array, Uint8Array,
} = primordials;

/** The most that one step takes in, and puts out; ops/compression.rs has the same number. */
const PIECE = 65536;

// What a step reports, and its outcomes.
const result = new Uint32Array(3);
const CONSUMED = 0;
const PRODUCED = 1;
const OUTCOME = 2;
const END = 1;
const CORRUPT = 2;

const CLOSED = -1;

const formats = {
  __proto__: null,
  [constants.DEFLATE]: "deflate", [constants.INFLATE]: "deflate", [constants.GZIP]: "gzip", [constants.GUNZIP]: "gzip",
  [constants.DEFLATERAW]: "deflate-raw", [constants.INFLATERAW]: "deflate-raw", [constants.BROTLI_DECODE]: "brotli",
  [constants.BROTLI_ENCODE]: "brotli",
};

function isDecoder(mode) {
  return mode === constants.INFLATE || mode === constants.GUNZIP || mode === constants.INFLATERAW || mode === constants.UNZIP ||
    mode === constants.BROTLI_DECODE;
}

/** An error with zlib's number and name. */
function zlibError(message, errno, code) {
  return ObjectAssign(new Error(message), { errno, code });
}

function part(bytes, start, length) {
  /** @type {any} */
  const memory = TypedArrayPrototypeGetBuffer(bytes);
  return new Uint8Array(memory, TypedArrayPrototypeGetByteOffset(bytes) + start, length);
}

/** The owner of a native coder. No app gets hold of it. */
export class Codec {
  /** `mode`: one of constants'. `settings`: `level`, `windowBits`, `dictionary`. */
  constructor(mode, settings) {
    this.mode = mode;
    this.settings = settings;
    this.isBrotli = mode === constants.BROTLI_ENCODE || mode === constants.BROTLI_DECODE;
    this.isDecoder = isDecoder(mode);
    this.hasEnded = false;
    /** The first byte of what may be gzip. */
    this.head = undefined;
    this.coder = CLOSED;
    if (mode !== constants.UNZIP) this.open();
    // What the last write left.
    this.inputLeft = 0;
    this.outputLeft = 0;
  }

  open() {
    this.close();
    const { level, windowBits, dictionary } = this.settings;
    const coder = ops.coderOpen(this, formats[this.mode], this.isDecoder, level, windowBits, dictionary);
    if (coder === undefined) throw plainError("ERR_ZLIB_INITIALIZATION_FAILED", "Initialization failed");
    this.coder = coder;
    this.hasEnded = false;
  }

  close() {
    const { coder } = this;
    this.coder = CLOSED;
    if (coder !== CLOSED) ops.coderClose(coder);
  }

  setLevel(level) {
    this.settings = { ...this.settings, level };
    ops.coderLevel(this.coder, level);
  }

  /** The native number of a flush. */
  flushOf(flag) {
    if (this.isBrotli) return flag === constants.BROTLI_OPERATION_PROCESS ? 0 : flag === constants.BROTLI_OPERATION_FINISH ? 4 : 2;
    return flag === constants.Z_BLOCK ? 1 : flag;
  }

  /**
   * Codes input into output, both given by where they are in a view; `inputLeft` and `outputLeft` say how much of them is left then.
   * Throws what an app is told.
   */
  write(flag, input, inputStart, inputLength, output, outputStart, outputLength) {
    const flush = this.flushOf(flag);
    const end = inputStart + inputLength;
    let at = inputStart;
    let filled = 0;
    if (this.mode === constants.UNZIP && inputLength > 0) at = this.recognize(input, at, end);
    const isOpen = this.mode !== constants.UNZIP;
    while (isOpen && filled < outputLength) {
      if (this.hasEnded && !this.beginsNext(input, at, end)) break;
      const length = MathMin(PIECE, end - at);
      const limit = MathMin(PIECE, outputLength - filled);
      ops.coderStep(this.coder, part(input, at, length), 0, length === end - at ? flush : 0, result, limit);
      const consumed = result[CONSUMED];
      const produced = result[PRODUCED];
      at += consumed;
      if (produced > 0) ops.coderOutput(part(output, outputStart + filled, produced));
      filled += produced;
      if (result[OUTCOME] === CORRUPT) throw this.corrupt();
      if (result[OUTCOME] === END) this.hasEnded = true;
      else if (consumed === 0 && produced === 0) break;
      else if (at === end && produced < limit && flush === 0) break;
    }
    this.inputLeft = end - at;
    this.outputLeft = outputLength - filled;
    if (this.isDecoder && !this.hasEnded && flush === 4 && this.outputLeft > 0) {
      throw zlibError("unexpected end of file", constants.Z_BUF_ERROR, "Z_BUF_ERROR");
    }
  }

  /** Whether another member of gzip follows one that has ended; it is begun then. Zeros are padding. */
  beginsNext(input, at, end) {
    if (this.mode !== constants.GUNZIP || at >= end || input[at] === 0) return false;
    this.open();
    return true;
  }

  /** Sees by the first two bytes whether it is gzip. Returns where to go on. */
  recognize(input, start, end) {
    let at = start;
    if (this.head === undefined) {
      this.head = input[at];
      if (this.head === 0x1f && at + 1 === end) return end;
      if (this.head === 0x1f) at++;
    }
    const isGzip = this.head === 0x1f && input[at] === 0x8b;
    const isHeadGone = this.head === 0x1f;
    this.mode = isGzip ? constants.GUNZIP : constants.INFLATE;
    this.open();
    if (isHeadGone) ops.coderStep(this.coder, new Uint8Array([0x1f]), 0, 0, result, PIECE);
    return at;
  }

  corrupt() {
    const complaint = ops.coderComplaint(this.coder);
    if (this.isBrotli) {
      // Its number, and its name in the library.
      const found = StringPrototypeSplit(complaint ?? "", " ");
      return zlibError("Decompression failed", +found[0], `ERR_${StringPrototypeReplace(found[1] ?? "", "BROTLI_DECODER", "")}`);
    }
    if (complaint === "Missing dictionary" || complaint === "Bad dictionary") return zlibError(complaint, constants.Z_NEED_DICT, "Z_NEED_DICT");
    return zlibError(complaint ?? "invalid data", constants.Z_DATA_ERROR, "Z_DATA_ERROR");
  }
}
