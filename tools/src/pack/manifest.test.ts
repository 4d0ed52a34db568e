import { expect, it } from 'vitest';
import { type Manifest, packedManifest } from './manifest.ts';

const manifest = {
  name: '@diptych/some',
  version: '1.2.3',
  private: true,
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: '>=24' },
  exports: { '.': './src/index.ts', './testing': './src/testing/index.ts' },
  nx: { tags: [] },
  dependencies: { zod: '4.6.7' },
  devDependencies: { vitest: '5.1.1' },
} as Manifest;
const packed = { isBundled: false, optional: [], isThere: () => true };

it('points to JavaScript and declarations, and keeps nothing of the workspace', () => {
  expect(packedManifest(manifest, packed)).toEqual({
    name: '@diptych/some',
    version: '1.2.3',
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=24' },
    exports: {
      '.': { types: './src/index.d.ts', default: './src/index.js' },
      './testing': { types: './src/testing/index.d.ts', default: './src/testing/index.js' },
    },
    dependencies: { zod: '4.6.7' },
  });
});

it('leaves out entrances whose code is not packed', () => {
  const { exports } = packedManifest(manifest, { ...packed, isThere: (file) => !file.includes('testing') });
  expect(Object.keys(exports)).toEqual(['.']);
});

it('needs nothing where the code holds what it depends on, and only that code is an entrance', () => {
  const web = { ...manifest, exports: { '.': { types: './src/index.ts', default: './dist/index.js' } } };
  const { dependencies, exports } = packedManifest(web, { ...packed, isBundled: true });
  expect(dependencies).toBeUndefined();
  expect(exports).toEqual({ '.': { default: './dist/index.js' } });
});

it('names the addons of platforms as optional, in its own version', () => {
  const { optionalDependencies } = packedManifest(manifest, { ...packed, optional: ['@diptych/some-linux-x64-gnu'] });
  expect(optionalDependencies).toEqual({ '@diptych/some-linux-x64-gnu': '1.2.3' });
});
