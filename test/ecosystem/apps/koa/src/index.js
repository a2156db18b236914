import Router from "@koa/router";
import { httpServerHandler } from "cloudflare:node";
import Koa from "koa";
import { Readable } from "node:stream";

const app = new Koa();
app.keys = ["a key"];
const router = new Router();
router.get("/", (ctx) => (ctx.body = "hello"));
router.get("/items/:id", (ctx) => (ctx.body = { id: ctx.params.id, query: ctx.query, type: ctx.accepts("json", "html") }));
router.post("/body", async (ctx) => {
  const pieces = [];
  for await (const piece of ctx.req) pieces.push(piece);
  ctx.status = 201;
  ctx.body = { type: ctx.is("json", "urlencoded"), length: ctx.request.length, text: Buffer.concat(pieces).toString() };
});
router.get("/stream", (ctx) => {
  ctx.type = "text/plain";
  ctx.body = Readable.from(["a", "b", "c"]);
});
router.get("/cookies", (ctx) => {
  ctx.cookies.set("name", "value", { signed: true, overwrite: true });
  ctx.body = ctx.cookies.get("given") ?? null;
});
router.get("/throws", (ctx) => ctx.throw(422, "not like this", { expose: true }));
router.get("/redirect", (ctx) => ctx.redirect("/elsewhere"));
router.get("/fresh", (ctx) => {
  ctx.status = 200;
  ctx.etag = "tag";
  ctx.lastModified = new Date(0);
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = Buffer.from("bytes");
});
app.use(async (ctx, next) => {
  ctx.set("x-before", "1");
  await next();
  ctx.set("x-after", String(ctx.status));
});
app.use(router.routes()).use(router.allowedMethods());
app.silent = true;
app.listen(8080);

export default httpServerHandler({ port: 8080 });
