import { vitePlugin as remix, cloudflareDevProxyVitePlugin } from "@remix-run/dev";
import { defineConfig } from "vite";
export default defineConfig({
  plugins: [
    remix({
      future: { v3_singleFetch: true, v3_fetcherPersist: true, v3_relativeSplatPath: true, v3_throwAbortReason: true, v3_lazyRouteDiscovery: true },
    }),
  ],
  ssr: { resolve: { conditions: ["workerd", "worker", "browser"] }, target: "webworker" },
  resolve: { mainFields: ["browser", "module", "main"] },
  build: { minify: true },
});
