import { httpServerHandler } from "cloudflare:node";
import cookieParser from "cookie-parser";
import cors from "cors";
import express from "express";
import helmet from "helmet";
import { createHash } from "node:crypto";
import { Readable } from "node:stream";

const app = express();
app.set("trust proxy", true);
app.use(helmet());
app.use(cookieParser("a secret"));
app.get("/", (request, response) => response.send("hello"));
app.get("/json/:id", (request, response) => response.json({ params: request.params, query: request.query, ip: typeof request.ip }));
app.get("/about", (request, response) =>
  response.json({ host: request.hostname, path: request.path, url: request.originalUrl, accepts: request.accepts(["html", "json"]), xhr: request.xhr }),
);
app.post("/json", express.json({ limit: "1kb" }), (request, response) => response.status(201).json({ got: request.body }));
app.post("/form", express.urlencoded({ extended: true }), (request, response) => response.json(request.body));
app.post("/raw", express.raw({ type: "*/*" }), (request, response) => response.send(createHash("sha256").update(request.body).digest("hex")));
app.post("/text", express.text(), (request, response) => response.type("text/plain").send(request.body.toUpperCase()));
app.get("/cookies", (request, response) => {
  response.cookie("plain", "a b", { httpOnly: true, maxAge: 1000 * 60, path: "/" });
  response.cookie("signed", "value", { signed: true });
  response.json({ given: request.cookies, signed: request.signedCookies });
});
app.get("/redirect", (request, response) => response.redirect(301, "/elsewhere"));
app.get("/status", (request, response) => response.sendStatus(204));
app.get("/stream", (request, response) => {
  response.type("txt");
  Readable.from(["one\n", "two\n", "three\n"]).pipe(response);
});
app.get("/written", (request, response) => {
  response.writeHead(202, { "X-Mixed-Case": "kept", "content-type": "text/plain" });
  response.write("a");
  setTimeout(() => response.end("b"), 5);
});
app.get("/download", (request, response) => response.attachment("über.txt").send("contents"));
app.get("/format", (request, response) =>
  response.format({ text: () => response.send("text"), html: () => response.send("<p>html</p>"), json: () => response.json("json") }),
);
app.get("/etag", (request, response) => response.send("the same each time"));
app.options("/cors", cors({ origin: "https://a.example" }));
app.get("/throws", () => {
  throw Object.assign(new Error("inside"), { status: 409, expose: true });
});
app.get("/rejects", async () => {
  throw new Error("later");
});
const router = express.Router({ mergeParams: true });
router.get("/:b", (request, response) => response.json({ ...request.params, base: request.baseUrl }));
app.use("/nested/:a", router);
app.use((request, response) => response.status(404).json({ missing: request.path }));
app.use((error, request, response, _next) => response.status(error.status ?? 500).json({ error: error.message, type: error.type }));
app.listen(8080);

export default httpServerHandler({ port: 8080 });
