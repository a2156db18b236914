// Fetches what the test says.

const until = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function describe(response, read = true) {
  const { status, statusText, url, redirected, type, ok } = response;
  const description = { status, statusText, url, redirected, type, ok, headers: Object.fromEntries(response.headers) };
  if (read) description.text = await response.text();
  return description;
}

const routes = {
  /** `fetch(spec.url, spec.init)`, and what came of it. */
  async "/fetch"({ spec }) {
    const { url, init, form, bytes, stream } = JSON.parse(spec);
    if (form) init.body = Object.entries(form).reduce((all, [name, value]) => (all.append(name, value), all), new FormData());
    if (bytes) init.body = new Uint8Array(bytes);
    if (stream) {
      init.duplex = "half";
      init.body = new ReadableStream({
        async start(controller) {
          for (const piece of stream) {
            await until(1);
            controller.enqueue(new TextEncoder().encode(piece));
          }
          controller.close();
        },
      });
    }
    return Response.json(await describe(await fetch(url, init)));
  },
  "/pass": ({ u }) => fetch(u),
  async "/pass-new"({ u }) {
    const response = await fetch(u);
    return new Response(response.body, response);
  },
  /** What came in, handed on. */
  "/proxy": ({ u }, request) => fetch(u, request),
  "/proxy-new": ({ u }, request) => fetch(new Request(new Request(u, request))),
  /** One response's body as another request's. */
  async "/relay"({ u }) {
    const { body } = await fetch(u);
    return fetch(u, { method: "POST", body, duplex: "half" });
  },
  async "/copy"({ u }) {
    const response = await fetch(u);
    return new Response(response.body.pipeThrough(new TransformStream()), response);
  },
  "/upload": ({ u }, request) => fetch(u, { method: "POST", body: request.body, duplex: "half" }),
  /** A body that nobody reads, or that is cancelled. */
  async "/head"({ u, then }) {
    const controller = new AbortController();
    const response = await fetch(u, { signal: controller.signal });
    if (then === "cancel") await response.body.cancel();
    if (then === "abort") {
      const reader = response.body.getReader();
      await reader.read();
      const rest = reader.read();
      controller.abort(new Error("enough"));
      return Response.json({ error: String(await rest.catch((error) => error)), closed: String(await reader.closed.catch((e) => e)) });
    }
    return Response.json(await describe(response, false));
  },
  async "/abort"({ u, after }) {
    return Response.json(await describe(await fetch(u, { signal: AbortSignal.timeout(Number(after)) })));
  },
  async "/many"({ u, n }) {
    const all = await Promise.allSettled(Array.from({ length: Number(n) }, async () => (await fetch(u)).text()));
    const failed = all.filter(({ status }) => status === "rejected");
    return Response.json({ served: all.length - failed.length, failed: failed.length, first: String(failed[0]?.reason) });
  },
  async "/dropped"({ u, n }) {
    for (let i = 0; i < Number(n); i++) await fetch(u);
    return Response.json({ done: Number(n) });
  },
  async "/later"({ u }, _, context) {
    context.waitUntil(until(300).then(() => fetch(u)).then((response) => response.text()).then(console.log));
    return new Response("soon");
  },
};

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    try {
      return await routes[url.pathname](Object.fromEntries(url.searchParams), request, context);
    } catch (error) {
      const { name, message, cause } = error;
      return Response.json({ error: message, name, code: cause?.code ?? null }, { status: 500 });
    }
  },
};
