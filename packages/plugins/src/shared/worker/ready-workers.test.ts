import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import worker from '../../generators/worker.ts';
import { drawWithWorker, graphicsCard } from '../../testing/draw-with-worker.ts';
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
    if (!ready.repository) return;
    const cloned = `git clone ${ready.repository} && git -C ${ready.repository.split('/').at(-1)} checkout`;
    expect(readFileSync(requirements, 'utf8')).toContain(`${cloned} ${hello.model.repositoryCommit as string}`);
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
const small = ['--dtype', 'float32', '--width', '32', '--height', '32'];
const steps = ['--steps', '2'];

/** Which tiny pipeline stands for which worker's weights, and with what arguments. */
const tiny = {
  'sd35-large': ['sd3', ...small, ...steps],
  'sd35-large-turbo': ['sd3', ...small],
  sdxl: ['sdxl', ...small, ...steps],
  'flux1-dev': ['flux', ...small, ...steps],
  'flux1-schnell': ['flux', ...small],
  'qwen-image': ['qwen-image', ...small, ...steps],
  'janus-pro': ['janus-pro', '--dtype', 'float32'],
  emu3: ['emu3', '--dtype', 'float32', '--width', '8', '--height', '8'],
} as const;
type Tiny = keyof typeof tiny;
const names = Object.keys(tiny) as Tiny[];

/** Written once, by the first test that needs them. */
let written = false;
function writeTinyPipelines(): void {
  if (written) return;
  const pipelines = new Set(Object.values(tiny).map(([name]) => name));
  const script = join(pythonFolder, 'testing/tiny_models.py');
  execFileSync(python.path, [script, place.path, ...pipelines], { stdio: 'ignore' });
  written = true;
}
const drawTiny = (model: Tiny, device: string): Promise<void> => {
  writeTinyPipelines();
  const [weights, ...args] = tiny[model];
  const options = {
    model,
    python: python.path,
    args: ['--weights', join(place.path, weights), '--device', device, ...args],
  };
  return drawWithWorker(options, model === 'janus-pro' ? 'jpeg' : 'png');
};

describe('ready workers over tiny random pipelines', () => {
  it.for(names)('%s draws what follows the seed, and conforms', { timeout: 300_000 }, async (model, { skip }) => {
    skip(python.absent, python.reason);
    await drawTiny(model, 'cpu');
  });

  it.for(names)('%s does so on a graphics card', { timeout: 300_000 }, async (model, { skip }) => {
    skip(python.absent, python.reason);
    skip(graphicsCard.absent, graphicsCard.reason);
    await drawTiny(model, 'cuda');
  });

  it("of which Emu3 gives its model the tokens of the authors' processor", { timeout: 300_000 }, ({ skip }) => {
    skip(python.absent, python.reason);
    writeTinyPipelines();
    const script = join(pythonFolder, 'testing/emu3_tokens.py');
    const printed = execFileSync('sh', ['-c', '"$0" "$@" 2>&1', python.path, script, join(place.path, 'emu3'), 'a boat'], {
      env: { ...process.env, PYTHONPATH: join(pythonFolder, 'workers') },
      encoding: 'utf8',
    });
    const [prompt, negative] = JSON.parse(printed.trim().split('\n').at(-1)!) as string[][];
    // Emu3Processor: the first token, the text, then the head of the image; the negative prompt has both as well.
    const head = ['<|image start|>', '4', '*', '4', '<|image token|>'];
    expect(prompt!.slice(0, 7)).toEqual(['<bos>', 'a', 'Ġ', 'b', 'o', 'a', 't']);
    expect(prompt!.slice(-13)).toEqual(['q', 'u', 'a', 'l', 'i', 't', 'y', '.', ...head]);
    expect(negative!.slice(0, 7)).toEqual(['<bos>', 'l', 'o', 'w', 'r', 'e', 's']);
    expect(negative!.slice(-12)).toEqual(['b', 'l', 'u', 'r', 'r', 'y', '.', ...head]);
  });
});
