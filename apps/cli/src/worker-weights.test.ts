import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Finished, runDiptych } from './testing/run-diptych.ts';

const python = fileURLToPath(new URL('../../../packages/plugins/python', import.meta.url));
const before = 'ab'.repeat(20);
const after = 'cd'.repeat(20);

let cwd: string;
let environment: Record<string, string>;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-weights-'));
  environment = {
    PYTHONPATH: [join(python, 'workers'), join(python, 'testing/hub')].join(':'),
    PYTHONDONTWRITEBYTECODE: '1',
    FAKE_HUB: join(cwd, 'main'),
    HF_HOME: join(cwd, 'cache'),
  };
  await writeFile(environment.FAKE_HUB!, before);
  await writeFile(join(cwd, 'prompts.txt'), 'a boat\na house\na tree\na hill');
  const options = {
    script: join(python, 'testing/downloader.py'),
    family: 'diffusion',
    decoder: 'pixel',
    download: true,
    environment: ['PYTHONPATH', 'PYTHONDONTWRITEBYTECODE', 'FAKE_HUB'],
  };
  const study = {
    name: 'weights',
    promptSets: [{ use: 'txt', options: { path: 'prompts.txt' } }],
    generators: [{ use: 'worker', as: 'downloader', options }],
  };
  await writeFile(join(cwd, 'study.json'), JSON.stringify(study));
});
afterEach(async () => {
  await rm(cwd, { recursive: true, force: true });
});

const diptych = (...parameters: string[]): Promise<Finished> => runDiptych(parameters, { cwd, environment });
async function revisionIn(run: string): Promise<unknown> {
  const manifest = JSON.parse(await readFile(join(cwd, 'runs', run, 'manifest.json'), 'utf8')) as {
    plugins: { kind: string; facts?: { model: { revision: string } } }[];
  };
  return manifest.plugins.find(({ kind }) => kind === 'generator')?.facts?.model.revision;
}

describe('a worker that downloads its weights', () => {
  it('names their commit before the first download, and a resumed run is the same run', async () => {
    const run = await diptych('run', 'study.json', '--id', 'w');
    expect(run.code, run.stderr).toBe(0);
    expect(await revisionIn('w')).toBe(before);
    // The branch moves on; the run keeps to its commit.
    await writeFile(environment.FAKE_HUB!, after);
    const resumed = await diptych('resume', 'runs/w');
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(await revisionIn('w')).toBe(before);
  }, 60_000);

  it('lets shards be merged, of which one downloaded and one found the weights', async () => {
    for (const shard of ['1/2', '2/2']) {
      const { code, stderr } = await diptych('run', 'study.json', '--shard', shard, '--id', `s${shard[0]}`);
      expect(code, stderr).toBe(0);
    }
    const merged = await diptych('merge', 'runs/all', 'runs/s1', 'runs/s2');
    expect(merged.code, merged.stderr).toBe(0);
    expect(await revisionIn('all')).toBe(before);
  }, 60_000);

  it('is told before the run when the hub cannot be asked', async () => {
    await rm(environment.FAKE_HUB!);
    const { code, stderr } = await diptych('plan', 'study.json');
    expect(code).not.toBe(0);
    expect(stderr).toContain('WORKER_UNAVAILABLE');
    expect(stderr).toContain('give --revision COMMIT');
  }, 60_000);
});
