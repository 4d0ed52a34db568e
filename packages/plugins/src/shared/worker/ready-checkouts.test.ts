import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import worker from '../../generators/worker.ts';
import { drawWithWorker, graphicsCard } from '../../testing/draw-with-worker.ts';
import { pythonWithTorch } from '../../testing/python-with-torch.ts';
import { requestOf } from '../../testing/requests.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { pythonFolder } from './ready-workers.ts';

const place = temporaryFolder();
const python = pythonWithTorch();
const checkouts = join(pythonFolder, 'testing/checkouts');
const inWeights = (model: string, name: string): string => join(place.path, model, name);
const small = ['--width', '32', '--height', '32'];
const single = ['--dtype', 'float32'];
const tokenflowFiles = ['--tokenizer', inWeights('tokenflow', 'tokenizer.pt')];

/** Which checkout a worker is over, and with what arguments it draws quickly. */
const models = {
  janus: ['Janus', ...single, ...small, '--imageTokens', '4'],
  bagel: ['Bagel', ...single, ...small, '--steps', '2'],
  tokenflow: ['TokenFlow', ...single, ...tokenflowFiles, '--clip', inWeights('tokenflow', 'ViT-B-16.pt')],
  'vila-u': ['vila-u'],
  'show-o2': ['Show-o', ...single, '--vae', inWeights('show-o2', 'Wan2.1_VAE.pth'), '--steps', '3'],
  omnigen2: ['OmniGen2', ...single, ...small],
  'blip3-o': ['BLIP3o', ...single],
} as const;
type Model = keyof typeof models;
const names = Object.keys(models) as Model[];

/** Written once, by the first test that needs them. */
let written = false;
function writeWeights(): void {
  if (written) return;
  execFileSync(python.path, [join(checkouts, 'weights.py'), place.path, ...names], { stdio: 'ignore' });
  // The digest of the real file of CLIP cannot be met by one of ours.
  const script =
    "import hashlib\nimport tokenflow\ntokenflow.CLIP_SHA256 = hashlib.sha256(b'clip').hexdigest()\ntokenflow.serve(tokenflow.TokenFlow())\n";
  writeFileSync(join(place.path, 'tokenflow.script.py'), script);
  written = true;
}

function optionsOf(model: Model, device: string): z.input<typeof worker.options> {
  const [folder, ...args] = models[model];
  const common = ['--weights', join(place.path, model), '--repo', join(checkouts, folder), '--repoCommit', 'any'];
  const run = { python: python.path, args: [...common, '--device', device, ...args] };
  if (model !== 'tokenflow') return { model, ...run };
  const script = join(place.path, 'tokenflow.script.py');
  return { script, family: 'mllm', decoder: 'vq', environment: ['PYTHONPATH'], ...run };
}

process.env.PYTHONPATH = join(pythonFolder, 'workers');
const draw = (model: Model, device: string): Promise<void> => {
  writeWeights();
  return drawWithWorker(optionsOf(model, device), model === 'janus' ? 'jpeg' : 'png');
};

describe('ready workers over checkouts of ours', () => {
  it.for(names)('%s calls what its authors publish, and conforms', { timeout: 300_000 }, async (model, { skip }) => {
    skip(python.absent, python.reason);
    await draw(model, 'cpu');
  });

  it.for(names)('%s does so on a graphics card', { timeout: 300_000 }, async (model, { skip }) => {
    skip(python.absent, python.reason);
    skip(graphicsCard.absent, graphicsCard.reason);
    await draw(model, 'cuda');
  });
});

describe('TokenFlow', () => {
  it.each([
    ['the file of CLIP', [], 'Run `curl -LO https://'],
    ['the file of CLIP with its digest', ['--clip', join(pythonFolder, 'diptych_worker.py')], 'has the SHA-256'],
  ])('needs %s before it imports anything', async (_, clip, message) => {
    const tokenizer = join(pythonFolder, 'diptych_worker.py');
    const args = ['--tokenizer', tokenizer, ...clip, '--repo', join(checkouts, 'TokenFlow'), '--repoCommit', 'any'];
    const generator = await worker.create(worker.options.parse({ model: 'tokenflow', args }), fakeContext());
    try {
      await expect(generator.generate([requestOf()], new AbortController().signal)).rejects.toMatchObject({
        retryable: false,
        message: expect.stringContaining(message),
      });
    } finally {
      await generator[Symbol.asyncDispose]?.();
    }
  });
});
