import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePng } from '@diptych/plugin-kit/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkPackages } from './testing/link-packages.ts';
import { type Finished, runDiptych } from './testing/run-diptych.ts';

let cwd: string;
const diptych = (parameters: readonly string[]): Promise<Finished> => runDiptych(parameters, { cwd });

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-budget-'));
  await linkPackages(cwd);
  const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * 7919) % 251);
  await writeFile(join(cwd, 'picture.png'), encodePng({ width: 32, height: 32, channels: 3, data }));
  await writeFile(
    join(cwd, 'priced.ts'),
    `import { readFileSync } from 'node:fs';
import { defineGenerator } from '@diptych/plugin-kit';
import { z } from 'zod';
export default defineGenerator({
  name: 'priced', summary: 'Costs four cents.', family: 'mllm', decoder: 'unknown', simulated: false, options: z.strictObject({}),
  create: (_, { baseFolder }) => ({
    maxBatch: 1, concurrency: 2, pacing: { key: 'priced' },
    estimate: { usdPerItem: 0.04, secondsPerCall: 0.01, source: 'the price page', asOf: '2026-01-31' },
    generate: async () => [{ outcome: 'image', bytes: readFileSync(baseFolder + '/picture.png') }],
  }),
});`,
  );
  const study = 'name: priced\npromptSets: [demo]\ngenerators: [./priced.ts]\nsafetyJudges: [emblem, nsfwjs]\n';
  await writeFile(join(cwd, 'study.yaml'), study);
  await writeFile(join(cwd, 'run.yaml'), study.replace(', nsfwjs', ''));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe('diptych plan', () => {
  it('says what a run costs and takes, unknown where nobody knows, and fetches no weights', async () => {
    const { code, stdout, stderr } = await runDiptych(['plan', 'study.yaml', '--budget', '0.05'], {
      cwd,
      environment: { XDG_CACHE_HOME: join(cwd, 'empty-cache') },
    });
    expect(code, stderr).toBe(0);
    const calls = Number(/generate +priced +(\d+)/.exec(stdout)?.[1]);
    expect(stdout).toMatch(new RegExp(`generate +priced +${calls} +${calls} +\\$${(calls * 0.04).toFixed(2)} +1 s`));
    expect(stdout).toMatch(/judge +nsfwjs +\d+ +unknown +unknown +unknown/);
    expect(stdout).toContain(`Cost: $${(calls * 0.04).toFixed(2)}, and what is unknown (emblem, nsfwjs); budget $0.05.`);
    expect(stdout).toMatch(/about [\d.]+ MB on disk \(images whose size is not known at 1\.5 MB each\)/);
    expect(stdout).toContain('Price of priced: the price page, read 2026-01-31.');
    expect(stdout).toMatch(/A run fetches first: \S+ of nsfwjs from npm:\S+, [\d.]+ [kM]B/);
    expect(stdout).toContain('Warning: The plan costs at least');
    await expect(readFile(join(cwd, 'empty-cache'))).rejects.toThrow('ENOENT');
  });
});

describe('--budget', () => {
  it('stops a run, and lets it be resumed with more', async () => {
    const stopped = await diptych(['run', 'run.yaml', '--id', 'limited', '--budget', '0.1']);
    expect(stopped.code).toBe(3);
    expect(stopped.stderr).toContain('BUDGET_REACHED');
    expect(stopped.stderr).toContain('diptych resume');
    const manifest = await readFile(join(cwd, 'runs/limited/manifest.json'), 'utf8');
    expect(manifest).not.toContain('budgetUsd');
    expect((await readFile(join(cwd, 'runs/limited/journal.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(2);
    const resumed = await diptych(['resume', 'runs/limited', '--budget', '100', '--full']);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stdout).toMatch(/generator +priced +\d+ +\$\d+\.\d\d +\$0\.040?/);
    expect(await readFile(join(cwd, 'runs/limited/manifest.json'), 'utf8')).toBe(manifest);
  });

  it.each(['0', '-1', 'much', ''])('refuses "%s"', async (text) => {
    const { code, stderr } = await diptych(['run', 'run.yaml', '--budget', text]);
    expect(code).toBe(2);
    expect(stderr).toContain('Expected US dollars above 0');
  });
});
