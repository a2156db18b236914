// IdentityTransformStream, FixedLengthStream and crypto.DigestStream, which Workers have beside the standard's streams.

import { done, equal, rejectsWith, test, thrownBy } from "./harness.js";

const throws = (body, type, what) => equal(thrownBy(body) instanceof type, true, what);

const bytes = (text) => new TextEncoder().encode(text);

async function through(stream, chunks) {
  const writer = stream.writable.getWriter();
  const written = (async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  })();
  const [text] = await Promise.allSettled([new Response(stream.readable).text(), written]);
  if (text.status === "rejected") throw text.reason;
  return text.value;
}

test("bytes go through as they come", async () => {
  const stream = new IdentityTransformStream();
  equal(stream instanceof TransformStream, true);
  equal(await through(stream, [bytes("a"), bytes("").buffer, bytes("bc").buffer, new DataView(bytes("xde").buffer, 1)]), "abcde");
  await rejectsWith(through(new IdentityTransformStream(), ["text"]), TypeError);
  await rejectsWith(through(new IdentityTransformStream(), [{}]), TypeError);
});

test("so many bytes, no more and no fewer", async () => {
  equal(await through(new FixedLengthStream(5), [bytes("ab"), bytes("cde")]), "abcde");
  equal(await through(new FixedLengthStream(0n), []), "");
  equal(new FixedLengthStream(1) instanceof IdentityTransformStream, true);
  await rejectsWith(through(new FixedLengthStream(4), [bytes("ab"), bytes("cde")]), TypeError);
  await rejectsWith(through(new FixedLengthStream(6n), [bytes("abcde")]), TypeError);
  for (const length of [-1, 1.5e300, NaN, "x"]) throws(() => new FixedLengthStream(length), TypeError);
  throws(() => new FixedLengthStream(), TypeError);
});

const hex = (buffer) => new Uint8Array(buffer).toHex();

test("a digest of what is written", async () => {
  for (const algorithm of ["SHA-1", "SHA-256", { name: "sha-384" }, "SHA-512"]) {
    const stream = new crypto.DigestStream(algorithm);
    const writer = stream.getWriter();
    const large = new Uint8Array(200_000).fill(7);
    for (const chunk of ["ü", bytes("ab"), large, large.buffer]) await writer.write(chunk);
    await writer.close();
    const whole = new Uint8Array([...bytes("üab"), ...large, ...large]);
    equal(hex(await stream.digest), hex(await crypto.subtle.digest(algorithm, whole)));
    equal(stream.bytesWritten, BigInt(whole.length));
  }
  const piped = new crypto.DigestStream("SHA-256");
  await new Response("abc").body.pipeTo(piped);
  equal(hex(await piped.digest), hex(await crypto.subtle.digest("SHA-256", bytes("abc"))));
});

test("at least so many elements", async () => {
  const source = () => new ReadableStream({
    type: "bytes",
    start(controller) {
      for (const part of ["ab", "c", "de"]) controller.enqueue(bytes(part));
      controller.close();
    },
  });
  const reader = source().getReader({ mode: "byob" });
  const first = await reader.readAtLeast(3, new Uint8Array(4));
  equal(new TextDecoder().decode(first.value), "abcd");
  const last = await reader.readAtLeast(3, new Uint8Array(4));
  equal(`${new TextDecoder().decode(last.value)} ${last.done}`, "e false");
  equal((await reader.readAtLeast(1, new Uint8Array(4))).done, true);
  const other = source().getReader({ mode: "byob" });
  await rejectsWith(other.readAtLeast(0, new Uint8Array(4)), TypeError);
  await rejectsWith(other.readAtLeast(5, new Uint8Array(4)), RangeError);
  await rejectsWith(other.readAtLeast(1), TypeError);
  await rejectsWith(other.readAtLeast.call({}, 1, new Uint8Array(4)), TypeError);
  other.releaseLock();
  await rejectsWith(other.readAtLeast(1, new Uint8Array(4)), TypeError);
});

test("a digest that there will not be", async () => {
  throws(() => new crypto.DigestStream(), TypeError);
  throws(() => new crypto.DigestStream("MD5"), DOMException);
  throws(() => crypto.DigestStream("SHA-1"), TypeError);
  const reason = new Error("no more");
  const aborted = new crypto.DigestStream("SHA-1");
  await aborted.abort(reason);
  equal(await aborted.digest.catch((error) => error), reason);
  const wrong = new crypto.DigestStream("SHA-1");
  const writer = wrong.getWriter();
  await rejectsWith(writer.write(5), TypeError);
  await rejectsWith(wrong.digest, TypeError);
  await rejectsWith(writer.closed, TypeError);
});

test("digests that are forgotten are no leak", () => {
  for (let i = 0; i < 20_000; i++) new crypto.DigestStream("SHA-512");
});

await done();
