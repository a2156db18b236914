import { H3, HTTPError, getCookie, getQuery, getRouterParam, handleCors, html, readBody, readValidatedBody, redirect, setCookie, serveStatic } from "h3";

const app = new H3({ onError: (error) => console.error(error.message) });
app.use((event, next) => {
  event.res.headers.set("x-served-by", "h3");
  return next();
});
app.get("/", () => "hello");
app.get("/json/:id", (event) => ({ id: getRouterParam(event, "id"), query: getQuery(event) }));
app.get("/html", () => html`<p>${"<escaped>"}</p>`);
app.get("/cookies", (event) => {
  setCookie(event, "set", "a value", { httpOnly: true, maxAge: 60 });
  return getCookie(event, "given") ?? "none";
});
app.post("/body", async (event) => ({ got: await readBody(event) }));
app.post("/valid", async (event) => await readValidatedBody(event, (body) => typeof body === "object" && body !== null && "a" in body));
app.get("/stream", () =>
  new ReadableStream({
    async pull(controller) {
      controller.enqueue(new TextEncoder().encode("piece\n"));
      controller.close();
    },
  }),
);
app.get("/blob", () => new Blob(["of bytes"], { type: "text/x-custom" }));
app.get("/redirect", () => redirect("/elsewhere", 301));
app.get("/error", () => {
  throw new HTTPError({ status: 422, statusText: "Not like this", data: { field: "name" } });
});
app.get("/throws", () => {
  throw new Error("inside");
});
app.get("/null", () => null);
app.get("/undefined", () => undefined);
app.all("/cors", (event) => handleCors(event, { origin: "*", methods: ["GET"], preflight: { statusCode: 204 } }) || "with cors");
app.get("/static/**", (event) =>
  serveStatic(event, {
    getContents: (id) => `contents of ${id}`,
    getMeta: (id) => (id.endsWith(".txt") ? { size: 12 + id.length, type: "text/plain", etag: '"x"' } : undefined),
  }),
);

export default { fetch: (request: Request) => app.fetch(request) };
