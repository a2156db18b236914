import { dispatch } from "../dispatch.js";
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

export default dispatch(routes);
