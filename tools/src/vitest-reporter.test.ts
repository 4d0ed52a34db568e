import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repositoryRoot } from './repository.ts';
import { totalsVariable, type VitestTotals } from './test/vitest-reporter.ts';

const tests = `import { it } from 'vitest';
it('passes', () => {});
it('fails', () => { throw new Error('on purpose'); });
it('has a note', (context) => context.skip('no GPU here'));
it.skip('is named (skipped: needs 4 cores)', () => {});
it.skip('is silent', () => {});
it.skip('has parentheses (skipped: no Chromium (of any version) here)', () => {});
it.skip('tells the state (here: no adapter)', () => {});
it.skip('tells where (skipped where no addon was built)', () => {});
`;

const crash = `import { it } from 'vitest';
it('crashes', () => { process.kill(process.pid, 'SIGSEGV'); return new Promise(() => {}); }, 20_000);
`;

describe('totals of a Vitest run', () => {
  let root: string;
  let totals: VitestTotals;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'diptych-reporter-'));
    symlinkSync(join(repositoryRoot, 'node_modules'), join(root, 'node_modules'), 'junction');
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(root, 'a.test.ts'), tests);
    writeFileSync(join(root, 'broken.test.ts'), "import './nowhere.ts';\n");
    writeFileSync(join(root, 'crash.test.ts'), crash);
    const output = join(root, 'totals.json');
    const vitest = join(repositoryRoot, 'node_modules/vitest/vitest.mjs');
    const reporter = `--reporter=${join(import.meta.dirname, 'test/vitest-reporter.ts')}`;
    spawnSync(process.execPath, [vitest, 'run', '--root', root, reporter], {
      env: { ...process.env, [totalsVariable]: output },
    });
    totals = JSON.parse(readFileSync(output, 'utf8')) as VitestTotals;
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('count tests that ran and name those that failed', () => {
    expect(totals.ran.map(({ name }) => name).filter((name) => name !== 'crashes')).toEqual(['passes', 'fails']);
    expect(totals.failed.map(({ name }) => name)).toEqual(['fails']);
  });

  it('give the reason of a skip from its note or its name, and none where there is none', () => {
    expect(totals.skipped.map(({ name, reason }) => [name, reason])).toEqual([
      ['has a note', 'no GPU here'],
      ['is named (skipped: needs 4 cores)', 'needs 4 cores'],
      ['is silent', undefined],
      ['has parentheses (skipped: no Chromium (of any version) here)', 'no Chromium (of any version) here'],
      ['tells the state (here: no adapter)', 'no adapter'],
      ['tells where (skipped where no addon was built)', 'skipped where no addon was built'],
    ]);
  });

  it('report a file that could not be loaded, which has no tests to fail', () => {
    expect(totals.errors).toHaveLength(1);
    expect(totals.errors[0]).toContain('nowhere.ts');
  });

  it('name a file whose process a signal ended, apart from errors', () => {
    expect(totals.crashed).toEqual([{ signal: 'SIGSEGV', file: expect.stringMatching(/crash\.test\.ts$/) }]);
  });
});
