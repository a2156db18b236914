// A native coder of node:zlib: formats that follow each other, and errors as Node.js has them.

import { ops } from "../../ops.js";
import { primordials } from "../../primordials.js";
import { plainError } from "../internal/errors.js";
import { constants } from "./constants.js";

const {
  Error, MathMin, ObjectAssign, ObjectKeys, StringPrototypeIndexOf, StringPrototypeReplace, StringPrototypeSlice, StringPrototypeSplit, StringPrototypeStartsWith, TypedArrayPrototypeGetBuffer,
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

/** Bytes by which a frame of zstd is known. What is shorter, behind one, is none. */
const ZSTD_MAGIC = 4;

const formats = {
  __proto__: null,
  [constants.DEFLATE]: "deflate", [constants.INFLATE]: "deflate", [constants.GZIP]: "gzip", [constants.GUNZIP]: "gzip",
  [constants.DEFLATERAW]: "deflate-raw", [constants.INFLATERAW]: "deflate-raw", [constants.BROTLI_DECODE]: "brotli",
  [constants.BROTLI_ENCODE]: "brotli", [constants.ZSTD_COMPRESS]: "zstd", [constants.ZSTD_DECOMPRESS]: "zstd",
};

function isDecoder(mode) {
  return mode === constants.INFLATE || mode === constants.GUNZIP || mode === constants.INFLATERAW || mode === constants.UNZIP ||
    mode === constants.BROTLI_DECODE || mode === constants.ZSTD_DECOMPRESS;
}

const zstdErrors = { __proto__: null };
const names = ObjectKeys(constants);
for (let at = 0; at < names.length; at++) {
  if (StringPrototypeStartsWith(names[at], "ZSTD_error_")) zstdErrors[constants[names[at]]] = names[at];
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
  /** `mode`: one of constants'. `settings`: `level`, `windowBits`, `dictionary`; of zstd `parameters` and `size`. */
  constructor(mode, settings) {
    this.mode = mode;
    this.settings = settings;
    this.isBrotli = mode === constants.BROTLI_ENCODE || mode === constants.BROTLI_DECODE;
    this.isZstd = mode === constants.ZSTD_COMPRESS || mode === constants.ZSTD_DECOMPRESS;
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
    const { level, windowBits, dictionary, parameters, size } = this.settings;
    const coder = ops.coderOpen(this, formats[this.mode], this.isDecoder, level, windowBits, dictionary, parameters, size);
    if (coder === undefined) {
      throw plainError("ERR_ZLIB_INITIALIZATION_FAILED", this.isZstd ? "Setting parameter failed" : "Initialization failed");
    }
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
    if (this.isZstd) return flag === constants.ZSTD_e_continue ? 0 : flag === constants.ZSTD_e_end ? 4 : 2;
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
      if (this.hasEnded && !this.beginsNext(input, at, end, flush)) break;
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

  /** Whether another member of gzip, or another frame of zstd, follows one that has ended; it is begun then. Zeros are padding. */
  beginsNext(input, at, end, flush) {
    if (this.mode === constants.ZSTD_DECOMPRESS && at < end && (flush !== 4 || end - at >= ZSTD_MAGIC)) {
      this.hasEnded = false;
      return true;
    }
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
    if (this.isZstd) {
      const text = complaint ?? "1 Error (generic)";
      const space = StringPrototypeIndexOf(text, " ");
      const number = +StringPrototypeSlice(text, 0, space);
      return zlibError(StringPrototypeSlice(text, space + 1), number, zstdErrors[number] ?? "ZSTD_error_GENERIC");
    }
    if (this.isBrotli) {
      // Its number, and its name in the library.
      const found = StringPrototypeSplit(complaint ?? "", " ");
      return zlibError("Decompression failed", +found[0], `ERR_${StringPrototypeReplace(found[1] ?? "", "BROTLI_DECODER", "")}`);
    }
    if (complaint === "Missing dictionary" || complaint === "Bad dictionary") return zlibError(complaint, constants.Z_NEED_DICT, "Z_NEED_DICT");
    return zlibError(complaint ?? "invalid data", constants.Z_DATA_ERROR, "Z_DATA_ERROR");
  }
}
