export default defineNuxtConfig({
  compatibilityDate: "2026-06-01",
  srcDir: ".",
  telemetry: false,
  nitro: { preset: "cloudflare_module", cloudflare: { deployConfig: true, nodeCompat: true, wrangler: { name: "nuxt", vars: { GREETING: "hello" } } } },
  app: { buildAssetsDir: "/_nuxt/", head: { title: "Start" } },
  experimental: { appManifest: false },
});
