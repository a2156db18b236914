// The app of these tests.

const encoder = new TextEncoder();
const piece = new Uint8Array(65536).fill(120);
let pulls = 0;
let writes = 0;
let cancelled = null;
let aborted = null;
let release;
const released = new Promise((resolve) => { release = resolve; });

// Streams that are opened, half written or half read, and forgotten.
const abandoned = [
  () => { new WritableStream({ write: () => new Promise(() => {}) }).getWriter().write("x".repeat(60)).catch(() => {}); },
  () => { new WritableStream({ start: () => new Promise(() => {}) }).getWriter().write(new Uint8Array(60)).catch(() => {}); },
  () => { new ReadableStream({ start: (controller) => controller.enqueue("x".repeat(60)) }); },
  () => { new ReadableStream({ type: "bytes", start: (controller) => controller.enqueue(new Uint8Array(60)) }); },
  () => { new TransformStream().writable.getWriter().write({}).catch(() => {}); },
  () => {
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(60)) });
    new Response(body).clone().body.getReader().read().catch(() => {});
  },
];

function endless() {
  return new ReadableStream({
    pull(controller) {
      pulls++;
      controller.enqueue(piece.slice());
    },
    cancel(reason) {
      cancelled = `${reason instanceof DOMException} ${reason.name}`;
    },
  }, { highWaterMark: 0 });
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/state":
        return Response.json({ pulls, writes, cancelled, aborted });
      case "/release":
        release();
        return new Response("released");
      case "/gated":
        return new Response(new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode("first"));
            await released;
            controller.enqueue(encoder.encode("last"));
            controller.close();
          },
        }));
      case "/endless":
        request.signal.addEventListener("abort", () => { aborted = request.signal.reason.name; });
        return new Response(endless());
      case "/idle":
        return new Response(new ReadableStream({
          start: (controller) => controller.enqueue(encoder.encode("first")),
          cancel(reason) { cancelled = `${reason instanceof DOMException} ${reason.name}`; },
        }));
      case "/written": {
        const { readable, writable } = new TransformStream();
        (async () => {
          const writer = writable.getWriter();
          for (;;) {
            await writer.ready;
            writes++;
            writer.write(piece.slice()).catch(() => {});
          }
        })().catch((reason) => { cancelled = `${reason instanceof DOMException} ${reason.name}`; });
        return new Response(readable);
      }
      case "/fails":
        return new Response(new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode("first"));
            await released;
            controller.error(new Error("broken on purpose"));
          },
        }));
      case "/wrong":
        return new Response(new ReadableStream({
          async start(controller) {
            controller.enqueue(encoder.encode("first"));
            await released;
            controller.enqueue("text");
          },
          cancel(reason) { cancelled = reason.name; },
        }));
      case "/large-chunk": {
        const chunk = new Uint8Array(3 << 20);
        for (let i = 0; i < chunk.length; i++) chunk[i] = i % 251;
        return new Response(new ReadableStream({
          pull(controller) {
            controller.enqueue(chunk);
            controller.close();
            queueMicrotask(() => chunk.fill(0));
          },
        }, { highWaterMark: 0 }));
      }
      case "/echo":
        return new Response(request.body.pipeThrough(new TransformStream()));
      case "/pass":
        request.signal.addEventListener("abort", () => { aborted = `pass ${request.signal.reason.name}`; });
        return new Response(request.body);
      case "/derived":
        return new Response(new Response(request.body, { headers: { a: "b" } }).body);
      case "/whole":
        return new Response(new Response("whole").body, { headers: { a: "b" } });
      case "/never":
        await new Promise(() => {});
        break;
      case "/never-but-looked":
        request.body;
        await new Promise(() => {});
        break;
      case "/text":
        try {
          return Response.json({ length: (await request.text()).length });
        } catch (error) {
          return Response.json({ name: error.name, message: error.message });
        }
      case "/count": {
        let length = 0;
        for await (const chunk of request.body) length += chunk.length;
        return Response.json({ length });
      }
      case "/cancel":
        await request.body.cancel("unwanted");
        await released;
        return new Response("cancelled");
      case "/cancel-later": {
        const reader = request.body.getReader();
        await reader.read();
        const waiting = reader.read();
        await reader.cancel("unwanted");
        await waiting;
        await released;
        return new Response("cancelled");
      }
      case "/abandon":
        for (let i = 0; i < 10_000; i++) abandoned[i % abandoned.length]();
        return new Response("abandoned");
      case "/litter": {
        // What makes V8 collect: it cannot be asked to.
        let litter = [];
        for (let i = 0; i < 400; i++) litter.push(new Array(10_000).fill(i));
        const { length } = litter;
        litter = [];
        return new Response(String(length));
      }
      case "/clone-unread": {
        const clone = request.clone();
        const { length } = await request.bytes().catch((error) => ({ length: error.message }));
        return Response.json({ length, clone: await clone.text().then((text) => text.length, (error) => error.message) });
      }
    }
    return new Response("?", { status: 404 });
  },
};
