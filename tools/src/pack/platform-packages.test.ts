import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repositoryRoot } from '../repository.ts';
import { stageAddons } from './platform-packages.ts';

const manifest = join(repositoryRoot, 'packages/gpu-kernels/package.json');

describe('the packages of the platforms', () => {
  let folder: string;
  let addons: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'diptych-platforms-'));
    addons = join(folder, 'built');
    mkdirSync(addons);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const stage = (): Promise<readonly string[]> => stageAddons([addons], manifest, join(folder, 'scratch'));
  const write = (platform: string, text = platform): void =>
    writeFileSync(join(addons, `diptych-kernels.${platform}.node`), text);
  const readPackage = (path: string): unknown => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));

  it('are one for each addon, and npm installs each where its platform is', async () => {
    write('linux-x64-gnu');
    write('darwin-arm64');
    const [linux, mac, ...others] = await stage();
    expect(others).toEqual([]);
    const version = '0.1.0';
    const common = { version, license: 'Apache-2.0', engines: { node: '>=24' } };
    expect(readPackage(linux!)).toMatchObject({
      ...common,
      name: '@diptych/gpu-kernels-linux-x64-gnu',
      main: 'diptych-kernels.linux-x64-gnu.node',
      os: ['linux'],
      cpu: ['x64'],
      libc: ['glibc'],
    });
    expect(readPackage(mac!)).toMatchObject({ ...common, os: ['darwin'], cpu: ['arm64'] });
    expect(readFileSync(join(linux!, 'diptych-kernels.linux-x64-gnu.node'), 'utf8')).toBe('linux-x64-gnu');
  });

  it('hold the addon and a word about it', async () => {
    write('win32-x64-msvc');
    const [windows] = await stage();
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--dry-run', '--offline'], { cwd: windows, encoding: 'utf8' }),
    ) as { files: { path: string }[] }[];
    expect(packed!.files.map(({ path }) => basename(path)).sort()).toEqual([
      'README.md',
      'diptych-kernels.win32-x64-msvc.node',
      'package.json',
    ]);
  });

  it('are none where nothing was built', async () => {
    expect(await stage()).toEqual([]);
  });

  it('are refused for an addon of a platform that is not listed', async () => {
    write('freebsd-x64');
    await expect(stage()).rejects.toThrow(/unconfigured targets: diptych-kernels\.freebsd-x64\.node/);
  });
});
