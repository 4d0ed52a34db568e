import { defineConfig } from 'vite';

/**
 * A library for Node that turns a report model into HTML. React and ECharts are bundled and tree-shaken: loading one
 * file is several times quicker than resolving their hundreds of modules.
 */
export default defineConfig({
  build: {
    ssr: 'src/index.ts',
    outDir: 'dist',
    target: 'node24',
    minify: true,
    rollupOptions: { output: { entryFileNames: 'index.js', codeSplitting: false } },
  },
  ssr: { noExternal: true },
  define: { 'process.env.NODE_ENV': '"production"' },
});
