// Fills one stream on purpose, as the query says.
//   /write?bytes=N&chunks=K   K un-awaited writes of N-byte ASCII strings to a sink that never finishes
//   /bytes?bytes=N&chunks=K   the same with Uint8Arrays
//   /ok                       one small write that succeeds
//   /sink /abort /controller  a stream errored by its sink, by abort(), by controller.error()

// Writes until one is refused. A refused write errors the stream, and an errored stream has no desiredSize: so it is known at
// once how many were taken, whatever becomes of those that wait.
async function fill(make, chunks) {
  const stream = new WritableStream({ write: () => new Promise(() => {}) }, { highWaterMark: 1e9 });
  const writer = stream.getWriter();
  const ignore = () => {};
  writer.closed.catch(ignore);
  writer.ready.catch(ignore);
  for (let accepted = 0; accepted < chunks; accepted++) {
    const write = writer.write(make());
    if (writer.desiredSize === null) {
      return { accepted, refused: await write.catch((error) => error.message) };
    }
    write.catch(ignore);
  }
  return { accepted: chunks, refused: null };
}

export default {
  async fetch(request) {
    const url = new URL(request.url);
    const bytes = Number(url.searchParams.get("bytes") ?? 0);
    const chunks = Number(url.searchParams.get("chunks") ?? 1);
    switch (url.pathname) {
      case "/write":
        return Response.json(await fill(() => "x".repeat(bytes), chunks));
      case "/bytes":
        return Response.json(await fill(() => new Uint8Array(bytes), chunks));
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
