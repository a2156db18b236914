// EventSource over streams: what bytes become which events, and what the object is. Connections are tested end to end
// (test/tests/event_source.rs).

import { deepEqual, done, equal, test, thrownBy } from "./harness.js";

const encoder = new TextEncoder();

/** A stream of these pieces, strings or bytes. */
const streamOf = (...pieces) => ReadableStream.from(pieces.map((piece) => (typeof piece === "string" ? encoder.encode(piece) : piece)));

/** Everything that an event source of this stream fires until it is closed: [type, data, id] of messages, else the type. */
function events(stream, ...types) {
  return new Promise((resolve) => {
    const source = EventSource.from(stream);
    const seen = [];
    for (const type of ["message", ...types]) {
      source.addEventListener(type, (event) => seen.push([event.type, event.data, event.lastEventId]));
    }
    source.addEventListener("open", () => seen.push("open"));
    source.addEventListener("error", () => {
      seen.push("error");
      equal(source.readyState, EventSource.CLOSED);
      resolve(seen);
    });
  });
}

const messages = async (...pieces) => (await events(streamOf(...pieces), "x")).filter((event) => typeof event !== "string").map(([, data]) => data);

test("a stream is announced, read to its end, and closed", async () => {
  deepEqual(await events(streamOf("data: a\n\ndata: b\n\n")), ["open", ["message", "a", ""], ["message", "b", ""], "error"]);
  deepEqual(await events(streamOf()), ["open", "error"]);
  deepEqual(await events(new ReadableStream({ start: (controller) => controller.error(new Error("broken")) })), ["open", "error"]);
  deepEqual(await events(ReadableStream.from(["data: text, and no bytes\n\n"])), ["open", "error"]);
});

// https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
test("the examples of the standard", async () => {
  deepEqual(await messages("data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
  deepEqual(
    await events(streamOf(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n")),
    ["open", ["message", "first event", "1"], ["message", "second event", ""], ["message", " third event", ""], "error"],
  );
  deepEqual(await messages("data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
  deepEqual(await messages("data:test\n\ndata: test\n\n"), ["test", "test"]);
});

test("fields", async () => {
  deepEqual(await events(streamOf("event: x\ndata: 1\n\ndata: 2\n\nevent: x\n\ndata: 3\n\n"), "x"), [
    "open", ["x", "1", ""], ["message", "2", ""], ["message", "3", ""], "error",
  ]);
  // The id stays; one with a NUL is none.
  deepEqual(await events(streamOf("id: 7\n\ndata: 1\n\nid: a\0b\ndata: 2\n\nid\ndata: 3\n\n")), [
    "open", ["message", "1", "7"], ["message", "2", "7"], ["message", "3", ""], "error",
  ]);
  deepEqual(await messages("Data: no\ndata : no\n data: no\nother: no\nretry: 1x\nretry\n:data: no\ndata:yes: it is\n\n"), ["yes: it is"]);
  deepEqual(await messages("data: a\0b\n\n"), ["a\0b"]);
  // What has no empty line behind it is no event.
  deepEqual(await messages("data: 1\n\ndata: 2\n"), ["1"]);
  deepEqual(await messages("\n\n\n:\n\nevent: y\n\n"), []);
});

test("lines end with LF, CR or CRLF, and the mark counts at the beginning alone", async () => {
  for (const end of ["\n", "\r", "\r\n"]) {
    deepEqual(await messages(`data: 1${end}data: 2${end}${end}data: 3${end}${end}`), ["1\n2", "3"], JSON.stringify(end));
  }
  deepEqual(await messages("data: 1\r\n\rdata: 2\n\r\ndata: 3\r\r"), ["1", "2", "3"]);
  deepEqual(await messages("\ufeffdata: 1\n\n\ufeffdata: 2\n\n"), ["1"]);
  deepEqual(await messages("\ufeff\ufeffdata: 1\n\ndata: 2\n\n"), ["2"]);
  // Not decoded as part of a mark: the first two of its bytes.
  deepEqual(await messages(new Uint8Array([0xef, 0xbb]), "\ndata: 1\n\n"), ["1"]);
  deepEqual(await messages("\u2028data: 1\n\ndata: a\u2028b\u0085\v\fc\n\n"), ["a\u2028b\u0085\v\fc"]);
});

test("UTF-8, also where it is none", async () => {
  deepEqual(await messages("data: \u00e9\u{1f600}\n\n"), ["\u00e9\u{1f600}"]);
  deepEqual(await messages("data: ", new Uint8Array([0xff, 0xf0, 0x9f]), "\n\n"), ["\ufffd\ufffd"]);
});

test("it does not matter how the stream is cut", async () => {
  const text = "\ufeffid: 1\r\nevent: x\rdata: \u00e9\u{1f600}\n\r\n: c\r\rretry: 5\ndata\ndata: b\r\n\r\n\ndata: last\n\n";
  const whole = await events(streamOf(text), "x");
  deepEqual(whole.length, 5);
  const bytes = encoder.encode(text);
  deepEqual(await events(streamOf(...[...bytes].map((byte) => new Uint8Array([byte]))), "x"), whole);
  for (let at = 0; at <= bytes.length; at++) {
    deepEqual(await events(streamOf(bytes.slice(0, at), new Uint8Array(0), bytes.slice(at)), "x"), whole, `cut at ${at}`);
  }
});

test("the object", async () => {
  const source = EventSource.from(streamOf("data: 1\n\n"));
  deepEqual([source.readyState, source.url, source.withCredentials, source instanceof EventTarget], [0, "", false, true]);
  deepEqual([EventSource.CONNECTING, EventSource.OPEN, EventSource.CLOSED, source.CLOSED], [0, 1, 2, 2]);
  const seen = [];
  source.onopen = () => seen.push(`open ${source.readyState}`);
  source.onmessage = (event) => {
    seen.push(event instanceof MessageEvent, event.isTrusted, event.origin);
    source.close();
    source.close();
  };
  source.onerror = () => seen.push("error");
  await new Promise((resolve) => setTimeout(resolve, 50));
  deepEqual([seen, source.readyState], [["open 1", true, true, ""], 2], "nothing comes after close()");
  equal(typeof source.onopen, "function");
  for (const [call, name] of [
    [() => new EventSource(), "TypeError"], [() => EventSource("http://a.example"), "TypeError"], [() => new EventSource("/relative"), "SyntaxError"],
    [() => EventSource.from(), "TypeError"], [() => EventSource.from({}), "TypeError"], [() => EventSource.prototype.close(), "TypeError"],
    [() => EventSource.prototype.readyState, "TypeError"],
  ]) equal(thrownBy(call).name, name, String(call));
  const locked = streamOf();
  locked.getReader();
  equal(thrownBy(() => EventSource.from(locked)).message, "This ReadableStream is locked.");
  const read = streamOf("x");
  const reader = read.getReader();
  await reader.read();
  reader.releaseLock();
  equal(thrownBy(() => EventSource.from(read)).message, "This ReadableStream has already been read from.");
});

test("close() cancels the stream, and a listener that throws stops nothing", async () => {
  let reason;
  const stream = new ReadableStream({ pull: (controller) => controller.enqueue(encoder.encode("data: 1\n\n")), cancel: (why) => { reason = why; } });
  const source = EventSource.from(stream);
  let count = 0;
  await new Promise((resolve) => {
    source.onmessage = () => {
      if (++count === 3) {
        source.close();
        resolve();
      }
      queueMicrotask(() => {});
    };
  });
  equal(count, 3);
  equal(reason?.name, "AbortError");
  equal(source[Symbol.dispose], EventSource.prototype.close);
});

await done();
