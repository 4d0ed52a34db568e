import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'gpu-kernels',
    include: ['src/**/*.test.ts', 'goldens/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
