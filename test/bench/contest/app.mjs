// What every contestant serves: a short text, bytes of a given number, an echo, a count of an upload, a long download. The same code everywhere; only
// node, which has no Request at its server, has its own in node.mjs.

const CHUNK = 65536;
const zeros = new Uint8Array(2 ** 20);

export async function respond(request) {
  const { pathname, searchParams } = new URL(request.url);
  switch (pathname) {
    case "/echo":
      return new Response(request.body);
    case "/bytes":
      return new Response(zeros.subarray(0, Number(searchParams.get("n"))));
    case "/upload": {
      let bytes = 0;
      for await (const chunk of request.body) bytes += chunk.byteLength;
      return new Response(String(bytes));
    }
    case "/download":
      return new Response(chunks(Number(searchParams.get("mib"))));
    default:
      return new Response("Hello, World!");
  }
}

function chunks(mib) {
  let left = (mib * 2 ** 20) / CHUNK;
  const chunk = new Uint8Array(CHUNK);
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
}
