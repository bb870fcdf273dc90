import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// While developing, `npm run dev` serves the pages and this station (`node dev/fixture.mjs`) answers behind them.
const STATION = "http://127.0.0.1:8471";

export default defineConfig({
  plugins: [svelte()],
  build: {
    // Monitoring centres keep their browsers for years.
    target: ["chrome107", "edge107", "firefox115", "safari16"],
    // Nothing is inlined as `data:`: the content security policy knows only `'self'`.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: "127.0.0.1",
    proxy: { "/api": STATION, "/metrics": STATION, "/healthz": STATION, "/readyz": STATION },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
