import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { checkStructure } from './check-structure.ts';
import { findCycles } from './structure/check-cycles.ts';
import type { ProjectGraph } from './structure/layers.ts';
import { scanImports } from './structure/scan-imports.ts';

const graph: ProjectGraph = {
  nodes: {
    '@diptych/plugin-kit': { data: { root: 'packages/plugin-kit', tags: ['layer:plugin-kit'] } },
    '@diptych/core': { data: { root: 'packages/core', tags: ['layer:core'] } },
    '@diptych/gpu-kernels': { data: { root: 'packages/gpu-kernels', tags: ['layer:kernels'] } },
    '@diptych/plugins': { data: { root: 'packages/plugins', tags: ['layer:plugin'] } },
    '@diptych/cli': { data: { root: 'apps/cli', tags: ['layer:app'] } },
    '@diptych/web': { data: { root: 'apps/web', tags: ['layer:app'] } },
  },
  dependencies: {},
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function writeFixture(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'diptych-structure-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

const rulesOf = (files: Readonly<Record<string, string>>): string[] =>
  checkStructure(writeFixture(files), graph).map(({ rule, file }) => `${rule} ${file}`);

const lines = (count: number): string => 'export {};\n'.repeat(count);
const detector = 'packages/plugins/src/detectors';

const violations: readonly { name: string; files: Record<string, string>; expected: string }[] = [
  {
    name: 'core importing the kernels',
    files: { 'packages/core/src/a.ts': "import { openRuntime } from '@diptych/gpu-kernels';" },
    expected: 'layer-arrow packages/core/src/a.ts',
  },
  {
    name: 'a plugin importing core, even for a type',
    files: { 'packages/plugins/src/shared/a.ts': "import type { Run } from '@diptych/core';" },
    expected: 'layer-arrow packages/plugins/src/shared/a.ts',
  },
  {
    name: 'a plugin importing the kernels outside its tests',
    files: { 'packages/plugins/src/shared/a.ts': "import { openRuntime } from '@diptych/gpu-kernels';" },
    expected: 'layer-arrow packages/plugins/src/shared/a.ts',
  },
  {
    name: 'an app that is not a library imported by another app',
    files: { 'apps/web/src/a.ts': "import { main } from '@diptych/cli';" },
    expected: 'layer-arrow apps/web/src/a.ts',
  },
  {
    name: 'sharp outside the image folder of core',
    files: { 'packages/core/src/report/a.ts': "const sharp = await import('sharp');" },
    expected: 'reserved-package packages/core/src/report/a.ts',
  },
  {
    name: 'webgpu outside its backend',
    files: { 'packages/gpu-kernels/src/graph/a.ts': "import { create } from 'webgpu';" },
    expected: 'reserved-package packages/gpu-kernels/src/graph/a.ts',
  },
  {
    name: 'a package that the layer does not list',
    files: { 'packages/plugin-kit/src/a.ts': "import { parse } from 'yaml';" },
    expected: 'package-not-allowed packages/plugin-kit/src/a.ts',
  },
  {
    name: 'vitest outside tests',
    files: { 'packages/plugin-kit/src/a.ts': "import { it } from 'vitest';" },
    expected: 'package-not-allowed packages/plugin-kit/src/a.ts',
  },
  {
    name: 'a package that an app does not declare',
    files: { 'apps/cli/src/a.ts': "import chalk from 'chalk';", 'apps/cli/package.json': '{}' },
    expected: 'undeclared-package apps/cli/src/a.ts',
  },
  {
    name: 'a package of the workspace that a project does not declare, even in a test',
    files: { 'apps/web/src/a.test.ts': "import { planRun } from '@diptych/core';", 'apps/web/package.json': '{}' },
    expected: 'undeclared-package apps/web/src/a.test.ts',
  },
  {
    name: 'one plugin importing another',
    files: {
      [`${detector}/a.ts`]: "import b from './b.ts';",
      [`${detector}/a.test.ts`]: '',
      [`${detector}/b.ts`]: '',
      [`${detector}/b.test.ts`]: '',
    },
    expected: `plugin-imports-plugin ${detector}/a.ts`,
  },
  {
    name: 'a plugin without a test',
    files: { [`${detector}/a.ts`]: '' },
    expected: `plugin-test ${detector}/a.ts`,
  },
  {
    name: 'a slow test file without a quick one',
    files: { 'packages/core/src/a.slow.test.ts': '' },
    expected: 'slow-test packages/core/src/a.slow.test.ts',
  },
  {
    name: 'a relative import that leaves its project',
    files: { 'apps/cli/src/a.ts': "import { b } from '../../web/src/b.ts';", 'apps/web/src/b.ts': '' },
    expected: 'leaves-project apps/cli/src/a.ts',
  },
  {
    name: 'a relative import without an extension',
    files: { 'packages/core/src/a.ts': "import { b } from './b';", 'packages/core/src/b.ts': '' },
    expected: 'explicit-extension packages/core/src/a.ts',
  },
  {
    name: 'a relative import of nothing',
    files: { 'packages/core/src/a.ts': "import { b } from './b.ts';" },
    expected: 'missing-file packages/core/src/a.ts',
  },
  {
    name: 'a built-in module without its prefix',
    files: { 'packages/core/src/a.ts': "import { join } from 'path';" },
    expected: 'node-prefix packages/core/src/a.ts',
  },
  {
    name: 'analysis importing collection, even for a type',
    files: {
      'packages/core/src/analysis/measures/a.ts': "import type { Journal } from '../../journal/b.ts';",
      'packages/core/src/journal/b.ts': '',
    },
    expected: 'core-wall packages/core/src/analysis/measures/a.ts',
  },
  {
    name: 'collection importing the report',
    files: { 'packages/core/src/run/a.ts': "import { b } from '../report/b.ts';", 'packages/core/src/report/b.ts': '' },
    expected: 'core-wall packages/core/src/run/a.ts',
  },
  {
    name: 'analysis importing the report',
    files: { 'packages/core/src/analysis/a.ts': "import { b } from '../report/b.ts';", 'packages/core/src/report/b.ts': '' },
    expected: 'core-wall packages/core/src/analysis/a.ts',
  },
  {
    name: 'the ground importing a side',
    files: { 'packages/core/src/text/a.ts': "import { b } from '../run/b.ts';", 'packages/core/src/run/b.ts': '' },
    expected: 'core-wall packages/core/src/text/a.ts',
  },
  {
    name: 'a cycle of value imports',
    files: { 'packages/core/src/a.ts': "import './b.ts';", 'packages/core/src/b.ts': "export * from './a.ts';" },
    expected: 'import-cycle packages/core/src/a.ts',
  },
  {
    name: 'a file over its budget',
    files: { 'packages/core/src/a.ts': lines(401) },
    expected: 'file-length packages/core/src/a.ts',
  },
  {
    name: 'a plugin over the smaller budget of plugins',
    files: { [`${detector}/a.ts`]: lines(251), [`${detector}/a.test.ts`]: '' },
    expected: `file-length ${detector}/a.ts`,
  },
  {
    name: 'a shader over its budget',
    files: { 'packages/gpu-kernels/src/kernels/a.wgsl': '\n//'.repeat(301) },
    expected: 'file-length packages/gpu-kernels/src/kernels/a.wgsl',
  },
  {
    name: 'a page of documentation over its budget',
    files: { 'docs/a.md': 'A line.\n'.repeat(401) },
    expected: 'file-length docs/a.md',
  },
  {
    name: 'the host of a package registry',
    files: { 'docs/a.md': `See https://${['registry', 'npmjs', 'org'].join('.')}/zod.` },
    expected: 'registry-host docs/a.md',
  },
  {
    name: 'a path of the machine it was written on',
    files: { 'docs/a.md': `It lies in ${['', 'work', 'main'].join('/')}.` },
    expected: 'machine-path docs/a.md',
  },
];

describe('structure check', () => {
  it.each(violations)('reports $name, and nothing else', ({ files, expected }) => {
    expect(rulesOf(files)).toEqual([expected]);
  });

  it('accepts a project that keeps the rules', () => {
    const declaring = (...names: readonly string[]): string =>
      JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, '0.1.0'])) });
    const files = {
      'packages/core/package.json': declaring('@diptych/plugin-kit'),
      'packages/plugins/package.json': declaring('@diptych/plugin-kit', '@diptych/gpu-kernels'),
      'apps/cli/package.json': declaring('@diptych/web'),
      'packages/core/src/images/decode.ts': "import sharp from 'sharp';\nimport { readFile } from 'node:fs/promises';",
      'packages/core/src/a.ts': "import { z } from 'zod';\nimport type { B } from './b.ts';",
      'packages/core/src/report/c.ts': "import '../analysis/d.ts';\nimport '../text/e.ts';",
      'packages/core/src/analysis/d.ts': "import '../metrics/f.ts';",
      'packages/core/src/text/e.ts': '',
      'packages/core/src/metrics/f.ts': '',
      'packages/core/src/run/g.test.ts': "import '../report/c.ts';",
      'packages/core/src/b.ts': "import './a.ts';\nimport { DiptychError } from '@diptych/plugin-kit';",
      'packages/plugin-kit/src/testing/index.ts': "import { it } from 'vitest';",
      'packages/plugins/src/shared/c.ts': '',
      [`${detector}/a/index.ts`]: "import './head.ts';\nimport '../../shared/c.ts';",
      [`${detector}/a/head.ts`]: '',
      [`${detector}/a/golden.test.ts`]: "import { openRuntime } from '@diptych/gpu-kernels';\nimport '../../testing/d.ts';",
      'packages/plugins/src/testing/d.ts': "import '../../goldens/e.ts';",
      'packages/plugins/goldens/e.ts': '',
      [`${detector}/a/a.test.ts`]:
        "import { describeDetector } from '@diptych/plugin-kit/testing';\nimport a from './index.ts';",
      'apps/cli/src/main.ts': "import { report } from '@diptych/web';",
      'packages/gpu-kernels/native/src/a.rs': `${'// x\n'.repeat(400)}#[cfg(test)]\n${'// x\n'.repeat(400)}`,
    };
    expect(rulesOf(files)).toEqual([]);
  });

  it('lets a generated page and the stored report of a run be longer than other pages', () => {
    const long = 'A line.\n'.repeat(401);
    expect(
      rulesOf({
        'docs/plugins.md': `# Plugins\n\n<!-- Generated by tools/a.ts. -->\n${long}`,
        'docs/results/corpus/report.md': long,
        'docs/late.md': `${long}Generated by nobody.\n`,
      }),
    ).toEqual(['file-length docs/late.md']);
  });

  it('reports a forbidden arrow between package.json files and a project without a layer', () => {
    const wrong: ProjectGraph = {
      nodes: { ...graph.nodes, '@diptych/odd': { data: { root: 'packages/odd', tags: [] } } },
      dependencies: { '@diptych/core': [{ target: '@diptych/plugins' }], '@diptych/cli': [{ target: '@diptych/core' }] },
    };
    const found = checkStructure(writeFixture({ 'readme.md': '' }), wrong).map(({ rule, file }) => `${rule} ${file}`);
    expect(found).toEqual(['layer-arrow packages/core/package.json', 'layer-tag packages/odd/package.json']);
  });
});

