export default defineNitroConfig({
  compatibilityDate: "2026-06-01",
  preset: "cloudflare_module",
  cloudflare: { deployConfig: true, nodeCompat: true, wrangler: { name: "nitro" } },
  routeRules: { "/old/**": { redirect: "/api/new" }, "/headers": { headers: { "x-rule": "1" }, cors: true } },
});
