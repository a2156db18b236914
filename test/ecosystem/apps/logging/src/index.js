import debug from "debug";
import { AsyncLocalStorage } from "node:async_hooks";
import { Writable } from "node:stream";
import { format as formatText, inspect } from "node:util";
import pino from "pino";
import winston from "winston";

const requests = new AsyncLocalStorage();
const lines = [];
const sink = new Writable({
  write(chunk, _, done) {
    lines.push(String(chunk).trimEnd());
    done();
  },
});
const logger = winston.createLogger({
  level: "debug",
  defaultMeta: { service: "shop" },
  format: winston.format.combine(
    winston.format((info) => ({ ...info, request: requests.getStore() }))(),
    winston.format.errors({ stack: false }),
    winston.format.splat(),
    winston.format.json(),
  ),
  transports: [new winston.transports.Stream({ stream: sink }), new winston.transports.Console({ level: "error" })],
});
const printed = winston.createLogger({
  format: winston.format.combine(winston.format.colorize(), winston.format.label({ label: "here" }), winston.format.printf(({ level, label, message }) => `${label} ${level}: ${message}`)),
  transports: [new winston.transports.Stream({ stream: sink })],
});
const fast = pino({ base: null, timestamp: false, redact: ["password"] }, { write: (line) => lines.push(line.trimEnd()) });

export default {
  async fetch(request) {
    lines.length = 0;
    await requests.run(new URL(request.url).pathname, async () => {
      logger.info("plain %s", "text", { count: 3 });
      await new Promise((resolve) => setTimeout(resolve, 1));
      logger.warn({ message: "an object", list: [1, { a: null }] });
      logger.child({ child: true }).debug("of a child");
      logger.error(new Error("an error"));
      logger.silly("not shown");
      printed.info("with a colour");
      fast.info({ password: "hidden", user: "someone" }, "pino %d", 1);
      fast.child({ part: "x" }).error(new TypeError("of a type").message);
      await new Promise((resolve) => setTimeout(resolve, 5));
    });
    const shown = [formatText("%s %d %j %o", "a", 1.5, { b: 1 }, [1]), inspect(new Map([["k", { deep: { deeper: {} } }]]), { depth: 1 }), debug("a").enabled];
    return Response.json([...lines, ...shown]);
  },
};
