import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addonTarget, loadAddon } from './addon.ts';

const native = fileURLToPath(new URL('../../../native/', import.meta.url));
const built = join(native, `artifacts/diptych-kernels.${process.platform}-${process.arch}.node`);
const name = `@diptych/gpu-kernels-${addonTarget()}`;

describe('the addon of a platform', () => {
  let folder: string;
  let from: URL;
  let installed: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'diptych-addon-'));
    from = pathToFileURL(join(folder, 'index.js'));
    installed = join(folder, 'node_modules', name);
    mkdirSync(installed, { recursive: true });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.skipIf(!existsSync(built))('loads from the tarball of its package (skipped where no addon was built)', () => {
    const made = join(folder, 'package');
    execFileSync(process.execPath, [join(native, 'package.mjs'), made]);
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--json', '--offline', '--pack-destination', folder], { cwd: made, encoding: 'utf8' }),
    ) as { filename: string; files: { path: string }[] }[];
    expect(packed!.files.map(({ path }) => path).sort()).toEqual([
      'README.md',
      `diptych-kernels.${addonTarget()}.node`,
      'package.json',
    ]);
    execFileSync('tar', ['-xzf', join(folder, packed!.filename), '-C', installed, '--strip-components', '1']);

    expect(loadAddon(from, '/absent.node').cpuName()).toMatch(/thread/);
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect(manifest).toMatchObject({ os: [process.platform], cpu: [process.arch] });
  });

  it('says what to do where there is neither a package nor a built addon', () => {
    expect(() => loadAddon(from, '/absent.node')).toThrow(
      `addon absent: the package ${name} is not installed, and none was built here: run \`npm run setup\` with cargo installed`,
    );
  });

  it('asks for the package where there are no sources to build', () => {
    expect(() => loadAddon(from, '/absent/artifacts/absent.node')).toThrow(
      `addon absent: the package ${name} is not installed; install it beside @diptych/gpu-kernels, in the same version`,
    );
  });

  it('does not load a package of another version', () => {
    writeFileSync(join(installed, 'package.json'), JSON.stringify({ name, version: '9.9.9', main: 'x.node' }));
    expect(() => loadAddon(from, '/absent.node')).toThrow(/is of version 9\.9\.9, not 0\.1\.0, and none was built here/);
  });

  it('does not take one that was built before the sources changed', () => {
    const old = join(folder, 'old.cjs');
    writeFileSync(
      old,
      'for (const name of ["cpuName", "checkPlan", "compilePlan", "disposePlan"]) exports[name] = () => {};',
    );
    expect(() => loadAddon(from, old)).toThrow(
      'addon is of another version, it lacks bfloat16Parts: run `npm run setup` to build it anew',
    );
  });
});
