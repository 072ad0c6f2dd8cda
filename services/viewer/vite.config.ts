import { defineConfig } from 'vite'

/**
 * The result is a page that a strict content security policy allows: scripts and styles are files under /assets, and
 * nothing is inlined. In development the API of a running Coverslip is used.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: '/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The first versions with light-dark(): rewritten for older ones, it cannot be dark in the viewer only.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: {
      '/api': { target: process.env.COVERSLIP_URL ?? 'http://localhost:8080', ws: true },
      '/tiles': { target: process.env.COVERSLIP_URL ?? 'http://localhost:8080' },
    },
  },
})
