import Handlebars from "handlebars";
import ejs from "ejs";
import { Eta } from "eta";
import { Liquid } from "liquidjs";
const routes = {
  async handlebars() {
    return Handlebars.compile("{{a}}")({ a: 1 });
  },
  async hbast() {
    return Handlebars.parse("{{#each a}}{{this}}{{/each}}").body.length;
  },
  async ejs() {
    return ejs.render("<%= a %>", { a: "<" });
  },
  async eta() {
    return new Eta().renderString("<%= it.a %>", { a: "<" });
  },
  async liquid() {
    return new Liquid().parseAndRender("{% for i in a %}{{ i | upcase }},{% endfor %}{{ 'now' | size }}{{ 1.5 | round }}", { a: ["x", "y"] });
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
