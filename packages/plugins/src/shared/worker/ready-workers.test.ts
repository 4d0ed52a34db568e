import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Generation, Generator } from '@diptych/plugin-kit';
import { checkGenerator, fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import worker from '../../generators/worker.ts';
import { pythonWithTorch } from '../../testing/python-with-torch.ts';
import { requestOf } from '../../testing/requests.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { helloSchema } from './protocol.ts';
import { pythonFolder, type ReadyWorker, readyNames, readyScript, readyWorkers } from './ready-workers.ts';

const place = temporaryFolder();
const calm = new AbortController().signal;

describe('every ready worker', () => {
  it.each(readyNames)('%s says what the table says, without any package', (name) => {
    const ready: ReadyWorker = readyWorkers[name];
    const script = readyScript(ready.script);
    const printed = execFileSync('python3', [script, ...(ready.args ?? [])], { stdio: ['ignore', 'pipe', 'ignore'] });
    const hello = helloSchema.parse(JSON.parse(printed.toString()));
    expect(hello).toMatchObject({ name, kind: 'generator', traits: { family: ready.family, decoder: ready.decoder } });
    for (const key of ['width', 'height', 'guidance', 'dtype', 'fileFormat']) expect(hello.defaults).toHaveProperty(key);
    for (const key of ['id', 'revision', 'reference', 'licence']) expect(hello.model[key]).toBeTruthy();
    expect(hello.model.repository).toBe(ready.repository);
    expect(hello.defaults.changed).toEqual([]);
    expect(hello.gpuMemory).toMatch(/GB/);
    const requirements = join(pythonFolder, 'workers/requirements', `${ready.script}.txt`);
    const lines = readFileSync(requirements, 'utf8').split('\n');
    for (const line of lines) expect(line).toMatch(/^($|#|-r |[A-Za-z0-9_.-]+==[0-9][\w.]*$)/);
    if (ready.repository) expect(readFileSync(requirements, 'utf8')).toContain(ready.repository);
  });

  it('that needs a checkout says so when it has none', async () => {
    const generator = await worker.create(worker.options.parse({ model: 'bagel' }), fakeContext());
    await expect(generator.generate([requestOf()], calm)).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('git clone https://github.com/ByteDance-Seed/Bagel'),
    });
    await generator[Symbol.asyncDispose]?.();
  });
});

const python = pythonWithTorch();
const onCpu = ['--device', 'cpu', '--dtype', 'float32'];
const small = [...onCpu, '--width', '32', '--height', '32'];
const steps = ['--steps', '2'];

/** Which tiny pipeline stands for which worker's weights, and with what arguments. */
const tiny = {
  'sd35-large': ['sd3', ...small, ...steps],
  'sd35-large-turbo': ['sd3', ...small],
  sdxl: ['sdxl', ...small, ...steps],
  'flux1-dev': ['flux', ...small, ...steps],
  'qwen-image': ['qwen-image', ...small, ...steps],
  'janus-pro': ['janus-pro', ...onCpu],
  emu3: ['emu3', ...onCpu, '--width', '8', '--height', '8'],
} as const;
const jpegStart = Buffer.of(0xff, 0xd8, 0xff);
const pngStart = Buffer.from('\x89PNG', 'latin1');

// Tiny tensors gain nothing from threads.
process.env.OMP_NUM_THREADS = '1';

const optionsOf = (model: keyof typeof tiny) => {
  const [weights, ...args] = tiny[model];
  return { model, python: python.path, args: ['--weights', join(place.path, weights), ...args] };
};
const open = (model: keyof typeof tiny): Promise<Generator> =>
  Promise.resolve(worker.create(worker.options.parse(optionsOf(model)), fakeContext()));
const draw = async (generator: Generator, ...seeds: number[]): Promise<Buffer[]> => {
  const requests = seeds.map((seed, index) => requestOf({ prompt: `a boat in a storm, number ${seed}`, seed, index }));
  return (await generator.generate(requests, calm)).map(bytesOf);
};
const bytesOf = (generation: Generation): Buffer =>
  generation.outcome === 'image' ? Buffer.from(generation.bytes) : expect.unreachable(JSON.stringify(generation));

/** Written once, by the first test that needs them. */
let written = false;
function writeTinyPipelines(): void {
  if (written) return;
  const names = new Set(Object.values(tiny).map(([name]) => name));
  const script = join(pythonFolder, 'testing/tiny_models.py');
  execFileSync(python.path, [script, place.path, ...names], { stdio: 'ignore' });
  written = true;
}

describe('ready workers over tiny random pipelines', () => {
  it.for(Object.keys(tiny) as (keyof typeof tiny)[])(
    '%s draws images that follow the seed and not the batch',
    { timeout: 300_000 },
    async (model, { skip }) => {
      skip(python.absent, python.reason);
      writeTinyPipelines();
      const generator = await open(model);
      try {
        const [first] = await draw(generator, 1);
        const [second] = await draw(generator, 2);
        expect(first!.indexOf(model === 'janus-pro' ? jpegStart : pngStart)).toBe(0);
        expect((await draw(generator, 1))[0]!.equals(first!)).toBe(true);
        expect(first!.equals(second!)).toBe(false);
        if (generator.maxBatch >= 2) {
          const batch = await draw(generator, 2, 1);
          expect(batch[0]!.length).toBe(second!.length);
          expect(batch[1]!.equals(first!)).toBe(true);
        }
        expect(generator.facts).toMatchObject({
          packages: { torch: expect.stringMatching(/^\d/) },
          defaults: { changed: expect.arrayContaining(['dtype']) },
        });
      } finally {
        await generator[Symbol.asyncDispose]?.();
      }
    },
  );

  it('pass the conformance suite', async ({ skip }) => {
    skip(python.absent, python.reason);
    writeTinyPipelines();
    const requests = [requestOf({ seed: 5 }), requestOf({ seed: 6, index: 1 })];
    expect(await checkGenerator(worker, { options: optionsOf('sdxl'), requests })).toEqual([]);
  }, 300_000);
});
