import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimNames } from '@diptych/plugin-kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-study-'));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

interface Printed {
  readonly claims: readonly {
    readonly claim: number;
    readonly subject: string;
    readonly verdict: string;
    readonly text: string;
  }[];
  readonly files: readonly string[];
}

describe('diptych study', () => {
  const spectrum = ['spectrum, as-received', 'spectrum, all-recompressed'];
  // With pictures, judges and detectors as a user runs it; the numbers over many seeds are in simulations/, which also
  // runs the templates with pictures where nothing is planted.
  it.each([
    // The second judge looks for real content, of which simulated pictures have none.
    { name: 'unsafe', number: 1, supported: ['emblem'], not: ['nsfwjs'] },
    { name: 'corruption', number: 2, supported: ['emblem'], not: [] },
    { name: 'detect', number: 3, supported: spectrum, not: [] },
    {
      name: 'bypass',
      number: 4,
      supported: spectrum.flatMap((subject) => [
        subject,
        `${subject}, retrained: is it better on MLLMs?`,
        `${subject}, retrained: does it miss other MLLMs?`,
        `${subject}, retrained: do longer prompts evade it again?`,
      ]),
      not: [],
    },
  ])(
    'recovers the planted claim $name from its template, each subject by name, and says it is simulated',
    async ({ name, number, supported, not }) => {
      const { code, stdout, stderr } = await runDiptych(['study', name, '--json', '--id', 'it', '--progress', 'none'], {
        cwd,
      });
      expect(stderr).not.toContain('error');
      expect(code).toBe(0);
      const { claims, files } = JSON.parse(stdout) as Printed;
      expect(new Set(claims.map(({ claim }) => claim))).toEqual(new Set([number]));
      const subjectsOf = (wanted: string) =>
        claims.filter(({ verdict }) => verdict === wanted).map(({ subject }) => subject);
      expect(subjectsOf('supported')).toEqual(supported);
      expect(subjectsOf('not supported')).toEqual(not);
      expect(claims.every(({ text }) => !text.startsWith('The data'))).toBe(true);
      const report = await readFile(join(cwd, files.find((file) => file.endsWith('.md'))!), 'utf8').catch(() =>
        readFile(files.find((file) => file.endsWith('.md'))!, 'utf8'),
      );
      expect(report).toContain('simulated');
    },
    300_000,
  );

  it('refuses a study that cannot test the claim before anything runs, and lists what is missing', async () => {
    await writeFile(join(cwd, 'study.yaml'), 'name: thin\npromptSets: [demo]\ngenerators: [simulated-mllm]\n');
    const { code, stderr } = await runDiptych(['study', 'detect', 'study.yaml'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('CLAIM_NOT_TESTABLE');
    for (const part of ['family diffusion', 'authentic images', 'metadata-only']) expect(stderr).toContain(part);
    await expect(readFile(join(cwd, 'runs'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('knows four claims', async () => {
    const { code, stderr } = await runDiptych(['study', 'everything'], { cwd });
    expect(code).toBe(2);
    for (const name of claimNames) expect(stderr).toContain(name);
  });
});