describe('import scanner', () => {
  it('tells type imports from value imports, with lines', () => {
    const source =
      "import type { A } from './a.ts';\nimport {\n  type B,\n  c,\n} from './b.ts';\nexport * from './d.ts';\n";
    expect(scanImports(source)).toEqual([
      { specifier: './a.ts', isType: true, line: 1 },
      { specifier: './b.ts', isType: false, line: 2 },
      { specifier: './d.ts', isType: false, line: 6 },
    ]);
  });

  it('sees side effects, dynamic imports and require, and a default import called type', () => {
    const source = "import 'a';\nawait import('b');\nrequire('c');\nimport type from 'd';";
    expect(scanImports(source).map(({ specifier, isType }) => [specifier, isType])).toEqual([
      ['a', false],
      ['d', false],
      ['b', false],
      ['c', false],
    ]);
  });

  it('ignores comments, templates and quotes inside regular expressions', () => {
    const source = "// import 'a';\n/* import 'b'; */\nconst t = `import 'c';`;\nconst r = /['`]/;\nimport 'd';";
    expect(scanImports(source).map(({ specifier }) => specifier)).toEqual(['d']);
  });
});

describe('import scanner on look-alikes', () => {
  it('ignores methods called require, and code inside strings', () => {
    const source = "attributes.require('mode');\nconst text = \"import 'a';\";\nconst other = 'import(\"b\")';";
    expect(scanImports(source)).toEqual([]);
  });
});

describe('cycle search', () => {
  it('finds each cycle once, whatever node the search starts at', () => {
    const edges = new Map([
      ['c', ['a']],
      ['a', ['b']],
      ['b', ['c']],
      ['d', ['a', 'd']],
    ]);
    expect(findCycles(edges)).toEqual([['a', 'b', 'c'], ['d']]);
  });
});
