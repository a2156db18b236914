import { solidStart } from "@solidjs/start/config";
import { nitroV2Plugin as nitro } from "@solidjs/vite-plugin-nitro-2";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [solidStart(), nitro({ preset: "cloudflare_module", compatibilityDate: "2026-06-01", cloudflare: { deployConfig: true, nodeCompat: true, wrangler: { name: "solid-start" } } })],
});
