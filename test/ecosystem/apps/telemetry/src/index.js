import { dispatch } from "../dispatch.js";
const routes = {
  async toucan() {
    const { Toucan } = await import("toucan-js");
    const sent = [];
    const real = globalThis.fetch;
    globalThis.fetch = async (u) => {
      sent.push(String(u));
      return new Response("{}");
    };
    try {
      const t = new Toucan({ dsn: "https://abc@o1.ingest.sentry.io/1", context: { waitUntil() {}, request: new Request("https://a.example/") } });
      t.captureException(new Error("x"));
      await t.flush(1000);
      return sent;
    } finally {
      globalThis.fetch = real;
    }
  },
  async otel() {
    const { BasicTracerProvider, SimpleSpanProcessor, InMemorySpanExporter } = await import("@opentelemetry/sdk-trace-base");
    const e = new InMemorySpanExporter();
    const p = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(e)] });
    const s = p.getTracer("t").startSpan("a");
    s.setAttribute("x", 1);
    s.end();
    return e.getFinishedSpans().map((x) => [x.name, x.attributes, x.ended]);
  },
  async otelexport() {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    const { BasicTracerProvider, SimpleSpanProcessor } = await import("@opentelemetry/sdk-trace-base");
    const p = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter({ url: "http://127.0.0.1:1/v1/traces", timeoutMillis: 500 }))],
    });
    p.getTracer("t").startSpan("a").end();
    try {
      await p.forceFlush();
      return "flushed";
    } catch (e) {
      return "failed";
    }
  },
  async otelcf(request, env, ctx) {
    const { instrument } = await import("@microlabs/otel-cf-workers");
    const { trace } = await import("@opentelemetry/api");
    const h = instrument(
      {
        async fetch() {
          trace.getActiveSpan()?.setAttribute("a", 1);
          return new Response("traced");
        },
      },
      () => ({
        exporter: {
          export(s, cb) {
            cb({ code: 0 });
          },
          shutdown: async () => {},
        },
        service: { name: "x" },
      }),
    );
    return await (await h.fetch(request, env, ctx)).text();
  },
  async posthog() {
    const { PostHog } = await import("posthog-node");
    const sent = [];
    const p = new PostHog("k", {
      host: "https://h.example",
      flushAt: 1,
      flushInterval: 0,
      fetch: async (u) => {
        sent.push([String(u)]);
        return Response.json({ status: 1 });
      },
    });
    p.capture({ distinctId: "a", event: "e" });
    await p.shutdown();
    return sent;
  },
  async growthbook() {
    const { GrowthBook } = await import("@growthbook/growthbook");
    const g = new GrowthBook({
      attributes: { id: "1" },
      features: { f: { defaultValue: false, rules: [{ coverage: 1, variations: [true], hashAttribute: "id" }] } },
    });
    return [g.isOn("f"), g.getFeatureValue("x", 3)];
  },
  async axiom() {
    const { Axiom } = await import("@axiomhq/js");
    const a = new Axiom({ token: "x", onError() {} });
    a.ingest("d", [{ a: 1 }]);
    return typeof a.flush;
  },
  async prom() {
    const p = (await import("prom-client")).default;
    const r = new p.Registry();
    const c = new p.Counter({ name: "a_total", help: "h", registers: [r] });
    c.inc(2);
    const h = new p.Histogram({ name: "h", help: "h", registers: [r], buckets: [1, 2] });
    h.observe(1.5);
    return r.metrics();
  },
  async consola() {
    const { createConsola } = await import("consola");
    const out = [];
    createConsola({ reporters: [{ log: (l) => out.push(l.args) }] }).info("x");
    return out;
  },
  async tslog() {
    const { Logger } = await import("tslog");
    const l = new Logger({ type: "hidden" });
    return l.info("a", { b: 1 })["0"];
  },
  async log4js() {
    const l = (await import("log4js")).default;
    l.configure({ appenders: { r: { type: "recording" } }, categories: { default: { appenders: ["r"], level: "info" } } });
    l.getLogger().info("x");
    return typeof l.getLogger;
  },
};
export default dispatch(routes);
