import { expect, it } from 'vitest';
import { modelKind } from './known-models.ts';

it.each([
  'stability-ai/stable-diffusion-3.5-large',
  'black-forest-labs/flux-schnell',
  'fal-ai/flux/dev',
  'fal-ai/flux-2-pro',
  'fal-ai/stable-diffusion-v35-large',
  'stabilityai/sdxl',
  'fal-ai/sana',
  'Kwai-Kolors/Kolors',
])('knows %s as a latent diffusion model', (name) => {
  expect(modelKind(name, {})).toEqual({ family: 'diffusion', decoder: 'vae' });
});

it.each(['deepseek-ai/janus-pro-7b', 'fal-ai/bagel', 'fal-ai/imagen4/preview', 'someone/reflux-capacitor', 'a/sanatorium'])(
  'does not guess what %s is',
  (name) => {
    expect(modelKind(name, {})).toBeUndefined();
  },
);

it('lets the user say it', () => {
  expect(modelKind('fal-ai/bagel', { family: 'mllm' })).toEqual({ family: 'mllm', decoder: 'unknown' });
  expect(modelKind('fal-ai/flux/dev', { family: 'mllm', decoder: 'vq' })).toEqual({ family: 'mllm', decoder: 'vq' });
});
