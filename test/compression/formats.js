// What is compressed and what is not: against Python's and Node's zlib, at every chunk boundary, cut short, corrupt, and with more behind.

import { compress, data, decompress, encode, FORMATS, fromBase64, join, noise, same } from "./data.js";
import { golden } from "./golden.js";
import { done, equal, ok, reasonOf, rejectsWith, test } from "./harness.js";

const bytesOf = (wanted, name) => fromBase64(golden.find(([format, , of]) => format === wanted && of === name)[3]);

test("what others compressed", async () => {
  ok(golden.length > 30, "all cases are there");
  for (const [format, how, name, base64] of golden) {
    same(await decompress(format, fromBase64(base64)), data[name], `${format}, ${how}, ${name}`);
  }
});

test("what is compressed here", async () => {
  for (const format of FORMATS) {
    for (const name in data) same(await decompress(format, await compress(format, data[name])), data[name], `${format}, ${name}`);
    const text = await compress(format, data.text);
    ok(text.length < data.text.length / 10, `${format}: ${text.length} bytes`);
  }
});

test("the headers are those of the formats", async () => {
  const start = async (format) => [...(await compress(format, data.text)).subarray(0, 4)];
  equal((await start("gzip")).join(), "31,139,8,0");
  const [method, flags] = await start("deflate");
  equal(method, 0x78);
  equal((method * 256 + flags) % 31, 0);
});

test("in two chunks, split at every byte; and in single bytes", async () => {
  for (const format of FORMATS) {
    const packed = bytesOf(format, "text");
    for (let i = 0; i <= packed.length; i++) {
      same(await decompress(format, packed.subarray(0, i), packed.subarray(i)), data.text, `${format} at ${i}`);
    }
    const bytes = Array.from(packed, (byte) => Uint8Array.of(byte));
    same(await decompress(format, ...bytes), data.text, format);
    const text = data.text.subarray(0, 300);
    same(await decompress(format, await compress(format, ...Array.from(text, (byte) => Uint8Array.of(byte)))), text, format);
  }
});

test("empty chunks are nothing, wherever they are", async () => {
  const nothing = new Uint8Array(0);
  for (const format of FORMATS) {
    const packed = bytesOf(format, "text");
    const chunks = [nothing, packed.subarray(0, 9), nothing, nothing, packed.subarray(9), nothing, new ArrayBuffer(0)];
    same(await decompress(format, ...chunks), data.text, format);
    same(await decompress(format, await compress(format, nothing, encode("a"), nothing, encode("b"), nothing)), encode("ab"), format);
    same(await decompress(format, await compress(format)), nothing, format);
  }
});

test("cut short at any byte, the stream fails when it is closed", async () => {
  for (const format of FORMATS) {
    const packed = bytesOf(format, "text");
    for (let i = 0; i < packed.length; i++) {
      await rejectsWith(decompress(format, packed.subarray(0, i)), TypeError, `The ${format} data ends too early`);
    }
    await rejectsWith(decompress(format), TypeError);
  }
});

test("data after the end is an error, in the same chunk and in another, a second gzip member too", async () => {
  for (const format of FORMATS) {
    const packed = bytesOf(format, "text");
    for (const more of [Uint8Array.of(0), packed]) {
      const message = `There is more data after the end of the ${format} data`;
      await rejectsWith(decompress(format, join([packed, more])), TypeError, message);
      await rejectsWith(decompress(format, packed, more), TypeError, message);
      await rejectsWith(decompress(format, packed, new Uint8Array(0), more), TypeError, message);
      // What came before it is read before the error is seen.
      const stream = new DecompressionStream(format);
      const reader = stream.readable.getReader();
      const first = reader.read();
      const written = stream.writable.getWriter().write(join([packed, more]));
      same((await first).value, data.text, format);
      equal(await reasonOf(reader.read()), await reasonOf(written));
    }
  }
});

test("a flipped bit is an error, or in a field that does not matter", async () => {
  for (const format of ["deflate", "gzip"]) {
    const packed = bytesOf(format, "text");
    const harmless = [];
    for (let i = 0; i < packed.length * 8; i++) {
      const bad = packed.slice();
      bad[i >> 3] ^= 1 << (i & 7);
      try {
        same(await decompress(format, bad), data.text, `${format}, bit ${i}`);
        harmless.push(i >> 3);
      } catch (error) {
        ok(error instanceof TypeError, `${format}, bit ${i}: ${error}`);
      }
    }
    // gzip: FTEXT, MTIME, XFL, OS. A few bits of deflate's own may be padding.
    const header = harmless.filter((byte) => byte < 10 && format === "gzip");
    equal([...new Set(header)].join(), format === "gzip" ? "3,4,5,6,7,8,9" : "");
    ok(harmless.filter((byte) => byte >= 10).length < 8, `${format}: ${harmless}`);
  }
});

test("gzip: each checksum and field that must be right", async () => {
  const packed = bytesOf("gzip", "text");
  const everything = fromBase64(golden.find(([, how]) => how === "a header with everything")[3]);
  const spoilt = (bytes, at, value) => {
    const bad = bytes.slice();
    bad[at < 0 ? bad.length + at : at] = value;
    return bad;
  };
  for (const [what, bad] of [
    ["ID1", spoilt(packed, 0, 0x1e)], ["ID2", spoilt(packed, 1, 0x8c)], ["CM", spoilt(packed, 2, 7)],
    ["a reserved flag", spoilt(packed, 3, 0x20)], ["CRC32", spoilt(packed, -8, packed.at(-8) ^ 1)],
    ["ISIZE", spoilt(packed, -4, packed.at(-4) ^ 1)],
    ["FHCRC", spoilt(everything, 4, everything[4] ^ 1)],
  ]) {
    await rejectsWith(decompress("gzip", bad), TypeError, undefined, what);
  }
});

test("deflate: a preset dictionary, a wrong method and a wrong header checksum are errors", async () => {
  for (const start of [[0x78, 0xbb, 0, 0, 0, 1], [0x77, 0x9c], [0x78, 0x9d], [0x88, 0x1c]]) {
    const bad = join([Uint8Array.from(start), bytesOf("deflate-raw", "text"), new Uint8Array(4)]);
    await rejectsWith(decompress("deflate", bad), TypeError);
  }
});

for (const format of FORMATS) {
  test(`large data that does not shrink, and larger data that does: ${format}`, async () => {
    const random = noise(700_000);
    const packed = await compress(format, random);
    ok(packed.length > random.length, `${packed.length}`);
    same(await decompress(format, packed), random, "in one chunk");
    const pieces = [];
    for (let i = 0; i < packed.length; i += 99_991) pieces.push(packed.subarray(i, i + 99_991));
    same(await decompress(format, ...pieces), random, "in pieces");
    const zeros = new Uint8Array(1_500_000);
    const small = await compress(format, zeros);
    ok(small.length < 3000, `${small.length}`);
    same(await decompress(format, small), zeros, "zeros");
  });
}

await done();
