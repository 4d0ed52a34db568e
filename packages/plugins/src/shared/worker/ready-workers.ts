/**
 * The workers that come with Diptych, by the name a study gives them: what each is, and what the models' authors publish
 * of its use. docs/guides/python-workers.md is the table in words.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Decoder, Family } from '@diptych/plugin-kit';

/** Folder of the SDK and, below it, of the ready workers. */
export const pythonFolder = fileURLToPath(new URL('../../../python', import.meta.url));

export interface ReadyWorker {
  /** File in packages/plugins/python/workers, without its ending; also of its requirements. */
  readonly script: string;
  /** Arguments that choose among the models of one script. */
  readonly args?: readonly string[];
  readonly family: Family;
  readonly decoder: Decoder;
  /** The model's own repository, where it is needed on the machine: `args: [--repo, PATH]`. */
  readonly repository?: string;
  /** Model card. */
  readonly reference: string;
}

const hub = 'https://huggingface.co';

export const readyWorkers = {
  'sd35-large': {
    script: 'sd35_large',
    family: 'diffusion',
    decoder: 'vae',
    reference: `${hub}/stabilityai/stable-diffusion-3.5-large`,
  },
  'sd35-large-turbo': {
    script: 'sd35_large_turbo',
    family: 'diffusion',
    decoder: 'vae',
    reference: `${hub}/stabilityai/stable-diffusion-3.5-large-turbo`,
  },
  sdxl: {
    script: 'sdxl',
    family: 'diffusion',
    decoder: 'vae',
    reference: `${hub}/stabilityai/stable-diffusion-xl-base-1.0`,
  },
  'flux1-dev': {
    script: 'flux1',
    args: ['--variant', 'dev'],
    family: 'diffusion',
    decoder: 'vae',
    reference: `${hub}/black-forest-labs/FLUX.1-dev`,
  },
  'flux1-schnell': {
    script: 'flux1',
    args: ['--variant', 'schnell'],
    family: 'diffusion',
    decoder: 'vae',
    reference: `${hub}/black-forest-labs/FLUX.1-schnell`,
  },
  'qwen-image': { script: 'qwen_image', family: 'diffusion', decoder: 'vae', reference: `${hub}/Qwen/Qwen-Image` },
  omnigen2: {
    script: 'omnigen2',
    family: 'mllm',
    decoder: 'flow',
    repository: 'https://github.com/VectorSpaceLab/OmniGen2',
    reference: `${hub}/OmniGen2/OmniGen2`,
  },
  janus: {
    script: 'janus',
    family: 'mllm',
    decoder: 'vq',
    repository: 'https://github.com/deepseek-ai/Janus',
    reference: `${hub}/deepseek-ai/Janus-1.3B`,
  },
  'janus-pro': { script: 'janus_pro', family: 'mllm', decoder: 'vq', reference: `${hub}/deepseek-ai/Janus-Pro-7B` },
  bagel: {
    script: 'bagel',
    family: 'mllm',
    decoder: 'flow',
    repository: 'https://github.com/ByteDance-Seed/Bagel',
    reference: `${hub}/ByteDance-Seed/BAGEL-7B-MoT`,
  },
  tokenflow: {
    script: 'tokenflow',
    family: 'mllm',
    decoder: 'vq',
    repository: 'https://github.com/ByteFlow-AI/TokenFlow',
    reference: `${hub}/ByteFlow-AI/TokenFlow-t2i`,
  },
  'vila-u': {
    script: 'vila_u',
    family: 'mllm',
    decoder: 'vq',
    repository: 'https://github.com/mit-han-lab/vila-u',
    reference: `${hub}/mit-han-lab/vila-u-7b-256`,
  },
  'show-o2': {
    script: 'show_o2',
    family: 'mllm',
    decoder: 'flow',
    repository: 'https://github.com/showlab/Show-o',
    reference: `${hub}/showlab/show-o2-7B`,
  },
  emu3: { script: 'emu3', family: 'mllm', decoder: 'vq', reference: `${hub}/BAAI/Emu3-Gen` },
  'blip3-o': {
    script: 'blip3_o',
    family: 'mllm',
    decoder: 'flow',
    repository: 'https://github.com/JiuhaiChen/BLIP3o',
    reference: `${hub}/BLIP3o/BLIP3o-Model-8B`,
  },
} as const satisfies Record<string, ReadyWorker>;

export const readyNames = Object.keys(readyWorkers) as [keyof typeof readyWorkers, ...(keyof typeof readyWorkers)[]];

/** A ready worker's script. */
export const readyScript = (name: string): string => join(pythonFolder, 'workers', `${name}.py`);
