/**
 * The study of the runs in `__fixtures__`, and the plugins that it adds to the fakes. `make-older-runs.ts` made those runs
 * with the code of commit 65da5c74, the last that wrote run format 1.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  type Detection,
  defineAuthenticSet,
  defineDetector,
  defineGenerator,
  type Generation,
  type Study,
  type StudyInput,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { loadPlugins } from '../plugins/load-plugins.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { parseStudyValue } from '../study/load-study.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { fakeImage } from './fake-image.ts';
import { temporaryFolder } from './fake-study.ts';
import { serviceRegistry } from './service-plugins.ts';

async function answerBy(seed: number): Promise<Generation> {
  if (seed % 12 === 0) return { outcome: 'refused', reason: 'I would rather not.' };
  if (seed % 12 === 1) return { outcome: 'blocked', stage: 'output', reason: 'filter', categories: ['violence'] };
  if (seed % 12 === 2) return { outcome: 'empty' };
  if (seed % 12 === 3) return { outcome: 'image', bytes: await fakeImage({ colour: 0 }) };
  if (seed % 12 === 4) throw new Error('the model fell over');
  return { outcome: 'image', bytes: await fakeImage({ seed }) };
}

/** Generators draw from the same seeds; `factor`, an odd number, lets them differ. */
const everyOutcome = (name: string, family: 'diffusion' | 'mllm', factor: number) =>
  defineGenerator({
    name,
    summary: 'Ends samples in every way that a seed can choose.',
    family,
    decoder: 'pixel',
    simulated: true,
    options: z.object({}),
    create: () => ({
      maxBatch: 1,
      concurrency: 1,
      generate: (requests) => Promise.all(requests.map(({ seed }) => answerBy(Math.imul(seed, factor) >>> 0))),
    }),
  });

/** Two features of the bytes alone, so that the head that core fits has something to separate. */
const byteFeatures = (name: string, control: boolean) =>
  defineDetector({
    name,
    summary: 'Returns features of the bytes of the file.',
    trainedOn: [],
    control,
    features: ['size', 'last byte'],
    options: z.object({}),
    create: () => ({
      maxBatch: 4,
      detect: async (images) =>
        images.map(
          ({ sha256, info }): Detection => ({
            status: 'features',
            features: [control ? info.sizeBytes % 7 : info.sizeBytes, Number.parseInt(sha256.slice(0, 2), 16)],
          }),
        ),
    }),
  });

/** `camera` of the fakes as it was then: a run is resumed only by plugins with the options that its manifest has. */
const olderCamera = defineAuthenticSet({
  name: 'camera',
  summary: 'Images drawn from a seed.',
  options: z.object({
    count: z.int(),
    lastIsBroken: z.boolean().default(false),
    reusesBuffer: z.boolean().default(false),
  }),
  create: ({ count }) => ({
    digest: async () => sha256Hex('fake'),
    async *images() {
      for (let i = 0; i < count; i++) yield { key: `camera-${i}`, licence: { id: 'CC0-1.0' } };
    },
    load: ({ key }) => fakeImage({ seed: 1_000_000 + Number(key.slice(7)), format: 'jpeg' }),
  }),
});

export const olderRegistry = {
  ...serviceRegistry,
  'generator/simulated-a': async () => ({ default: everyOutcome('simulated-a', 'diffusion', 1) }),
  'generator/simulated-b': async () => ({ default: everyOutcome('simulated-b', 'diffusion', 3) }),
  'generator/simulated-c': async () => ({ default: everyOutcome('simulated-c', 'mllm', 7) }),
  'generator/simulated-d': async () => ({ default: everyOutcome('simulated-d', 'mllm', 11) }),
  'authentic-set/camera': async () => ({ default: olderCamera }),
  'detector/byte-features': async () => ({ default: byteFeatures('byte-features', false) }),
  'detector/byte-control': async () => ({ default: byteFeatures('byte-control', true) }),
};

export const olderStudy: StudyInput = {
  name: 'older',
  seed: 5,
  promptSets: [{ use: 'counted', options: { count: 8 } }],
  rewriter: 'longer',
  levels: [0, 1],
  generators: ['simulated-a', 'simulated-b', 'simulated-c', 'simulated-d'],
  safetyJudges: ['by-digest'],
  detectors: ['byte-features', 'byte-control', 'by-digest'],
  authenticSets: [{ use: 'camera', options: { count: 8 } }],
  protocols: ['as-received', 'jpeg-75'],
  mitigations: [{ judge: 'by-digest', threshold: 0.6 }],
};

/** As an app's `loadAgain`, with the plugins of the older runs. */
export const loadOlder = (study: Study, baseFolder: string): Promise<LoadedStudy> =>
  loadPlugins({ study, baseFolder, registry: olderRegistry, environment: {} });

export const loadOlderStudy = (baseFolder: string): Promise<LoadedStudy> =>
  loadOlder(parseStudyValue(olderStudy), baseFolder);

/** A copy of a run of format 1, with its report unpacked, that a test may change. */
export async function copyOlderRun(name: 'whole' | 'shard-1' | 'shard-2'): Promise<string> {
  const runFolder = join(await temporaryFolder(), name);
  await cp(fileURLToPath(new URL(`./__fixtures__/run-format-1/${name}`, import.meta.url)), runFolder, { recursive: true });
  if (name === 'whole') {
    const report = join(runFolder, 'report');
    await writeFile(join(report, 'metrics.json'), gunzipSync(await readFile(join(report, 'metrics.json.gz'))));
  }
  return runFolder;
}
