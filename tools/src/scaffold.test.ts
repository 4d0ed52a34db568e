import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pluginKinds } from '@diptych/plugin-kit';
import { afterEach, describe, expect, it } from 'vitest';
import { checkOp, enterOp, fileNameOf } from '../generators/op.mjs';
import { pluginFiles } from '../generators/plugin.mjs';
import { repositoryRoot } from './repository.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const readTemplate = (file: string): string =>
  readFileSync(join(repositoryRoot, 'apps/cli/templates/plugins', file), 'utf8');

describe('scaffolded plugins', () => {
  it('lie where the registry looks for them, test beside code, named as asked', () => {
    const files = pluginFiles('detector', 'my-patch', readTemplate);
    expect(Object.keys(files)).toEqual([
      'packages/plugins/src/detectors/my-patch.ts',
      'packages/plugins/src/detectors/my-patch.test.ts',
    ]);
    expect(Object.values(files).join('')).toContain("name: 'my-patch'");
    expect(Object.values(files).join('')).not.toContain('{{');
  });

  it.each(['My-Patch', '2d', 'a/b', '../a', 'a_b', ''])('refuse the name "%s"', (name) => {
    expect(() => pluginFiles('detector', name, readTemplate)).toThrow('Expected a kebab-case name');
  });

  it('type-check, for every kind', () => {
    const root = scaffoldAll();
    expect(run(root, 'typescript/bin/tsc', '-p', '.')).toBe('');
  });

  it('pass the conformance suite of their kind before anything is filled in', () => {
    const output = run(scaffoldAll(), 'vitest/vitest.mjs', 'run', '--root', '.');
    expect(output).toContain(`${pluginKinds.length} passed (${pluginKinds.length})`);
    expect(output).not.toMatch(/failed|skipped/);
  });
});

describe('scaffolded ops', () => {
  it('are entered in the op table of this repository at their place in the order', () => {
    const table = readFileSync(join(repositoryRoot, 'packages/gpu-kernels/src/graph/op-table.ts'), 'utf8');
    const entered = enterOp(table, 'HardSigmoid');
    const entries = [...entered.matchAll(/^ {2}(\w+),$/gm)].map((match) => match[1]!);
    expect(entries).toEqual(entries.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(entries).toContain('HardSigmoid');
    expect(entered).toContain("import { HardSigmoid } from './ops/hard-sigmoid.ts';");
    expect(entered.split('\n')).toHaveLength(table.split('\n').length + 2);
    expect(() => enterOp(entered, 'HardSigmoid')).toThrow('is in the op table already');
  });

  it('have file names in kebab case', () => {
    expect(['Relu', 'HardSigmoid', 'LRN', 'GRUCell', 'Conv2D'].map(fileNameOf)).toEqual([
      'relu',
      'hard-sigmoid',
      'lrn',
      'gru-cell',
      'conv2-d',
    ]);
  });

  it('have ONNX names', () => {
    expect(() => checkOp('hard-sigmoid')).toThrow('Expected the ONNX name of an op');
  });
});

/** A project of its own with one plugin of every kind, as the templates give them. */
function scaffoldAll(): string {
  const root = mkdtempSync(join(tmpdir(), 'diptych-scaffold-'));
  folders.push(root);
  symlinkSync(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'), 'junction');
  const types = [join(repositoryRoot, 'node_modules/@types')];
  const base = join(repositoryRoot, 'tsconfig.base.json');
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ type: 'module' }),
    'tsconfig.json': JSON.stringify({ extends: base, compilerOptions: { typeRoots: types }, include: ['packages'] }),
  };
  for (const kind of pluginKinds) Object.assign(files, pluginFiles(kind, 'sample', readTemplate));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

function run(folder: string, script: string, ...args: string[]): string {
  const path = join(repositoryRoot, 'node_modules', script);
  const environment = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' };
  const result = spawnSync(process.execPath, [path, ...args], { encoding: 'utf8', cwd: folder, env: environment });
  return `${result.stdout}${result.stderr}`;
}
