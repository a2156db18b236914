// HTMLRewriter: how documents go through it, in what pieces, and how they end.

import { deepEqual, done, equal, ok, reasonOf, rejectsWith, test } from "./harness.js";

const encode = (text) => new TextEncoder().encode(text);
const pause = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms));

/** A stream of a text, cut into pieces of so many bytes. */
function cut(text, step) {
  const bytes = typeof text === "string" ? encode(text) : text;
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(at, at + step));
      at += step;
    },
  });
}

test("wherever it is cut", async () => {
  const html = '<!doctype html><div title="a \u00e9 &amp; b"><p>text \u3042 \u{1f600}</p><!-- a comment --><br/><script>a < b</script></div>';
  const rewriter = new HTMLRewriter().on("*", { element: (e) => e.setAttribute("n", e.tagName).append("\u00fc"), comments: (c) => (c.text = "C"), text(t) { if (t.lastInTextNode) t.before("!"); } });
  const whole = await rewriter.transform(new Response(html)).text();
  ok(whole.includes("<!--C-->"), whole);
  for (const step of [1, 2, 3, 5, 7, 11, 64]) equal(await rewriter.transform(new Response(cut(html, step))).text(), whole, `pieces of ${step}`);
});

test("encodings", async () => {
  const latin = new Uint8Array([60, 112, 62, 0xe9, 60, 47, 112, 62]);
  const out = async (charset) => {
    let seen = "";
    const response = new HTMLRewriter().on("p", { element: (e) => e.append("\u00e9\u3042"), text: (t) => { seen += t.text; } })
      .transform(new Response(latin, { headers: { "content-type": `text/html; charset=${charset}` } }));
    const bytes = await response.bytes();
    return [seen, String.fromCharCode(...bytes)];
  };
  deepEqual(await out("windows-1252"), ["\u00e9", "<p>\xe9\xe9&#12354;</p>"]);
  deepEqual(await out('"ISO-8859-1"'), ["\u00e9", "<p>\xe9\xe9&#12354;</p>"]);
  deepEqual(await out("utf-8"), ["\ufffd", "<p>\xef\xbf\xbd\xc3\xa9\xe3\x81\x82</p>"]);
  for (const [charset, message] of [["bogus", "Unknown character encoding has been provided."], ["utf-16", "Expected ASCII-compatible encoding."]]) {
    const response = new Response("x", { headers: { "content-type": `text/html; charset=${charset}` } });
    const error = await reasonOf((async () => new HTMLRewriter().transform(response))());
    deepEqual([error instanceof TypeError, error.message, response.bodyUsed], [true, `Parser error: ${message}`, false]);
  }
});

test("contents that are streams and responses", async () => {
  const out = (element, html = "<p>x</p>") => new HTMLRewriter().on("p", { element }).transform(new Response(html)).text();
  equal(await out((e) => e.before(new Response("<1>")).after(cut("<2>", 1), { html: true }).prepend(new Response(cut("<3>\u00fc", 1))).append(new Response("4").body)), "&lt;1&gt;<p>&lt;3&gt;\u00fcx4</p><2>");
  equal(await out((e) => e.setInnerContent(new Response("i"))), "<p>i</p>");
  equal(await out((e) => e.replace(new Response("r"))), "r");
  equal(await out((e) => e.append(new Response(null))), "<p>x</p>");
  equal(await out((e) => e.append(new ReadableStream({ start(c) { c.enqueue("text\u00fc"); c.enqueue(encode("b").buffer); c.close(); } }))), "<p>xtext\u00fcb</p>");
  equal(await out((e) => e.onEndTag((tag) => tag.before(new Response("R")).after(new Response("A")))), "<p>xR</p>A");
  equal(await new HTMLRewriter().on("p", { text(t) { if (!t.lastInTextNode) t.replace(new Response("<R>")).before(new Response("<B>"), { html: true }); } }).transform(new Response("<p>x</p>")).text(), "<p><B>&lt;R&gt;</p>");
  // What slow content there is comes in its place, and nothing that is dropped is read.
  const unused = new Response("unused");
  equal(await out(async (e) => {
    e.append(unused).setInnerContent(new ReadableStream({ async pull(c) { await pause(); c.enqueue(encode("slow")); c.close(); } }));
  }), "<p>slow</p>");
  equal(unused.bodyUsed, false);
  const large = "<&>".repeat(200_000);
  equal(await out((e) => e.append(new Response(large)).append(large)), `<p>x${"&lt;&amp;&gt;".repeat(400_000)}</p>`);
  const once = new Response("x");
  await rejectsWith(out((e) => e.append(once).append(once)), TypeError);
  await rejectsWith(out((e) => e.append(new ReadableStream({ start: (c) => c.error(new RangeError("broken")) }))), RangeError, "broken");
  await rejectsWith(out((e) => e.append(new ReadableStream({ start: (c) => c.enqueue({}) }))), TypeError);
  await rejectsWith(out((e) => e.append(new Response(new Uint8Array([0x61, 0xe2, 0x28])))), TypeError, "Parser error: Invalid UTF-8");
  for (const on of [(r) => r.onDocument({ comments: (c) => c.replace(new Response("x")) }), (r) => r.onDocument({ end: (e) => e.append(new Response("x")) })]) {
    await rejectsWith(on(new HTMLRewriter()).transform(new Response("<!--c-->")).text(), TypeError, "Replacing content in HTML comments using a ReadableStream or Response object is not implemented. You must provide a string.");
  }
});

