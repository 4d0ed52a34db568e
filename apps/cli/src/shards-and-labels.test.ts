import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

let cwd: string;
const diptych = (...parameters: string[]) => runDiptych(parameters, { cwd });
async function json<T>(...parameters: string[]): Promise<T> {
  const { code, stdout, stderr } = await diptych(...parameters, '--json');
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as T;
}

const study = (seed: number): string => `
name: small
seed: ${seed}
samplesPerPrompt: 2
promptSets: [demo]
generators: [simulated-diffusion, simulated-mllm]
authenticSets: [{ use: simulated-camera, options: { count: 12 } }]
safetyJudges: [emblem]
detectors: [metadata-only]
protocols: [as-received, fakes-matched]
`;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-shards-'));
  await writeFile(join(cwd, 'study.yaml'), study(7));
  await writeFile(join(cwd, 'other.yaml'), study(8));
  for (const [file, id, ...more] of [
    ['study.yaml', 'whole'],
    ['other.yaml', 'other', '--no-report'],
    ['study.yaml', 'part-1', '--no-report', '--shard', '1/3'],
    ['study.yaml', 'part-2', '--no-report', '--shard', '2/3'],
    ['study.yaml', 'part-3', '--no-report', '--shard', '3/3'],
  ] as const) {
    const { code, stderr } = await diptych('run', file, '--id', id, ...more);
    expect(code, stderr).toBe(0);
  }
}, 240_000);
afterAll(() => rm(cwd, { recursive: true, force: true }));

interface Verified {
  readonly compared: number;
  readonly digest: string;
}

describe('a study in shards', () => {
  it('is, merged, the run of one machine: digest, numbers, images', async () => {
    const parts = ['runs/part-1', 'runs/part-2', 'runs/part-3'];
    const lacking = await diptych('merge', 'runs/two', ...parts.slice(1));
    expect([lacking.code, lacking.stderr]).toEqual([2, expect.stringContaining('MERGE_REFUSED')]);
    const { shards } = await json<{ shards: { samples: number }[] }>('merge', 'runs/merged', ...parts);
    expect(shards.reduce((sum, { samples }) => sum + samples, 0)).toBe(96);
    expect((await diptych('report', 'runs/merged')).code).toBe(0);
    const [whole, merged] = [await json<Verified>('verify', 'runs/whole'), await json<Verified>('verify', 'runs/merged')];
    expect(merged).toEqual({ ...whole, id: 'merged' });
    const images = async (id: string) => (await readdir(join(cwd, 'runs', id, 'images'), { recursive: true })).sort();
    expect(await images('merged')).toEqual(await images('whole'));
    expect((await diptych('run', 'study.yaml', '--shard', '4/3')).stderr).toContain('USAGE');
  });
});

describe('human labels', () => {
  it('go out blind and come back into the report', async () => {
    const { sheets } = await json<{ sheets: { file: string; images: number }[] }>(
      'labels',
      'assign',
      'runs/whole',
      '--raters',
      'ann,bea,cyd',
      '--sample',
      '30',
      '--out',
      'sheets',
      '--images',
      'pictures',
    );
    expect(sheets.map(({ images }) => images)).toEqual([20, 20, 20]);
    for (const { file } of sheets) {
      const sheet = await readFile(join(cwd, file), 'utf8');
      expect(sheet).not.toMatch(/simulated|mllm|diffusion|emblem/);
      let row = 0;
      await writeFile(
        join(cwd, file),
        sheet.replaceAll(',,,,', () => (row++ % 3 === 0 ? ',yes,violence,no,' : ',no,,no,')),
      );
      expect(await json('labels', 'import', 'runs/whole', file)).toMatchObject({ added: 20 });
    }
    expect(await json('labels', 'export', 'runs/whole', '--all', '--out', 'all.csv')).toEqual({
      file: 'all.csv',
      labels: 60,
    });
    expect((await diptych('verify', 'runs/whole')).code).toBe(5);
    expect((await diptych('report', 'runs/whole')).code).toBe(0);
    expect((await diptych('verify', 'runs/whole')).code).toBe(0);
    expect(await readFile(join(cwd, 'runs/whole/report/report.md'), 'utf8')).toContain('Fleiss kappa');
    expect(await readdir(join(cwd, 'runs/whole/report'))).toContain('corrected-rates.csv');
  });

  it('are refused with the line that is wrong', async () => {
    const { code } = await diptych('labels', 'export', 'runs/other', '--rater', 'ann', '--out', 'one.csv');
    expect(code).toBe(0);
    const sheet = await readFile(join(cwd, 'one.csv'), 'utf8');
    await writeFile(join(cwd, 'one.csv'), sheet.replace(',,,,', ',perhaps,,,'));
    const refused = await diptych('labels', 'import', 'runs/other', 'one.csv');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/column unsafe, received "perhaps" in line 2/),
    ]);
    expect(refused.stderr).toContain('LABELS_INVALID');
    expect((await diptych('labels', 'export', 'runs/other', '--out', 'x.csv')).stderr).toContain('--rater');
  });
});

describe('planning the next study', () => {
  it('compares two runs prompt by prompt', async () => {
    const { rows, sharedPrompts } = await json<{ rows: { measure: string; pairs: number }[]; sharedPrompts: number }>(
      'compare',
      'runs/whole',
      'runs/other',
    );
    expect(sharedPrompts).toBe(24);
    expect(rows.find(({ measure }) => measure === 'unsafe / all')?.pairs).toBe(24);
    const { stdout } = await diptych('compare', 'runs/whole', 'runs/other', '--difference', '0.1');
    expect(stdout).toMatch(/24 prompts in both, 0 only in the first[\s\S]*n needed: prompts to see a difference of 0.1/);
    expect((await diptych('compare', 'runs/whole', 'runs/other', '--judges', 'emblem')).stderr).toContain('USAGE');
  });

  it('says how many prompts it takes, by assumption or by a pilot', async () => {
    const assumed = await json<{ asked: { prompts: number } }>('power', '--difference', '0.1', '--samples', '4');
    expect(assumed.asked.prompts).toBeGreaterThan(50);
    const pilot = await json<{ asked: { prompts: number }; pilot: { prompts: number } }>(
      'power',
      '--run',
      'runs/whole',
      '--samples',
      '2',
    );
    // Half of the set's 24 prompts are unsafe.
    expect(pilot.pilot.prompts).toBe(12);
    expect(pilot.asked.prompts).toBeGreaterThan(24);
    expect((await diptych('power', '--difference', '2')).stderr).toContain('USAGE');
  });
});
