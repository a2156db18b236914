import { defineConfig } from "vite";
import analog from "@analogjs/platform";
export default defineConfig(() => ({
  build: { target: ["es2022"] },
  resolve: { mainFields: ["module"] },
  plugins: [
    analog({ nitro: { preset: "cloudflare_module", compatibilityDate: "2026-06-01", cloudflare: { nodeCompat: true, deployConfig: true } } as any }),
  ],
}));
