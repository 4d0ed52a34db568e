import { defineConfig } from 'vitest/config';

/** One Vitest run over every project, so that totals are counted once. */
export default defineConfig({
  test: { projects: ['packages/*', 'apps/*', 'tools'], globalSetup: 'tools/src/test/temporary-folder.ts' },
});
