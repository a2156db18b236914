import { Window } from "happy-dom";
const routes = {
  async happydom() {
    const w = new Window({ url: "https://a.example" });
    w.document.body.innerHTML = "<div class=a><p>b</p></div>";
    return [w.document.querySelector(".a > p").textContent, w.document.documentElement.outerHTML];
  },
};

export default {
  async fetch(request, env, ctx) {
    const name = new URL(request.url).pathname.slice(1);
    if (!Object.hasOwn(routes, name)) return new Response("not found", { status: 404 });
    try {
      const value = await routes[name](request, env, ctx);
      return value instanceof Response ? value : Response.json(value === undefined ? null : value);
    } catch (error) {
      return Response.json({ error: String(error?.message ?? error).slice(0, 400), name: error?.name, code: error?.code }, { status: 500 });
    }
  },
};
