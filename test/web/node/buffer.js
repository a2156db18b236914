// node:buffer and node:string_decoder: each expectation is what Node.js has.

import { Buffer, isAscii, isUtf8, transcode } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import { inspect } from "node:util";
import { deepEqual, done, equal, ok, test, thrownBy } from "./harness.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");

test("text by each encoding, both ways", () => {
  const text = "h\u00e9\u20ac\u{1f600}\ud800";
  const bytes = {
    utf8: "68c3a9e282acf09f9880efbfbd", utf16le: "6800e900ac203dd800de00d8", latin1: "68e9ac3d0000", ascii: "68e9ac3d0000",
    hex: "", base64: "", base64url: "",
  };
  for (const [encoding, expected] of Object.entries(bytes)) equal(hex(Buffer.from(text, encoding)), expected, encoding);
  const all = Buffer.from([1, 97, 200, 0xe2, 0x82, 0xac, 255, 62]);
  deepEqual(["utf8", "latin1", "ascii", "hex", "base64", "base64url", "ucs2"].map((encoding) => all.toString(encoding)), [
    "\u0001a\ufffd\u20ac\ufffd>", "\u0001a\u00c8\u00e2\u0082\u00ac\u00ff>", "\u0001aHb\u0002,\u007f>", "0161c8e282acff3e",
    "AWHI4oKs/z4=", "AWHI4oKs_z4", "\u6101\ue2c8\uac82\u3eff",
  ]);
  deepEqual([Buffer.byteLength(text), Buffer.byteLength("abc=", "base64"), Buffer.byteLength("abc", "hex")], [13, 2, 1]);
  equal(thrownBy(() => Buffer.from("a", "bad")).message, "Unknown encoding: bad");
});

test("a text is written in whole characters", () => {
  const buffer = Buffer.alloc(5);
  deepEqual([buffer.write("\u20ac\u20ac"), hex(buffer)], [3, "e282ac0000"]);
  deepEqual([buffer.write("abc", 1, 1), buffer.write("ff", 3, "hex"), hex(buffer)], [1, 1, "e261acff00"]);
  deepEqual([Buffer.alloc(3).write("abcd", "utf16le"), Buffer.alloc(0).write("a")], [2, 0]);
});

test("what a buffer is made from", () => {
  const memory = new ArrayBuffer(8);
  const shared = Buffer.from(memory, 2, 3);
  shared[0] = 7;
  equal(new Uint8Array(memory)[2], 7);
  deepEqual([[1, 300, -1, "7"], new Uint16Array([1, 256]), { length: 2, 0: 5 }, { type: "Buffer", data: [1] }, Object("x")].map(hex), [
    "012cff07", "0100", "0500", "01", "78",
  ]);
  for (const value of [5, null, undefined, true, {}, Symbol("s"), () => {}]) {
    equal(thrownBy(() => Buffer.from(value)).code, "ERR_INVALID_ARG_TYPE");
  }
  equal(thrownBy(() => Buffer.from(memory, 9)).code, "ERR_BUFFER_OUT_OF_BOUNDS");
  equal(thrownBy(() => Buffer.alloc(-1)).code, "ERR_OUT_OF_RANGE");
  equal(hex(Buffer.concat([Buffer.from("ab"), Buffer.from("cd")], 5)), "6162636400");
  ok(Buffer.from("a") instanceof Uint8Array && Buffer.isBuffer(Buffer.of(1)), "a Buffer is a Uint8Array");
});

test("slices are of the same memory, copies are not", () => {
  const buffer = Buffer.from("hello world");
  buffer.subarray(-5).fill("-", 1, 3);
  equal(`${buffer}`, "hello w--ld");
  const copy = Buffer.alloc(4);
  deepEqual([buffer.copy(copy, 1, 0, 2), `${copy}`], [2, "\0he\0"]);
  equal(Buffer.from(buffer).equals(buffer), true);
  deepEqual([buffer.indexOf("l"), buffer.lastIndexOf("l"), buffer.indexOf("lo", -9), buffer.includes(Buffer.from("x"))], [2, 9, 3, false]);
  deepEqual([hex(Buffer.alloc(5).fill("abc")), hex(Buffer.alloc(3, "6162", "hex"))], ["6162636162", "616261"]);
  deepEqual([Buffer.compare(Buffer.from("a"), Buffer.from("b")), Buffer.from("abcd").swap16().toString()], [-1, "badc"]);
  deepEqual(JSON.parse(JSON.stringify(Buffer.from("hi"))), { type: "Buffer", data: [104, 105] });
  equal(inspect(Buffer.from("hello")), "<Buffer 68 65 6c 6c 6f>");
});

test("numbers of every size, within their range", () => {
  const buffer = Buffer.alloc(16);
  const values = [
    ["UInt8", 255], ["Int8", -128], ["UInt16LE", 65534], ["Int16BE", -32768], ["UInt32BE", 4294967295], ["Int32LE", -2147483648],
    ["FloatBE", 1.5], ["DoubleLE", -0.1], ["BigInt64BE", -(2n ** 63n)], ["BigUInt64LE", 2n ** 64n - 1n],
  ];
  for (const [name, value] of values) {
    buffer[`write${name}`](value, 3);
    equal(buffer[`read${name}`](3), value, name);
  }
  equal(buffer.writeIntBE(-(2 ** 47), 1, 6), 7);
  deepEqual([buffer.readIntBE(1, 6), buffer.readUIntLE(1, 3)], [-(2 ** 47), 128]);
  buffer.writeFloatBE(NaN, 0);
  equal(hex(buffer.subarray(0, 4)), "7fc00000");
  const range = thrownBy(() => buffer.writeUInt8(256));
  deepEqual([range.code, range.message], [
    "ERR_OUT_OF_RANGE", 'The value of "value" is out of range. It must be >= 0 and <= 255. Received 256',
  ]);
  equal(thrownBy(() => buffer.readUInt32LE(13)).message, 'The value of "offset" is out of range. It must be >= 0 and <= 12. Received 13');
  equal(thrownBy(() => Buffer.alloc(1).readUInt32LE()).code, "ERR_BUFFER_OUT_OF_BOUNDS");
});

test("bytes that are text", () => {
  deepEqual([isUtf8(Buffer.from("\u00e9")), isUtf8(Buffer.from([255])), isAscii(Buffer.from("\u00e9"))], [true, false, false]);
  equal(hex(transcode(Buffer.from("\u20ac"), "utf8", "ucs2")), "ac20");
});

test("a decoder's pieces are whole characters, wherever the bytes are cut", () => {
  const text = "a\u20ac\u{1f600}\u00fc!";
  for (const encoding of ["utf8", "utf16le", "latin1", "hex", "base64", "base64url"]) {
    const bytes = Buffer.from(text, encoding === "latin1" || encoding === "hex" ? "utf8" : encoding.startsWith("utf") ? encoding : "utf8");
    for (let size = 1; size < 6; size++) {
      const decoder = new StringDecoder(encoding);
      let whole = "";
      for (let at = 0; at < bytes.length; at += size) {
        const piece = decoder.write(bytes.subarray(at, at + size));
        ok(encoding !== "utf8" || !piece.includes("\ufffd"), `${encoding} ${size}: ${piece}`);
        whole += piece;
      }
      equal(whole + decoder.end(), bytes.toString(encoding), `${encoding} ${size}`);
    }
  }
  const cut = new StringDecoder();
  deepEqual([cut.write(Buffer.from([0xe2, 0x82])), cut.lastNeed, cut.end(), cut.end()], ["", 1, "\ufffd", ""]);
});

await done();
