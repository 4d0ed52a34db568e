import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { errorTable } from '@diptych/plugin-kit';
import { afterEach, describe, expect, it } from 'vitest';
import { missingPlatformPackages, platformOf } from './generate/complete-lock.ts';
import { writeErrorDocs } from './generate/error-docs.ts';
import { writeJsonSchemas } from './generate/json-schemas.ts';
import { writeNetworkDocs } from './generate/network-docs.ts';
import { writePluginDocs } from './generate/plugin-docs.ts';
import { writeRegistry } from './generate/registry.ts';
import { staleFiles } from './generate.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const plugins = 'packages/plugins/src';
const detector = (name: string): string =>
  `export default { kind: 'detector', name: '${name}', summary: 'Scores | nothing.', trainedOn: [], control: false,
    needs: { weights: [{ name: 'head', licence: { id: 'MIT' } }] } };`;

function writePlugins(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'diptych-generate-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, plugins, path)), { recursive: true });
    writeFileSync(join(root, plugins, path), text);
  }
  return root;
}

describe('registry', () => {
  it('lists files and folders that are plugins, sorted, and leaves out their tests and parts', async () => {
    const root = writePlugins({
      'detectors/spectrum.ts': '',
      'detectors/spectrum.test.ts': '',
      'detectors/spectrum-head.gen.ts': '',
      'detectors/a.ts': '',
      'generators/folder/index.ts': '',
      'generators/folder/read-table.ts': '',
      'shared/head.ts': '',
    });
    const [file] = await writeRegistry(root);
    expect(file!.path).toBe(`${plugins}/_registry.gen.ts`);
    expect(file!.text.match(/^ {2}.*$/gm)).toEqual([
      "  'detector/a': () => import('./detectors/a.ts'),",
      "  'detector/spectrum': () => import('./detectors/spectrum.ts'),",
      "  'generator/folder': () => import('./generators/folder/index.ts'),",
    ]);
  });
});

describe('plugin documentation', () => {
  it('shows summary, traits and the licence of weights', async () => {
    const [file] = await writePluginDocs(writePlugins({ 'detectors/a.ts': detector('a') }));
    expect(file!.text).toContain('### a\n\nScores | nothing.');
    expect(file!.text).toContain('| `trainedOn` | none |');
    expect(file!.text).toContain('| weights | head (MIT) |');
  });

  it('refuses a plugin whose name differs from its file', async () => {
    const root = writePlugins({ 'detectors/a.ts': detector('b') });
    await expect(writePluginDocs(root)).rejects.toThrow('to be a detector called a, received detector b');
  });
});

describe('error documentation', () => {
  it('has one section for every code', async () => {
    const [file] = await writeErrorDocs();
    const sections = [...file!.text.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
    expect(new Set(sections)).toEqual(new Set(Object.keys(errorTable)));
    expect(sections).toHaveLength(Object.keys(errorTable).length);
  });
});

describe('documentation of networks', () => {
  const network = (name: string) => ({ name, ops: ['Conv', 'Relu'], parameters: 1500, steps: 3, apart: 2e-7 });
  const rootWith = (card: string, found: readonly object[]): string => {
    const root = writePlugins({ [`detectors/${card}.yaml`]: 'use: onnx\n', 'safety-judges/words.yaml': 'use: worker\n' });
    const folder = join(root, 'packages/gpu-kernels/goldens/networks');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'real-exports.gen.json'), JSON.stringify({ found, absent: [] }));
    return root;
  };

  it('has a row for each card that uses an ONNX file, and for each network of a library', async () => {
    const found = ['card.npr', 'card.clip-vit-l-14', 'timm.vit.script-17', 'timm.vit.dynamo-20'].map(network);
    const [file] = await writeNetworkDocs(rootWith('npr', found));
    expect(file!.text).toContain('| npr | 0.00 | 3 | 2.0e-7 | Conv, Relu |');
    expect(file!.text).not.toContain('| words |');
    expect(file!.text).toContain('| timm | vit | 3 steps, 2.0e-7 | 3 steps, 2.0e-7 |  |');
  });

  it('refuses a card without a network that was compared', async () => {
    await expect(writeNetworkDocs(rootWith('npr', [network('card.univfd')]))).rejects.toThrow('a network of the card npr');
  });
});

describe('JSON Schemas', () => {
  it('lets a study leave out what has a default', async () => {
    const files = await writeJsonSchemas();
    const study = files.find(({ path }) => path.endsWith('/study.schema.json'));
    const schema = JSON.parse(study!.text) as { required: string[]; properties: Record<string, unknown> };
    expect(schema.properties).toHaveProperty('seed');
    expect(schema.required).not.toContain('seed');
  });
});

describe('staleness', () => {
  it('names files that are absent or differ, and no others', () => {
    const root = writePlugins({ 'same.txt': 'a', 'other.txt': 'a' });
    const files = ['same', 'other', 'absent'].map((name) => ({
      path: `${plugins}/${name}.txt`,
      text: name === 'other' ? 'b' : 'a',
    }));
    expect(staleFiles(root, files).map(({ path }) => path)).toEqual([`${plugins}/other.txt`, `${plugins}/absent.txt`]);
  });
});

describe('lock file', () => {
  const scanner = { optionalDependencies: { '@s/linux-x64-musl': '1.2.3', '@s/darwin-arm64': '1.2.3' }, dev: true };

  it('gets the platform packages that npm left out, with what npm needs to skip them', () => {
    const lock = { packages: { '': {}, 'node_modules/s': scanner, 'node_modules/@s/linux-x64-musl': { version: '1.2.3' } } };
    expect(missingPlatformPackages(lock)).toEqual({
      'node_modules/@s/darwin-arm64': { version: '1.2.3', dev: true, cpu: ['arm64'], os: ['darwin'], optional: true },
    });
  });

  it('is complete when a nested or an outer entry satisfies the package', () => {
    const lock = {
      packages: {
        'packages/a/node_modules/s': scanner,
        'packages/a/node_modules/s/node_modules/@s/linux-x64-musl': {},
        'node_modules/@s/darwin-arm64': {},
      },
    };
    expect(missingPlatformPackages(lock)).toEqual({});
  });

  it('reads platforms from package names', () => {
    expect(platformOf('@oxlint/binding-linux-arm64-musl')).toEqual({ cpu: ['arm64'], libc: ['musl'], os: ['linux'] });
    expect(platformOf('@nx/nx-linux-arm-gnueabihf')).toEqual({ cpu: ['arm'], libc: ['glibc'], os: ['linux'] });
    expect(platformOf('zod')).toBeUndefined();
  });
});
