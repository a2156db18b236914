#!/usr/bin/env python3
"""Prints golden.js: data compressed by Python's zlib, at several levels and strategies, gzip headers of every kind, and
brotli by Node's zlib.

    test/compression/make_golden.py > test/compression/golden.js
"""

import base64
import json
import struct
import subprocess
import zlib


def noise(length):
    state, data = 1, bytearray()
    for _ in range(length):
        state = (state * 1103515245 + 12345) % 2**31
        data.append(state >> 16 & 255)
    return bytes(data)


DATA = {
    "empty": b"",
    "one": b"x",
    "text": b"It was the best of times, it was the worst of times. " * 40,
    "zeros": bytes(200_000),
    "noise": noise(3_000),
}


def deflate(data, window_bits, level=6, strategy=zlib.Z_DEFAULT_STRATEGY):
    coder = zlib.compressobj(level, zlib.DEFLATED, window_bits, 8, strategy)
    return coder.compress(data) + coder.flush()


def gzip(data, flags, header):
    """A member with the fields that `flags` names, in `header`, and the header's checksum where they ask for one."""
    head = b"\x1f\x8b\x08" + bytes([flags]) + struct.pack("<I", 1234567890) + b"\x02\x07" + header
    if flags & 2:
        head += struct.pack("<H", zlib.crc32(head) & 0xffff)
    return head + deflate(data, -15) + struct.pack("<II", zlib.crc32(data), len(data))


def brotli(data, quality, window_bits):
    parameters = f"[c.BROTLI_PARAM_QUALITY]: {quality}, [c.BROTLI_PARAM_LGWIN]: {window_bits}"
    script = f"""const {{ brotliCompressSync, constants: c }} = require("zlib");
        process.stdout.write(brotliCompressSync(require("fs").readFileSync(0), {{ params: {{ {parameters} }} }}));"""
    return subprocess.run(["node", "-e", script], input=data, capture_output=True, check=True).stdout


def cases():
    for name, data in DATA.items():
        for quality, window_bits in (11, 22), (0, 10), (5, 24):
            yield "brotli", f"quality {quality}, window 2^{window_bits}", name, brotli(data, quality, window_bits)
    for name, data in DATA.items():
        for format, window_bits in ("deflate", 15), ("deflate-raw", -15), ("gzip", 31):
            yield format, "level 6", name, deflate(data, window_bits)
    text = DATA["text"]
    for format, window_bits in ("deflate", 15), ("deflate-raw", -15), ("gzip", 31):
        for level in 0, 1, 9:
            yield format, f"level {level}", "text", deflate(text, window_bits, level)
        yield format, "Huffman codes only", "text", deflate(text, window_bits, 6, zlib.Z_HUFFMAN_ONLY)
        yield format, "fixed codes", "text", deflate(text, window_bits, 6, zlib.Z_FIXED)
    yield "deflate", "a window of 512 bytes", "text", deflate(text, 9)
    extra = struct.pack("<H", 6) + b"AB\x02\x00ok"
    for flags, header, what in [
        (1, b"", "marked as text"),
        (2, b"", "a checksum of the header"),
        (4, extra, "an extra field"),
        (8, b"name.txt\0", "a name"),
        (16, b"a comment\0", "a comment"),
        (31, extra + b"name.txt\0" + b"a comment\0", "a header with everything"),
    ]:
        yield "gzip", what, "text", gzip(text, flags, header)


print("// Made by make_golden.py: format, how it was compressed, of what data (see data.js), and the bytes in base64.")
print("export const golden = [")
for format, how, name, packed in cases():
    print("  " + json.dumps([format, how, name, base64.b64encode(packed).decode()]) + ",")
print("];")
