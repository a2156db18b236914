// Relative imports, within the app's directory: the tests read what arrives, in the order of evaluation.
import { order } from "./lib/order.js";
import { answer } from "./lib/deep/answer.mjs";
import * as cycle from "./lib/cycle-a.js";

order.push("index");
const started = await Promise.resolve("top-level await");

export default {
  async fetch(request) {
    if (new URL(request.url).pathname === "/dynamic") {
      const { loaded } = await import("./lib/lazy.js");
      return Response.json({ loaded });
    }
    if (new URL(request.url).pathname === "/missing") {
      try {
        await import("./lib/nowhere.js");
      } catch (error) {
        return Response.json({ name: error.name, message: error.message });
      }
    }
    return Response.json({ order, answer, started, cycle: cycle.value() });
  },
};
