import { request as octokit } from "@octokit/request";
import axios from "axios";
import ky from "ky";
import http from "node:http";
import { ofetch } from "ofetch";

// What a client makes of the app's own answers: they are given as a response of a server would be.
const answers = (input, init) => {
  const request = new Request(input, init);
  const url = new URL(request.url);
  if (url.pathname === "/404") return Promise.resolve(Response.json({ reason: "none" }, { status: 404 }));
  if (url.pathname === "/text") return Promise.resolve(new Response("text", { headers: { "x-answer": "1" } }));
  return request.text().then((body) => Response.json({ method: request.method, query: url.search, type: request.headers.get("content-type"), accept: request.headers.get("accept"), body }));
};
const base = "https://upstream.example";
const failure = (error) => ({ name: error.name, status: error.status ?? error.response?.status, data: error.data ?? error.response?.data });

const routes = {
  async axios() {
    const client = axios.create({ baseURL: base, adapter: "fetch", env: { fetch: answers } });
    const form = new FormData();
    form.append("a", "1");
    return [
      (await client.get("/x", { params: { a: [1, 2], b: "ü" } })).data,
      (await client.post("/x", { a: 1 })).data,
      (await client.post("/x", new URLSearchParams({ a: "1" }))).data,
      (await client.get("/text")).headers["x-answer"],
      await client.get("/404").catch(failure),
    ];
  },
  async ky() {
    const client = ky.create({ prefix: base, fetch: answers, retry: 0 });
    return [
      await client.get("x", { searchParams: { a: 1 } }).json(),
      await client.post("x", { json: { b: [1] } }).json(),
      await client.get("text").text(),
      await client.get("404").catch((error) => [error.name, error.response?.status]),
    ];
  },
  async ofetch() {
    const client = ofetch.create({ baseURL: base, retry: 0 }, { fetch: answers });
    const native = { fetch: globalThis.fetch };
    void native;
    return [typeof client, typeof client.raw, typeof client.native];
  },
  async octokit() {
    const client = octokit.defaults({ baseUrl: base, request: { fetch: answers } });
    const answer = await client("POST /repos/{owner}/{repo}/issues", { owner: "a", repo: "b c", title: "t", mediaType: { previews: ["x"] } });
    return [answer.status, answer.url, answer.data.body, answer.data.accept];
  },
  async http() {
    const request = http.request("http://127.0.0.1:1/", { method: "POST", headers: { "X-One": "1", "content-length": 3 } });
    const shown = [request.getHeader("x-one"), request.getHeaderNames(), request.method, request.path, request.host];
    request.on("error", () => {});
    request.destroy();
    return shown;
  },
};

export default {
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    return name in routes ? Response.json((await routes[name]()) ?? null) : new Response("no such route", { status: 404 });
  },
};
