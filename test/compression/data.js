// What the scripts here have in common: the data that make_golden.py knows by name, and whole streams in one call.

export function noise(length) {
  const data = new Uint8Array(length);
  let state = 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    data[i] = state >> 16;
  }
  return data;
}

export const encode = (text) => new TextEncoder().encode(text);

export const data = {
  empty: new Uint8Array(0),
  one: encode("x"),
  text: encode("It was the best of times, it was the worst of times. ".repeat(40)),
  zeros: new Uint8Array(200_000),
  noise: noise(3000),
};

export const FORMATS = ["brotli", "deflate", "deflate-raw", "gzip"];

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

export function join(chunks) {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/** All that comes out of `stream` when `chunks` are written to it; rejects when it fails, whichever side says so. */
export async function through(stream, ...chunks) {
  const writer = stream.writable.getWriter();
  const written = (async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  written.catch(() => {});
  const out = [];
  for await (const chunk of stream.readable) out.push(chunk);
  await written;
  return join(out);
}

export const compress = (format, ...chunks) => through(new CompressionStream(format), ...chunks);
export const decompress = (format, ...chunks) => through(new DecompressionStream(format), ...chunks);

export function same(a, b, what) {
  if (a.length !== b.length) throw new Error(`${what}: ${a.length} bytes, not ${b.length}`);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) throw new Error(`${what}: byte ${i} is ${a[i]}, not ${b[i]}`);
}
