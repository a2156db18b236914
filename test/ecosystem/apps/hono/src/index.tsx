import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { getCookie, setCookie, setSignedCookie, getSignedCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { HTTPException } from "hono/http-exception";
import { sign, verify } from "hono/jwt";
import { secureHeaders } from "hono/secure-headers";
import { stream, streamSSE, streamText } from "hono/streaming";
import { zValidator } from "@hono/zod-validator";
import { z } from "zod";

type Bindings = { GREETING: string; LIMITS: { most: number } };
const app = new Hono<{ Bindings: Bindings }>();

app.use("/secure/*", secureHeaders());
app.use("/api/*", cors({ origin: ["https://a.example"], allowMethods: ["GET", "PUT"], maxAge: 60 }));
app.use("/private/*", basicAuth({ username: "user", password: "secret" }));
app.get("/", (c) => c.text(`${c.env.GREETING} ${c.env.LIMITS.most}`));
app.get("/users/:id{[0-9]+}", (c) => c.json({ id: Number(c.req.param("id")), query: c.req.queries() }));
app.get("/html", (c) =>
  c.html(
    <ul class="list">
      {["a", "<b>", "ü"].map((item) => (
        <li>{item}</li>
      ))}
    </ul>,
  ),
);
app.get("/secure/page", (c) => c.text("safe"));
app.get("/private/page", (c) => c.text("yours"));
app.put("/api/item", zValidator("json", z.object({ name: z.string().min(2), count: z.int().optional() })), (c) =>
  c.json(c.req.valid("json"), 201),
);
app.post("/form", async (c) => {
  const body = await c.req.parseBody({ all: true });
  const shown = Object.entries(body).map(([name, value]) =>
    value instanceof File ? [name, value.name, value.type, value.size] : [name, value],
  );
  return c.json(shown);
});
app.get("/etag", etag(), (c) => c.text("the same each time"));
app.get("/cookie", async (c) => {
  setCookie(c, "plain", "a b;c", { path: "/", httpOnly: true, sameSite: "Lax", maxAge: 1000 });
  await setSignedCookie(c, "signed", "value", "a secret");
  return c.json({ plain: getCookie(c, "given"), signed: await getSignedCookie(c, "a secret", "signed") });
});
app.get("/token", async (c) => {
  const token = await sign({ sub: "someone", exp: 4102444800 }, "a secret");
  return c.json({ token, payload: await verify(token, "a secret", "HS256") });
});
app.get("/stream", (c) =>
  stream(c, async (out) => {
    for (let i = 0; i < 5; i++) await out.write(new Uint8Array([65 + i, 10]));
  }),
);
app.get("/text-stream", (c) =>
  streamText(c, async (out) => {
    await out.writeln("one");
    await out.sleep(5);
    await out.write("two");
  }),
);
app.get("/events", (c) =>
  streamSSE(c, async (out) => {
    for (let i = 0; i < 3; i++) await out.writeSSE({ event: "tick", id: String(i), data: `line ${i}\nand more` });
  }),
);
app.get("/compressed", compress(), (c) => c.text("long ".repeat(1000)));
app.get("/redirect", (c) => c.redirect("/elsewhere?x=1", 307));
app.get("/teapot", () => {
  throw new HTTPException(418, { message: "short and stout" });
});
app.get("/throws", () => {
  throw new Error("broken");
});
app.get("/wait-until", (c) => {
  c.executionCtx.waitUntil(Promise.resolve());
  return c.body(null, 204, { "x-custom": "kept" });
});
app.get("/mounted/*", (c) => app.fetch(new Request(new URL("/users/7?deep=1", c.req.url)), c.env));
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.json({ error: error.message }, 500)));
app.notFound((c) => c.json({ missing: c.req.path }, 404));

export default app;
