import { dispatch } from "../dispatch.js";
const text = async (r) => [r.status, Object.fromEntries([...r.headers].filter(([k]) => !["date", "connection", "transfer-encoding"].includes(k))), await r.text()];
const nodeServer = async (start, path, init) => {
  const { handleAsNodeRequest } = await import("cloudflare:node");
  const port = await start();
  return text(await handleAsNodeRequest(port, new Request("http://127.0.0.1:" + port + path, init)));
};
const routes = {
  async honojsx() {
    const { Hono } = await import("hono");
    const { jsx } = await import("hono/jsx");
    const { renderToReadableStream, Suspense } = await import("hono/jsx/streaming");
    const app = new Hono();
    const Late = async () => {
      await new Promise((r) => setTimeout(r, 20));
      return jsx("b", {}, "late");
    };
    app.get("/", (c) => {
      const s = renderToReadableStream(jsx("div", {}, jsx("i", {}, "early"), jsx(Suspense, { fallback: jsx("u", {}, "wait") }, jsx(Late, {}))));
      return c.body(s, { headers: { "content-type": "text/html", "transfer-encoding": "chunked" } });
    });
    return text(await app.request("/"));
  },
  async honossg() {
    const { Hono } = await import("hono");
    const { toSSG } = await import("hono/ssg");
    const files = {};
    const app = new Hono();
    app.get("/", (c) => c.html("<p>hi</p>"));
    app.get("/a.json", (c) => c.json({ a: 1 }));
    const r = await toSSG(
      app,
      {
        writeFile: async (p, d) => {
          files[p] = String(d);
        },
        mkdir: async () => {},
      },
      { dir: "./out" },
    );
    return [r.success, files];
  },
  async honossgfs() {
    const { Hono } = await import("hono");
    const { toSSG } = await import("hono/ssg");
    const fs = await import("node:fs/promises");
    const app = new Hono();
    app.get("/", (c) => c.html("<p>hi</p>"));
    const r = await toSSG(app, fs, { dir: "/tmp/out" });
    return [r.success, r.files, await fs.readFile("/tmp/out/index.html", "utf8")];
  },
  async honosse() {
    const { Hono } = await import("hono");
    const { streamSSE, streamText } = await import("hono/streaming");
    const app = new Hono();
    app.get("/", (c) =>
      streamSSE(c, async (s) => {
        for (let i = 0; i < 3; i++) {
          await s.writeSSE({ data: String(i), event: "e", id: String(i) });
          await s.sleep(5);
        }
      }),
    );
    app.get("/t", (c) =>
      streamText(c, async (s) => {
        await s.writeln("a");
        await s.pipe(new Blob(["xyz"]).stream());
      }),
    );
    return [await text(await app.request("/")), await text(await app.request("/t"))];
  },
  async reactrenderer() {
    const { Hono } = await import("hono");
    const { reactRenderer } = await import("@hono/react-renderer");
    const React = await import("react");
    const app = new Hono();
    app.use(reactRenderer(({ children }) => React.createElement("html", null, React.createElement("body", null, children)), { stream: true }));
    app.get("/", (c) => c.render(React.createElement("p", null, "hi")));
    return text(await app.request("/"));
  },
  async elysia() {
    const { Elysia, t } = await import("elysia");
    const { CloudflareAdapter } = await import("elysia/adapter/cloudflare-worker");
    const { cors } = await import("@elysiajs/cors");
    const app = new Elysia({ adapter: CloudflareAdapter, aot: false })
      .use(cors())
      .get("/", () => "hi")
      .post("/x", ({ body }) => body, { body: t.Object({ a: t.Number() }) })
      .get("/gen", function* () {
        yield "a";
        yield "b";
      })
      .get("/err", () => {
        throw new Error("x");
      });
    app.compile();
    const out = [];
    for (const [p, i] of [
      ["/"],
      ["/x", { method: "POST", body: '{"a":1}', headers: { "content-type": "application/json" } }],
      ["/x", { method: "POST", body: '{"a":"y"}', headers: { "content-type": "application/json" } }],
      ["/gen"],
      ["/err"],
      ["/no"],
    ])
      out.push(await text(await app.fetch(new Request("http://a.example" + p, i))));
    return out;
  },
  async orpc() {
    const { os } = await import("@orpc/server");
    const { RPCHandler } = await import("@orpc/server/fetch");
    const router = {
      hi: os.handler(async () => "hi"),
      gen: os.handler(async function* () {
        yield 1;
        yield 2;
      }),
    };
    const h = new RPCHandler(router);
    const out = [];
    for (const n of ["hi", "gen", "no"]) {
      const { response } = await h.handle(
        new Request("http://a.example/rpc/" + n, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }),
        { prefix: "/rpc", context: {} },
      );
      out.push(response ? await text(response) : null);
    }
    return out;
  },
  async whatwgnode() {
    const { createServerAdapter } = await import("@whatwg-node/server");
    const a = createServerAdapter((r) => new Response("x " + new URL(r.url).pathname));
    return text(await a.fetch("http://a.example/p"));
  },
  async fets() {
    const { createRouter, Response: R } = await import("fets");
    const r = createRouter().route({ path: "/a", method: "GET", handler: () => R.json({ a: 1 }) });
    return text(await r.fetch("http://a.example/a"));
  },
  async hapi() {
    const Hapi = (await import("@hapi/hapi")).default;
    return nodeServer(
      async () => {
        const s = Hapi.server({ port: 3003 });
        s.route({ method: "POST", path: "/a", handler: (r, h) => h.response({ got: r.payload }).code(201) });
        await s.start();
        return 3003;
      },
      "/a",
      { method: "POST", body: '{"x":1}', headers: { "content-type": "application/json" } },
    );
  },
  async feathers() {
    const { feathers } = await import("@feathersjs/feathers");
    const a = feathers();
    a.use("m", {
      async find() {
        return [1];
      },
      async create(d) {
        return d;
      },
    });
    return [await a.service("m").find(), await a.service("m").create({ a: 1 })];
  },
  async openapibackend() {
    const { OpenAPIBackend } = await import("openapi-backend");
    const a = new OpenAPIBackend({
      quick: true,
      validate: false,
      definition: {
        openapi: "3.0.1",
        info: { title: "t", version: "1" },
        paths: { "/a/{id}": { get: { operationId: "a", responses: { 200: { description: "ok" } } } } },
      },
      handlers: { a: (c) => c.request.params },
    });
    await a.init();
    return a.handleRequest({ method: "GET", path: "/a/5", headers: {} });
  },
  async mcp() {
    const { McpServer } = await import("@modelcontextprotocol/sdk/server/mcp.js");
    const { WebStandardStreamableHTTPServerTransport: T } = await import("@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js");
    const { z } = await import("zod");
    const out = [];
    for (const m of [
      {
        jsonrpc: "2.0",
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "t", version: "1" } },
      },
      { jsonrpc: "2.0", id: 2, method: "tools/list" },
      { jsonrpc: "2.0", id: 3, method: "tools/call", params: { name: "add", arguments: { a: 1, b: 2 } } },
    ]) {
      const s = new McpServer({ name: "x", version: "1" });
      s.registerTool("add", { description: "d", inputSchema: { a: z.number(), b: z.number() } }, async ({ a, b }) => ({
        content: [{ type: "text", text: String(a + b) }],
      }));
      const t = new T({ sessionIdGenerator: undefined });
      await s.connect(t);
      out.push(
        await text(
          await t.handleRequest(
            new Request("http://a.example/mcp", {
              method: "POST",
              body: JSON.stringify(m),
              headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
            }),
          ),
        ),
      );
    }
    return out;
  },
  async mcphono() {
    const { Hono } = await import("hono");
    const { StreamableHTTPTransport } = await import("@hono/mcp");
    const { McpServer } = await import("@modelcontextprotocol/sdk/server/mcp.js");
    const app = new Hono();
    app.all("/mcp", async (c) => {
      const s = new McpServer({ name: "x", version: "1" });
      const t = new StreamableHTTPTransport();
      await s.connect(t);
      return t.handleRequest(c);
    });
    return text(
      await app.request("/mcp", {
        method: "POST",
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
        headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      }),
    );
  },
  async fetchrouter() {
    const { createRouter } = await import("@remix-run/fetch-router");
    const r = createRouter();
    r.get("/a/:id", ({ params }) => new Response("p " + params.id));
    return text(await r.fetch("http://a.example/a/5"));
  },
  async urql() {
    const { createClient, fetchExchange, gql } = await import("@urql/core");
    const c = createClient({
      url: "http://a.example/graphql",
      exchanges: [fetchExchange],
      preferGetMethod: false,
      fetch: async () => Response.json({ data: { a: 1 } }),
    });
    return (
      await c.query(
        gql`
          {
            a
          }
        `,
        {},
      )
    ).data;
  },
  async apolloclient() {
    const { ApolloClient, InMemoryCache, HttpLink, gql } = await import("@apollo/client/core");
    const c = new ApolloClient({
      cache: new InMemoryCache(),
      link: new HttpLink({ uri: "http://a.example/graphql", fetch: async () => Response.json({ data: { a: 1 } }) }),
    });
    return (
      await c.query({
        query: gql`
          {
            a
          }
        `,
      })
    ).data;
  },
  async gqlrequest() {
    const { GraphQLClient } = await import("graphql-request");
    return new GraphQLClient("http://a.example/g", { fetch: async () => Response.json({ data: { a: 1 } }) }).request("{ a }");
  },
  async wretch() {
    const w = (await import("wretch")).default;
    return w("http://a.example/")
      .polyfills({ fetch: async () => Response.json({ a: 1 }) })
      .get()
      .json();
  },
};
export default dispatch(routes);
