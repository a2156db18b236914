import { renderToString as renderVue } from "@vue/server-renderer";
import { Elysia } from "elysia";
import { h } from "preact";
import renderPreact from "preact-render-to-string";
import { createElement } from "react";
import { renderToReadableStream } from "react-dom/server.edge";
import { createSSRApp, h as vueElement, ref } from "vue";

const elysia = new Elysia({ aot: false })
  .get("/elysia", () => "hello")
  .get("/elysia/:id", ({ params, query, set }) => {
    set.headers["x-id"] = params.id;
    return { id: params.id, query };
  })
  .post("/elysia", ({ body, status }) => status(201, { body }))
  .get("/elysia/error", () => {
    throw new Error("inside");
  });

async function render(path) {
  if (path === "/preact") return renderPreact(h("ul", { class: "a" }, [1, "<b>"].map((item) => h("li", null, item))));
  if (path === "/vue") {
    return renderVue(createSSRApp({ setup: () => ({ n: ref(2) }), render: (self) => vueElement("p", { class: ["a", { b: true }] }, `n is ${self.n}`) }));
  }
  const Later = async () => createElement("b", null, await new Promise((resolve) => setTimeout(resolve, 2, "later")));
  void Later;
  return renderToReadableStream(createElement("main", { style: { color: "red" } }, [1, 2].map((n) => createElement("i", { key: n }, n))));
}

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/elysia")) return elysia.handle(request);
    return new Response(await render(pathname), { headers: { "content-type": "text/html" } });
  },
};
