import { Hono } from "hono";
import { jwt, sign } from "hono/jwt";
import { etag } from "hono/etag";
import { stream, streamText, streamSSE } from "hono/streaming";
import { html, raw } from "hono/html";
import { basicAuth } from "hono/basic-auth";
import { bearerAuth } from "hono/bearer-auth";
import { cors } from "hono/cors";
import { csrf } from "hono/csrf";
import { secureHeaders } from "hono/secure-headers";
import { setCookie, getSignedCookie, setSignedCookie } from "hono/cookie";
import { cache } from "hono/cache";
import { bodyLimit } from "hono/body-limit";
import { prettyJSON } from "hono/pretty-json";
import { contextStorage, getContext } from "hono/context-storage";
import { OpenAPIHono, createRoute, z } from "@hono/zod-openapi";
import { swaggerUI } from "@hono/swagger-ui";
import { getConnInfo } from "hono/cloudflare-workers";
import { languageDetector } from "hono/language";
import { timeout } from "hono/timeout";
const app = new Hono();
app.use(contextStorage());
app.use("/etag/*", etag());
app.get("/etag/a", (c) => c.text("tagged"));
app.use("/jwt/*", jwt({ secret: "s", alg: "HS256" }));
app.get("/jwt/a", (c) => c.json(c.get("jwtPayload")));
app.get("/token", async (c) => c.text(await sign({ sub: "x" }, "s")));
app.get("/stream", (c) =>
  stream(c, async (s) => {
    for (let i = 0; i < 3; i++) {
      await s.write(`${i}\n`);
      await s.sleep(2);
    }
  }),
);
app.get("/streamtext", (c) =>
  streamText(c, async (s) => {
    await s.writeln("a");
    await s.writeln("b");
  }),
);
app.get("/sse", (c) =>
  streamSSE(c, async (s) => {
    await s.writeSSE({ data: "x", event: "e", id: "1" });
  }),
);
app.get("/html", (c) => c.html(html`<p>${"<b>"}${raw("<i>")}</p>`));
app.use("/basic/*", basicAuth({ username: "u", password: "p" }));
app.get("/basic/a", (c) => c.text("in"));
app.use("/bearer/*", bearerAuth({ token: "t" }));
app.get("/bearer/a", (c) => c.text("in"));
app.use("/cors/*", cors({ origin: "https://a.example", credentials: true }));
app.all("/cors/a", (c) => c.text("c"));
app.use("/csrf/*", csrf());
app.post("/csrf/a", (c) => c.text("c"));
app.use("/sec/*", secureHeaders());
app.get("/sec/a", (c) => c.text("s"));
app.get("/cookie", async (c) => {
  setCookie(c, "a", "b", { httpOnly: true, maxAge: 3 });
  await setSignedCookie(c, "d", "e", "secret");
  return c.json([await getSignedCookie(c, "secret", "d")]);
});
app.get("/cached", cache({ cacheName: "c", cacheControl: "max-age=60" }), (c) => c.text("cached"));
app.post("/limit", bodyLimit({ maxSize: 10 }), async (c) => c.text(await c.req.text()));
app.use("/pretty", prettyJSON());
app.get("/pretty", (c) => c.json({ a: [1] }));
app.get("/ctx", (c) => c.text(getContext().req.path));
app.get("/conn", (c) => c.json(typeof getConnInfo(c).remote.address));
app.get("/lang", languageDetector({ supportedLanguages: ["en", "de"], fallbackLanguage: "en" }), (c) => c.text(c.get("language")));
app.get("/timeout", timeout(20), async (c) => {
  await new Promise((r) => setTimeout(r, 200));
  return c.text("late");
});
const api = new OpenAPIHono();
api.openapi(
  createRoute({
    method: "get",
    path: "/u/{id}",
    request: { params: z.object({ id: z.string().min(3).openapi({ example: "abc" }) }) },
    responses: { 200: { content: { "application/json": { schema: z.object({ id: z.string() }) } }, description: "x" } },
  }),
  (c) => c.json({ id: c.req.valid("param").id }),
);
api.doc("/doc", { openapi: "3.0.0", info: { version: "1", title: "t" } });
api.get("/ui", swaggerUI({ url: "/doc" }));
app.route("/api", api);
app.post("/form", async (c) => {
  const b = await c.req.parseBody({ all: true, dot: true });
  return c.json([b.a, b.f instanceof File ? [b.f.name, await b.f.text()] : null]);
});
app.onError((e, c) => c.json({ e: e.message }, e.status ?? 500));
app.notFound((c) => c.json({ nf: c.req.path }, 404));
export default app;
