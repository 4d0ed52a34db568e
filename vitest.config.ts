import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * One Vitest run over every project, so that totals are counted once. A worker for every core: Vitest would leave one core
 * free, which on a machine of two runs one file at a time.
 */
export default defineConfig({
  test: { projects: ['packages/*', 'apps/*', 'tools'], maxWorkers: availableParallelism() },
});
