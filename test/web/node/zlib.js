// node:zlib as Node.js has it, and what it takes from an app's memory and turns.

import zlib, { constants } from "node:zlib";
import { promisify } from "node:util";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { deepEqual, done, equal, ok, reasonOf, test, thrownBy } from "./harness.js";

const text = Buffer.from("to be or not to be, that is the question: ".repeat(1000));
const formats = [
  ["deflate", "inflate"], ["gzip", "gunzip"], ["deflateRaw", "inflateRaw"], ["gzip", "unzip"], ["deflate", "unzip"],
  ["brotliCompress", "brotliDecompress"], ["zstdCompress", "zstdDecompress"],
];
const fast = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };
const pack = (name, data = text) => zlib[`${name}Sync`](data, name === "brotliCompress" ? fast : {});
const create = (name) => zlib[`create${name[0].toUpperCase()}${name.slice(1)}`]();

test("all formats, at once, later and as streams, in pieces of any size", async () => {
  for (const [compress, decompress] of formats) {
    const packed = pack(compress);
    ok(packed.length < text.length / 40, `${compress} ${packed.length}`);
    for (const chunkSize of [64, 1000, 200_000]) ok(zlib[`${decompress}Sync`](packed, { chunkSize }).equals(text), `${decompress} ${chunkSize}`);
    ok((await promisify(zlib[decompress])(packed)).equals(text), decompress);
    const pieces = Array.from({ length: Math.ceil(packed.length / 3) }, (_, at) => packed.subarray(at * 3, at * 3 + 3));
    const seen = [];
    await pipeline(Readable.from(pieces), create(decompress), async (chunks) => {
      for await (const chunk of chunks) seen.push(chunk);
    });
    ok(Buffer.concat(seen).equals(text), `${decompress} in pieces`);
  }
});

test("data that is wrong, cut, or has more behind it", () => {
  const errorOf = (body) => {
    const { code, errno, message } = thrownBy(body);
    return [code, errno, message];
  };
  deepEqual(errorOf(() => zlib.inflateSync("junk")), ["Z_DATA_ERROR", -3, "incorrect header check"]);
  deepEqual(errorOf(() => zlib.gunzipSync(pack("gzip").subarray(0, -9))), ["Z_BUF_ERROR", -5, "unexpected end of file"]);
  deepEqual(errorOf(() => zlib.brotliDecompressSync("junk data here")).slice(0, 2), ["ERR__ERROR_FORMAT_CL_SPACE", -6]);
  equal(zlib.gunzipSync(Buffer.concat([pack("gzip", "a"), pack("gzip", "b"), Buffer.alloc(3)])).toString(), "ab");
  equal(zlib.inflateSync(Buffer.concat([pack("deflate", "a"), Buffer.from("more")])).toString(), "a");
  const cut = zlib.inflateSync(pack("deflate").subarray(0, -9), { finishFlush: constants.Z_SYNC_FLUSH });
  ok(cut.length > 0, "what there is");
});

test("options that are none", () => {
  const codeOf = (options) => thrownBy(() => zlib.deflateSync("x", options)).code;
  deepEqual([{ level: 10 }, { level: "x" }, { windowBits: 3 }, { chunkSize: 5 }, { dictionary: 5 }, { flush: 9 }].map(codeOf), [
    "ERR_OUT_OF_RANGE", "ERR_INVALID_ARG_TYPE", "ERR_OUT_OF_RANGE", "ERR_OUT_OF_RANGE", "ERR_INVALID_ARG_TYPE", "ERR_OUT_OF_RANGE",
  ]);
  equal(thrownBy(() => zlib.brotliCompressSync("x", { params: { 99: 1 } })).code, "ERR_BROTLI_INVALID_PARAM");
  equal(thrownBy(() => zlib.gzip("x")).code, "ERR_INVALID_ARG_TYPE");
  ok(zlib.deflateSync(text, { level: 1 }).length > zlib.deflateSync(text, { level: 9 }).length, "levels");
});

test("dictionaries", () => {
  const dictionary = Buffer.from("to be or not to be");
  for (const [compress, decompress] of [["deflate", "inflate"], ["deflateRaw", "inflateRaw"]]) {
    const packed = zlib[`${compress}Sync`]("to be or not to be", { dictionary });
    ok(packed.length < zlib[`${compress}Sync`]("to be or not to be").length, compress);
    equal(zlib[`${decompress}Sync`](packed, { dictionary }).toString(), "to be or not to be");
  }
  const packed = zlib.deflateSync("to be or not to be", { dictionary });
  equal(thrownBy(() => zlib.inflateSync(packed)).code, "Z_NEED_DICT");
  equal(thrownBy(() => zlib.inflateSync(packed, { dictionary: Buffer.from("x") })).message, "Bad dictionary");
});

test("flush() lets out what there is; params() changes the level", async () => {
  for (const [compress, decompress] of [formats[0], formats[1], formats[5]]) {
    const packing = create(compress);
    const unpacking = create(decompress);
    packing.pipe(unpacking);
    const next = () => new Promise((resolve) => unpacking.once("data", (chunk) => resolve(chunk.toString())));
    const first = next();
    packing.write("hello ");
    packing.flush();
    equal(await first, "hello ");
    if (compress !== "brotliCompress") await new Promise((resolve) => packing.params(9, constants.Z_DEFAULT_STRATEGY, resolve));
    const second = next();
    packing.end("world");
    equal(await second, "world");
  }
});

