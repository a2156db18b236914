// Everything that can go right or wrong in a handler, one path each; the end-to-end tests call them.

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const paths = {
  "/hello": () => new Response("hello"),
  "/json": () => new Response(JSON.stringify({ a: 1 }), { headers: { "content-type": "application/json" } }),
  "/empty": () => new Response(null, { status: 204 }),
  "/bytes": () => new Response(new Uint8Array([0, 1, 254, 255])),
  "/status": (request, url) => new Response("as asked", { status: Number(url.searchParams.get("code")) }),
  "/headers": (request) => {
    const seen = {};
    request.headers.forEach((value, name) => (seen[name] = value));
    return new Response(JSON.stringify(seen));
  },
  "/method": (request) => new Response(request.method),
  "/url": (request) => new Response(request.url),
  "/echo": async (request) => new Response(await request.text()),
  "/length": async (request) => new Response(String((await request.arrayBuffer()).byteLength)),
  "/cookies": () => {
    const headers = new Headers();
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response("cookies", { headers });
  },
  "/slow": async (request, url) => {
    await sleep(Number(url.searchParams.get("ms")));
    return new Response("slow");
  },
  "/env": (request, url, env) => new Response(JSON.stringify(env)),
  "/log": (request, url) => {
    for (const level of ["debug", "info", "warn", "error"]) console[level](`${level} says ${url.searchParams.get("word")}`);
    return new Response("logged");
  },
  "/throw": () => {
    throw new Error("a secret reason at /etc/passwd");
  },
  "/throw-string": () => {
    throw "just a string";
  },
  "/reject": async () => {
    await sleep(1);
    throw new TypeError("rejected later");
  },
  "/undefined": () => undefined,
  "/not-a-response": () => ({ status: 200, body: "no" }),
  "/never": () => new Promise(() => {}),
  "/loop": () => {
    for (;;);
  },
  "/microtask-loop": () => {
    const again = () => queueMicrotask(again);
    again();
    return new Promise(() => {});
  },
  "/heap": () => {
    const kept = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length));
  },
  "/unhandled": () => {
    Promise.reject(new Error("nobody caught this"));
    return new Response("fine");
  },
  "/later": (request, url, env, ctx) => {
    ctx.waitUntil(sleep(50).then(() => console.log(`later: ${url.searchParams.get("word")}`)));
    return new Response("soon");
  },
  "/later-throws": (request, url, env, ctx) => {
    ctx.waitUntil(Promise.reject(new Error("too late")));
    return new Response("soon");
  },
  "/aborted": async (request) => {
    request.signal.addEventListener("abort", () => console.log("the client left"));
    console.log("waiting for the client to leave");
    await sleep(60_000);
    return new Response("nobody reads this");
  },
  "/flood": () => {
    for (let i = 0; i < 5_000; i++) console.log(`flood ${i}`);
    return new Response("flooded");
  },
};

export default {
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const handler = Object.hasOwn(paths, url.pathname) ? paths[url.pathname] : null;
    if (handler === null) return new Response("no such path", { status: 404 });
    return handler(request, url, env, ctx);
  },
};
