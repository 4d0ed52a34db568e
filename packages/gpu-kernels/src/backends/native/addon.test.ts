import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAddon } from './addon.ts';

const generated = fileURLToPath(new URL('../../../native/addon/loader.gen.cjs', import.meta.url));

describe('the addon of a platform', () => {
  let folder: string;
  let loader: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'diptych-addon-'));
    loader = join(folder, 'loader.gen.cjs');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const functions = ['cpuName', 'bfloat16Parts', 'checkPlan', 'compilePlan', 'disposePlan'];
  /** What a package of another platform's compiler could give: functions of these names, and a version. */
  const writeAddon = (path: string, version: string, names = functions): void =>
    writeFileSync(
      path,
      `exports.version = () => '${version}'; for (const name of ${JSON.stringify(names)}) exports[name] = () => name;`,
    );

  it('is the npm package of this platform where none was built here', () => {
    copyFileSync(generated, loader);
    const name = /the package (\S+) is not installed/.exec(messageOf(() => loadAddon(loader)))![1]!;
    const installed = join(folder, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
    writeFileSync(join(installed, 'package.json'), JSON.stringify({ name, version: '0.1.0', main: 'addon.js' }));
    writeAddon(join(installed, 'addon.js'), '0.1.0');
    expect(loadAddon(loader).cpuName()).toBe('cpuName');
  });

  it('says what to do where there is neither a package nor a built addon', () => {
    copyFileSync(generated, loader);
    expect(messageOf(() => loadAddon(loader, true))).toMatch(
      /^addon absent: the package @diptych\/gpu-kernels-\S+ is not installed, and none was built here: run `npm run setup` with cargo installed$/,
    );
  });

  it('asks for the package where there are no sources to build', () => {
    copyFileSync(generated, loader);
    expect(messageOf(() => loadAddon(loader, false))).toMatch(
      /^addon absent: the package @diptych\/gpu-kernels-\S+ is not installed; install it beside @diptych\/gpu-kernels, in the same version$/,
    );
  });

  it('says why a file that is there does not load', () => {
    copyFileSync(generated, loader);
    const [, platform] = /gpu-kernels-(\S+) is not/.exec(messageOf(() => loadAddon(loader)))!;
    const broken = join(folder, `diptych-kernels.${platform}.node`);
    writeFileSync(broken, 'not a library');
    const message = messageOf(() => loadAddon(loader, true));
    expect(message).toMatch(/^addon does not load: .+; run `npm run setup` to build it for this machine$/);
    expect(message).toContain(broken);
  });

  it('does not take one of another version', () => {
    writeAddon(loader, '9.9.9');
    expect(() => loadAddon(loader, true)).toThrow(
      'addon is of version 9.9.9, not 0.1.0: run `npm run setup` to build it anew',
    );
    expect(() => loadAddon(loader, false)).toThrow(/: install its package in the version of @diptych\/gpu-kernels$/);
  });

  it('does not take one that was built before the sources changed', () => {
    writeAddon(loader, '0.1.0', ['cpuName', 'checkPlan', 'compilePlan', 'disposePlan']);
    expect(() => loadAddon(loader, true)).toThrow(/it lacks bfloat16Parts: run `npm run setup`/);
  });

  it('has the version of its npm package, which the crate repeats', () => {
    const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(/^version = "(.+)"$/m.exec(read('native/Cargo.toml'))?.[1]).toBe(version);
  });
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    return (error as Error).message;
  }
  throw new Error('Expected an error, received none.');
}
