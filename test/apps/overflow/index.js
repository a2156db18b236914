// Fills one stream on purpose, as the query says.
//   /write?bytes=N&chunks=K   K un-awaited writes of N-byte ASCII strings to a sink that never finishes
//   /bytes?bytes=N&chunks=K   the same with Uint8Arrays
//   /ok                       one small write that succeeds
//   /sink /abort /controller  a stream errored by its sink, by abort(), by controller.error()

function fill(make, chunks) {
  const stream = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 1e9 });
  const writer = stream.getWriter();
  writer.closed.catch(() => {});
  writer.ready.catch(() => {});
  const writes = [];
  for (let i = 0; i < chunks; i++) writes.push(writer.write(make()));
  return writes;
}

// How many writes were taken before the first that was refused, and how it was refused. The refusal is at once, so one turn of
// the event loop is enough to see it.
async function outcome(writes) {
  let refused = null;
  let accepted = 0;
  for (const write of writes) write.then(() => {}, () => {});
  for (const write of writes) {
    const settled = await Promise.race([
      write.then(() => "written", (error) => error),
      new Promise((resolve) => setTimeout(resolve, 0, "pending")),
    ]);
    if (settled instanceof Error) {
      refused ??= settled.message;
    } else {
      accepted++;
    }
  }
  return { accepted, refused };
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const bytes = Number(url.searchParams.get("bytes") ?? 0);
    const chunks = Number(url.searchParams.get("chunks") ?? 1);
    switch (url.pathname) {
      case "/write":
        return Response.json(await outcome(fill(() => "x".repeat(bytes), chunks)));
      case "/bytes":
        return Response.json(await outcome(fill(() => new Uint8Array(bytes), chunks)));
      case "/ok": {
        const writer = new WritableStream().getWriter();
        await writer.write("small");
        await writer.close();
        return new Response("ok");
      }
      case "/sink": {
        const writer = new WritableStream({ write() { throw new Error("sink"); } }).getWriter();
        writer.closed.catch(() => {});
        await writer.write("x").catch(() => {});
        return new Response("ok");
      }
      case "/abort": {
        await new WritableStream().abort("enough");
        return new Response("ok");
      }
      case "/controller": {
        let controller;
        const stream = new WritableStream({ start(given) { controller = given; } });
        controller.error(new Error("controller"));
        await stream.getWriter().closed.catch(() => {});
        return new Response("ok");
      }
      default:
        return new Response("no such path", { status: 404 });
    }
  },
};
