import { defineConfig } from "vitest/config";

export default defineConfig({
  build: { target: "es2022", sourcemap: true },
  worker: { format: "es" },
  server: { proxy: { "/v1": { target: "http://127.0.0.1:8765", ws: true } } },
  test: { include: ["tests/**/*.test.ts"] },
});