test("asynchronous handlers", async () => {
  const order = [];
  const out = await new HTMLRewriter()
    .onDocument({ async doctype() { await pause(); order.push("doctype"); }, async end(e) { await pause(); order.push("end"); e.append("E"); } })
    .on("p", {
      async element(e) { await pause(2); order.push("element"); e.prepend("1"); e.onEndTag(async (tag) => { await pause(); order.push("end tag"); tag.before("2"); }); },
      async text(t) { await pause(); if (t.text !== "") order.push(t.text); },
      comments: (c) => ({ then(resolve) { order.push(c.text); setTimeout(resolve, 1); } }),
    })
    .transform(new Response("<!doctype html><p>x<!--c--></p>")).text();
  equal(out, "<!doctype html><p>1x<!--c-->2</p>E");
  deepEqual(order, ["doctype", "element", "x", "c", "end tag", "end"]);
});

test("handlers run when the body is read, as far as it is", async () => {
  let count = 0, pulled = 0;
  const source = new ReadableStream({ pull(c) { pulled++; c.enqueue(encode(`<p>${"x".repeat(60_000)}</p>`)); } }, { highWaterMark: 0 });
  const response = new HTMLRewriter().on("p", { element() { count++; } }).transform(new Response(source));
  await pause(5);
  deepEqual([count, pulled], [0, 0]);
  const reader = response.body.getReader();
  await reader.read();
  await pause(5);
  ok(count >= 1 && count <= 3 && pulled <= 3, `${count} handlers, ${pulled} chunks`);
  let reason;
  const cancelled = new HTMLRewriter().on("p", { element: () => new Promise(() => {}) })
    .transform(new Response(new ReadableStream({ pull: (c) => c.enqueue(encode("a<p>b</p>")), cancel: (why) => { reason = why; } })));
  const stopped = cancelled.body.getReader();
  // What came before a handler that waits is there.
  equal(new TextDecoder().decode((await stopped.read()).value), "a");
  const waiting = stopped.read();
  await stopped.cancel("enough");
  equal((await waiting).done, true);
  equal(reason, "enough");
});

test("handlers and documents that fail", async () => {
  let reason;
  const endless = () => new ReadableStream({ pull: (c) => c.enqueue(encode("<p>x</p>")), cancel: (why) => { reason = why; } });
  const error = new RangeError("boom");
  for (const element of [() => { throw error; }, async () => { throw error; }, async () => { await pause(); throw error; }, (e) => e.onEndTag(() => { throw error; }), (e) => e.onEndTag(() => Promise.reject(error))]) {
    reason = undefined;
    const response = new HTMLRewriter().on("p", { element }).transform(new Response(endless()));
    equal(await reasonOf(response.text()), error);
    equal(reason, error);
  }
  let n = 0;
  const broken = new ReadableStream({ pull(c) { if (n++ === 0) c.enqueue(encode("<p>")); else c.error(error); } });
  equal(await reasonOf(new HTMLRewriter().transform(new Response(broken)).text()), error);
  await rejectsWith(new HTMLRewriter().on("*", {}).transform(new Response("<select><div><style></select></style><p>x")).text(), TypeError);
  await rejectsWith(new HTMLRewriter().on("*", {}).transform(new Response("<p>".repeat(60_000))).text(), TypeError, "Parser error: The memory limit has been exceeded.");
  // What a handler caught does no harm.
  equal(await new HTMLRewriter().on("p", { element(e) { try { e.tagName = ""; } catch { e.tagName = "ok"; } } }).transform(new Response("<p></p>")).text(), "<ok></ok>");
});

test("many at once, one in another, clones", async () => {
  const upper = () => new HTMLRewriter().on("p", { async element(e) { await pause(); e.append(e.getAttribute("n")); } });
  const all = await Promise.all(Array.from({ length: 50 }, (_, n) => upper().transform(new Response(`<p n=${n}></p>`)).text()));
  deepEqual(all, Array.from({ length: 50 }, (_, n) => `<p n=${n}>${n}</p>`));
  const nested = await new HTMLRewriter().on("p", { element: (e) => e.append(upper().transform(new Response("<p n=in></p>")), { html: true }) }).transform(new Response("<p></p>")).text();
  equal(nested, "<p><p n=in>in</p></p>");
  const response = upper().transform(new Response("<p n=c></p>"));
  const clone = response.clone();
  deepEqual([await response.text(), await clone.text()], ["<p n=c>c</p>", "<p n=c>c</p>"]);
  // A handler that reads its own response.
  const own = new HTMLRewriter().on("p", { element(e) { e.append(String(own.bodyUsed)); } }).transform(new Response("<p></p>"));
  equal(await own.text(), "<p>true</p>");
});

test("long tokens and long texts", async () => {
  const long = "x".repeat(1 << 20);
  for (const step of [997, 1 << 16]) {
    let length = 0;
    await new HTMLRewriter().on("p", { element: (e) => { length = e.getAttribute("a").length; } }).transform(new Response(cut(`<p a="${long}">`, step))).text();
    equal(length, long.length);
  }
  let text = 0;
  const out = await new HTMLRewriter().on("p", { text: (t) => { text += t.text.length; } }).transform(new Response(`<p>${long}</p>`)).text();
  deepEqual([text, out.length], [long.length, long.length + 7]);
});

await done();