test("checksums and constants", () => {
  deepEqual([zlib.crc32("hello"), zlib.crc32(Buffer.from("world"), zlib.crc32("hello"))], [907060870, 4192936109]);
  deepEqual([constants.Z_BEST_SPEED, zlib.Z_BEST_SPEED, zlib.codes["-3"], zlib.Gzip() instanceof zlib.Gzip], [1, 1, "Z_DATA_ERROR", true]);
});

test("a bomb ends at what may come of it, and costs what is read of it", async () => {
  const bomb = zlib.gzipSync(Buffer.alloc(8 << 20));
  equal(thrownBy(() => zlib.gunzipSync(bomb, { maxOutputLength: 1 << 20 })).code, "ERR_BUFFER_TOO_LARGE");
  equal((await reasonOf(promisify(zlib.gunzip)(bomb, { maxOutputLength: 1 << 20 }))).code, "ERR_BUFFER_TOO_LARGE");
  let seen = 0;
  const slow = new Writable({
    highWaterMark: 1,
    write(chunk) {
      // Never asks for more.
      seen += chunk.length;
    },
  });
  const stream = zlib.createGunzip();
  stream.end(bomb);
  stream.pipe(slow);
  for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve));
  ok(seen + stream.readableLength < 1 << 18, `${seen} and ${stream.readableLength}`);
  stream.destroy();
});

test("others have their turns while a long text is packed", async () => {
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const packed = await promisify(zlib.deflate)(Buffer.alloc(2 << 20, "some text that repeats"), { level: 0 });
  isOver = true;
  ok(packed.length > 2 << 20 && turns > 100, `${turns} turns`);
});

test("Zstandard: frames, parameters, dictionaries and what is wrong", () => {
  const errorOf = (body) => {
    const { code, errno, message } = thrownBy(body);
    return [code, errno, message];
  };
  const packed = zlib.zstdCompressSync("abc".repeat(100));
  equal(packed.toString("hex"), "28b52ffd602c0055000018616263010026aa6e08");
  equal(zlib.zstdDecompressSync(Buffer.concat([packed, packed])).toString(), "abc".repeat(200));
  equal(zlib.zstdDecompressSync(Buffer.concat([packed, Buffer.from("xx")])).length, 300);
  deepEqual(errorOf(() => zlib.zstdDecompressSync("garbage and more garbage")), ["ZSTD_error_prefix_unknown", 10, "Unknown frame descriptor"]);
  deepEqual(errorOf(() => zlib.zstdDecompressSync(packed.subarray(0, -3))), ["Z_BUF_ERROR", -5, "unexpected end of file"]);
  deepEqual(errorOf(() => zlib.zstdDecompressSync("")), ["Z_BUF_ERROR", -5, "unexpected end of file"]);
  const changed = Buffer.from(packed);
  changed[8] ^= 0xff;
  deepEqual(errorOf(() => zlib.zstdDecompressSync(changed)), ["ZSTD_error_corruption_detected", 20, "Data corruption detected"]);
  const { ZSTD_c_checksumFlag, ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_d_windowLogMax } = constants;
  equal(zlib.zstdCompressSync("abc", { params: { [ZSTD_c_checksumFlag]: 1 } }).toString("hex"), "28b52ffd2403190000616263990977ad");
  deepEqual(errorOf(() => zlib.zstdCompressSync("a", { params: { 9999: 1 } })), ["ERR_ZSTD_INVALID_PARAM", undefined, "9999 is not a valid zstd parameter"]);
  equal(errorOf(() => zlib.zstdCompressSync("a", { params: { [ZSTD_c_compressionLevel]: "x" } }))[0], "ERR_INVALID_ARG_TYPE");
  deepEqual(errorOf(() => zlib.zstdCompressSync("a", { params: { [ZSTD_c_windowLog]: 99 } })), [
    "ERR_ZLIB_INITIALIZATION_FAILED", undefined, "Setting parameter failed",
  ]);
  equal(zlib.zstdCompressSync("abc", { pledgedSrcSize: 3 }).toString("hex"), "28b52ffd2003190000616263");
  deepEqual(errorOf(() => zlib.zstdCompressSync("abc", { pledgedSrcSize: 5 })), ["ZSTD_error_srcSize_wrong", 72, "Src size is incorrect"]);
  const dictionary = Buffer.from("the quick brown fox jumps over the lazy dog. ".repeat(20));
  const short = zlib.zstdCompressSync(dictionary.subarray(0, 300), { dictionary });
  ok(short.length < 40 && zlib.zstdDecompressSync(short, { dictionary }).equals(dictionary.subarray(0, 300)), `${short.length}`);
  const wide = zlib.zstdCompressSync(Buffer.alloc(1 << 22), { params: { [ZSTD_c_windowLog]: 22 } });
  deepEqual(errorOf(() => zlib.zstdDecompressSync(wide, { params: { [ZSTD_d_windowLogMax]: 20 } })), [
    "ZSTD_error_frameParameter_windowTooLarge", 16, "Frame requires too much memory for decoding",
  ]);
  equal(errorOf(() => zlib.zstdCompressSync("a", { flush: 9 }))[0], "ERR_OUT_OF_RANGE");
  equal(errorOf(() => zlib.zstdDecompressSync(packed, { maxOutputLength: 10 }))[0], "ERR_BUFFER_TOO_LARGE");
});

test("little of Zstandard can be much", () => {
  const packed = zlib.zstdCompressSync(Buffer.alloc(1 << 24));
  ok(packed.length < 2000, `${packed.length}`);
  equal(thrownBy(() => zlib.zstdDecompressSync(packed, { maxOutputLength: 1 << 20 })).code, "ERR_BUFFER_TOO_LARGE");
});

await done();
