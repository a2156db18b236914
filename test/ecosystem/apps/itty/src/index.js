import { AutoRouter, cors, error, html, json, png, status, text, withContent, withCookies, StatusError } from "itty-router";

const { preflight, corsify } = cors({ origin: "https://a.example" });
const router = AutoRouter({
  before: [preflight, withCookies],
  finally: [corsify],
  missing: () => error(404, "nothing here"),
});

router
  .get("/", () => ({ hello: "world" }))
  .get("/text", () => text("plain"))
  .get("/html", () => html("<p>ü</p>"))
  .get("/items/:id/:more+", ({ params, query, cookies }) => ({ params, query, cookies }))
  .get("/file.:ext", ({ ext }) => text(ext))
  .get("/optional/:a?", ({ params }) => params)
  .post("/echo", withContent, ({ content }) => json(content, { status: 201, headers: { "x-echo": "1" } }))
  .get("/status", () => status(204))
  .get("/error", () => error(400, { reason: "bad", list: [1, 2] }))
  .get("/status-error", () => {
    throw new StatusError(409, "in conflict");
  })
  .get("/throws", () => null.value)
  .get("/png", () => png(new Uint8Array([137, 80, 78, 71])))
  .all("*", () => undefined);

export default { ...router };
