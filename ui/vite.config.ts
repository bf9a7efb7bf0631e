import tailwindcss from "@tailwindcss/vite"
import { defineConfig } from "vite"

/** Where `effect-assets dev` listens, for `npm run ui:dev`. */
const server = process.env.EFFECT_ASSETS_URL ?? "http://127.0.0.1:4400"

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [tailwindcss()],
  build: {
    outDir: "../dist/ui",
    emptyOutDir: true,
    target: "es2023",
    sourcemap: false,
    // the page is served with a policy of default-src 'self': no data: addresses, no inline scripts
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      // packages mark their modules for frameworks with server components, which this is not
      onLog: (level, log, report) => log.code === "MODULE_LEVEL_DIRECTIVE" ? undefined : report(level, log)
    }
  },
  worker: { format: "es" },
  server: {
    host: "127.0.0.1",
    port: 4401,
    // the server checks Host and Origin: both are made to be its own
    proxy: { "/api": { target: server, changeOrigin: true, ws: true, headers: { origin: server } } }
  }
})
