import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../testing-fakes/fake-study.ts';
import { load, problemsOf } from '../testing-fakes/load-needy.ts';

describe('where plugins come from', () => {
  const source = (name: string): string =>
    `export default { apiVersion: 1, kind: 'detector', name: '${name}', summary: 's', trainedOn: [], control: false,
       options: { safeParse: (data) => ({ success: true, data }) }, create: () => ({ maxBatch: 1, detect: async () => [] }) };`;

  it('are paths from the study folder and installed modules', async () => {
    const baseFolder = await temporaryFolder();
    await writeFile(join(baseFolder, 'own.ts'), source('own'));
    const folder = join(baseFolder, 'node_modules', 'a-detector');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'main.mjs'), source('packaged'));
    await writeFile(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'a-detector', version: '2.0.1', exports: { '.': { import: './main.mjs' } } }),
    );
    await using loaded = await load({ detectors: ['./own.ts', 'a-detector', 'detector/by-digest'] }, { baseFolder });
    expect(
      loaded.resolved
        .filter(({ kind }) => kind === 'detector')
        .map(({ as, module, packageVersion }) => [as, module, packageVersion]),
    ).toEqual([
      ['own', './own.ts', expect.stringMatching(/^sha256:[0-9a-f]{64}$/)],
      ['packaged', 'a-detector', '2.0.1'],
      ['by-digest', 'built-in', expect.any(String)],
    ]);
  });

  it('say what is wrong with a path or a module', async () => {
    const baseFolder = await temporaryFolder();
    await writeFile(join(baseFolder, 'broken.mjs'), 'export default {');
    const problems = await problemsOf(
      load({ detectors: ['./absent.ts', './broken.mjs', '@no/such-module'] }, { baseFolder }),
    );
    expect(problems.map(({ code }) => code)).toEqual(['PLUGIN_NOT_FOUND', 'PLUGIN_INVALID', 'PLUGIN_NOT_FOUND']);
    expect(problems[2]?.message).toContain('Built in: by-digest');
  });

  it('say what to do about a package that a file imports and that is not there', async () => {
    const baseFolder = await temporaryFolder();
    await writeFile(join(baseFolder, 'theirs.mjs'), "import '@no/such-package';");
    await writeFile(join(baseFolder, 'near.mjs'), "import './absent.mjs';");
    const [theirs, near] = await problemsOf(load({ detectors: ['./theirs.mjs', './near.mjs'] }, { baseFolder }));
    expect(theirs?.message).toContain(`Install @no/such-package in ${baseFolder} or a folder above it.`);
    expect(near?.message).toMatch(/Correct the module\.$/);
  });
});
