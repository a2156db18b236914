import { dispatch } from "../dispatch.js";
// A server of HTTP of the kind that the drivers speak to, within the app.
const stub = (make) => async (input, init) => {
  const r = new Request(input, init);
  const body = await r.text();
  return make(r, body);
};
const json = (v, init) => Response.json(v, init);
const fails = async (f, ms = 4000) => {
  let t;
  try {
    const r = await Promise.race([
      f(),
      new Promise((_, n) => {
        t = setTimeout(() => n(new Error("timeout of the test")), ms);
      }),
    ]);
    return ["fine", String(r)];
  } catch (e) {
    return [e?.name, e?.code, String(e?.message).slice(0, 300), e?.errors?.map(String), e?.cause && String(e.cause)];
  } finally {
    clearTimeout(t);
  }
};
const routes = {
  async neon() {
    const { neon, neonConfig } = await import("@neondatabase/serverless");
    neonConfig.fetchFunction = stub(() =>
      json({
        fields: [
          { name: "a", dataTypeID: 23 },
          { name: "d", dataTypeID: 1184 },
        ],
        rows: [["1", "2026-01-31T00:00:00Z"]],
        command: "SELECT",
        rowCount: 1,
        rowAsArray: true,
      }),
    );
    const sql = neon("postgres://a:b@host.example/c");
    return sql`select ${1}`;
  },
  async planetscale() {
    const { connect } = await import("@planetscale/database");
    const c = connect({
      host: "h.example",
      username: "a",
      password: "b",
      fetch: stub(() =>
        json({ session: "s", result: { fields: [{ name: "a", type: "INT32" }], rows: [{ lengths: ["1"], values: btoa("1") }] } }),
      ),
    });
    return (await c.execute("select ? as a", [1])).rows;
  },
  async libsql() {
    const { createClient } = await import("@libsql/client/web");
    const c = createClient({
      url: "https://h.example",
      authToken: "x",
      fetch: stub((r, b) =>
        r.url.endsWith("/v3-protobuf") || r.url.endsWith("/v3")
          ? new Response("", { status: r.url.endsWith("/v3") ? 200 : 404 })
          : json({
              baton: null,
              base_url: null,
              results: JSON.parse(b).requests.map((q) => ({
                type: "ok",
                response:
                  q.type === "close"
                    ? { type: "close" }
                    : {
                        type: q.type,
                        result: { cols: [{ name: "a" }], rows: [[{ type: "integer", value: "1" }]], affected_row_count: 0, last_insert_rowid: null },
                      },
              })),
            }),
      ),
    });
    return (await c.execute("select 1")).rows;
  },
  async tidb() {
    const { connect } = await import("@tidbcloud/serverless");
    const c = connect({ url: "mysql://a:b@h.example/c", fetch: stub(() => json({ types: [{ name: "a", type: "INT" }], rows: [["1"]] })) });
    return c.execute("select 1");
  },
  async upstash() {
    const { Redis } = await import("@upstash/redis/cloudflare");
    const real = globalThis.fetch;
    globalThis.fetch = stub((r, b) => json(Array.isArray(JSON.parse(b)[0]) ? JSON.parse(b).map(() => ({ result: "b2s=" })) : { result: "b2s=" }));
    try {
      const c = new Redis({ url: "https://h.example", token: "t" });
      return [await c.get("a"), await c.pipeline().get("a").set("b", 1).exec()];
    } finally {
      globalThis.fetch = real;
    }
  },
  async ratelimit() {
    const { Ratelimit } = await import("@upstash/ratelimit");
    const { Redis } = await import("@upstash/redis/cloudflare");
    const real = globalThis.fetch;
    globalThis.fetch = stub((r, b) => json(Array.isArray(JSON.parse(b)[0]) ? JSON.parse(b).map(() => ({ result: [5, 10] })) : { result: [5, 10] }));
    try {
      const l = new Ratelimit({ redis: new Redis({ url: "https://h.example", token: "t" }), limiter: Ratelimit.slidingWindow(10, "10 s") });
      const r = await l.limit("x");
      return [r.success, r.limit];
    } finally {
      globalThis.fetch = real;
    }
  },
  async clickhouse() {
    const { createClient } = await import("@clickhouse/client-web");
    const c = createClient({ url: "http://h.example", fetch: stub(() => json({ data: [{ a: 1 }], meta: [], rows: 1 })) });
    return (await c.query({ query: "select 1", format: "JSON" })).json();
  },
  async meilisearch() {
    const { Meilisearch } = await import("meilisearch");
    const c = new Meilisearch({ host: "http://h.example", httpClient: async () => ({ hits: [1] }) });
    return (await c.index("a").search("x")).hits;
  },
  async algolia() {
    const { algoliasearch } = await import("algoliasearch");
    const c = algoliasearch("APP", "KEY", {
      requester: { send: async () => ({ status: 200, content: JSON.stringify({ results: [{ hits: [1] }] }), isTimedOut: false }) },
    });
    return c.search({ requests: [{ indexName: "a", query: "x" }] });
  },
  async pinecone() {
    const { Pinecone } = await import("@pinecone-database/pinecone");
    const c = new Pinecone({ apiKey: "x", fetchApi: stub(() => json({ indexes: [] })) });
    return c.listIndexes();
  },
  async yjs() {
    const Y = await import("yjs");
    const a = new Y.Doc(),
      b = new Y.Doc();
    a.getMap("m").set("x", 1);
    a.getText("t").insert(0, "hello");
    Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
    return [b.getMap("m").toJSON(), b.getText("t").toString()];
  },
  async automerge() {
    const A = await import("@automerge/automerge");
    let d = A.from({ a: [1] });
    d = A.change(d, (x) => {
      x.a.push(2);
    });
    return A.load(A.save(d));
  },
  async partyserver() {
    const p = await import("partyserver");
    return [typeof p.routePartykitRequest, typeof p.Server, await fails(() => p.routePartykitRequest(new Request("https://a/parties/main/x"), {}))];
  },
  async agents() {
    const a = await import("agents");
    return [typeof a.Agent, typeof a.routeAgentRequest, await fails(() => a.routeAgentRequest(new Request("https://a/agents/main/x"), {}))];
  },
  async wsserver() {
    const { WebSocketServer } = await import("ws");
    const s = new WebSocketServer({ noServer: true });
    return [typeof s.handleUpgrade, s.clients.size];
  },
  async azureblob() {
    const { BlobServiceClient, StorageSharedKeyCredential, generateBlobSASQueryParameters, BlobSASPermissions } = await import("@azure/storage-blob");
    const cred = new StorageSharedKeyCredential("acc", btoa("key"));
    const c = new BlobServiceClient("http://127.0.0.1:1/acc", cred, { retryOptions: { maxTries: 1 } });
    return [
      c.getContainerClient("x").getBlobClient("y").url,
      (await fails(() => c.getContainerClient("x").exists()))[0],
      generateBlobSASQueryParameters(
        { containerName: "x", blobName: "y", permissions: BlobSASPermissions.parse("r"), startsOn: new Date(0), expiresOn: new Date(1e12) },
        cred,
      ).toString(),
    ];
  },
  async gcs() {
    const { Storage } = await import("@google-cloud/storage");
    const s = new Storage({ projectId: "p", retryOptions: { autoRetry: false } });
    return s.bucket("b").file("a/b c").publicUrl();
  },
  async googleauth() {
    const { JWT } = await import("google-auth-library");
    const k = await crypto.subtle.generateKey(
      { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" },
      true,
      ["sign", "verify"],
    );
    const pem =
      "-----BEGIN PRIVATE KEY-----\n" +
      Buffer.from(await crypto.subtle.exportKey("pkcs8", k.privateKey))
        .toString("base64")
        .replace(/(.{64})/g, "$1\n") +
      "\n-----END PRIVATE KEY-----\n";
    const j = new JWT({ email: "a@b.c", key: pem, scopes: [] });
    const h = await j.getRequestHeaders("https://a.example/");
    return (h.get ? h.get("authorization") : h.Authorization).split(".").length;
  },
};
export default dispatch(routes);
