import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const OUT = fileURLToPath(new URL('../../dist/web', import.meta.url));

// `npx vite web/page` serves the page from source. It expects the chat server on port 4000.
const SERVER = 'http://localhost:4000';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), compressed()],
  // The client's sources, by the paths in tsconfig.json: no build of it is needed first.
  resolve: { tsconfigPaths: true },
  build: { outDir: OUT, emptyOutDir: true, target: 'es2022', modulePreload: { polyfill: false } },
  server: { proxy: { '/graphql': { target: SERVER, ws: true } } },
});

/** Compresses each asset with Brotli and gzip at build time, so that the server does not have to. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle: async () => {
      const names = await readdir(`${OUT}/assets`).catch(() => []);
      await Promise.all(
        names
          .filter((name) => /\.(js|css|svg)$/.test(name))
          .map(async (name) => {
            const bytes = await readFile(`${OUT}/assets/${name}`);
            const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
            await writeFile(`${OUT}/assets/${name}.br`, await promisify(brotliCompress)(bytes, quality));
            await writeFile(`${OUT}/assets/${name}.gz`, await promisify(gzip)(bytes, { level: 9 }));
          }),
      );
    },
  };
}
