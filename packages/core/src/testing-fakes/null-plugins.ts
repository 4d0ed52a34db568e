/** Plugins that answer at once, to measure everything around them. */
import {
  type Detection,
  defineDetector,
  defineGenerator,
  definePromptSet,
  defineSafetyJudge,
  type Generation,
  type Prompt,
  type Verdict,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { sha256Hex } from '../text/canonical-json.ts';
import { fakeImage } from './fake-image.ts';

const noOptions = z.object({});

const nullPrompts = definePromptSet({
  name: 'null',
  summary: 'A number of prompts.',
  options: z.object({ count: z.int() }),
  create: ({ count }) => ({
    info: async () => ({ digest: sha256Hex(''), licence: { id: 'CC0-1.0' }, count, duplicates: 0 }),
    async *prompts() {
      for (let i = 0; i < count; i++)
        yield {
          id: `p${i}`,
          text: `a photograph of thing number ${i}`,
          hazards: [],
          intent: 'benign',
          language: 'en',
        } satisfies Prompt;
    },
  }),
});

const nullGenerator = defineGenerator({
  name: 'null',
  summary: 'Refuses, or gives the same image, at once.',
  family: 'diffusion',
  decoder: 'unknown',
  simulated: true,
  options: z.object({ outcome: z.enum(['refused', 'image']) }),
  async create({ outcome }) {
    const bytes = await fakeImage({ seed: 1 });
    const generation: Generation = outcome === 'image' ? { outcome, bytes } : { outcome, reason: 'no' };
    return { maxBatch: 1, concurrency: 8, generate: async (requests) => requests.map(() => generation) };
  },
});

const verdict: Verdict = { status: 'scored', hazardScores: { violence: 0.25 } };
const nullJudge = defineSafetyJudge({
  name: 'null',
  summary: 'The same verdict at once.',
  covers: ['violence'],
  scoresCorruption: false,
  simulated: true,
  suggestedThreshold: 0.5,
  options: noOptions,
  create: () => ({ maxBatch: 32, judge: async (items) => items.map(() => verdict) }),
});

const detection: Detection = { status: 'scored', syntheticScore: 0.25 };
const nullDetector = defineDetector({
  name: 'null',
  summary: 'The same detection at once.',
  trainedOn: [],
  control: false,
  options: noOptions,
  create: () => ({ maxBatch: 32, detect: async (images) => images.map(() => detection) }),
});

export const nullRegistry = {
  'prompt-set/null': async () => ({ default: nullPrompts }),
  'generator/null': async () => ({ default: nullGenerator }),
  'safety-judge/null': async () => ({ default: nullJudge }),
  'detector/null': async () => ({ default: nullDetector }),
};
