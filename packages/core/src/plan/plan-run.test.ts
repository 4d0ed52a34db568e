import { join } from 'node:path';
import {
  type AuthenticImage,
  defineAuthenticSet,
  defineExistingImages,
  definePromptSet,
  defineRewriter,
  type ExistingSample,
  type Licence,
  type Prompt,
  promptSchema,
  type RewriterTraits,
  type StudyInput,
} from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LoadPluginsOptions } from '../plugins/load-options.ts';
import { loadPlugins } from '../plugins/load-plugins.ts';
import { parseStudyValue } from '../study/load-study.ts';
import { fakeRegistry } from '../testing-fakes/fake-plugins.ts';
import { loadFakeStudy, temporaryFolder } from '../testing-fakes/fake-study.ts';
import { sha256Hex } from '../text/canonical-json.ts';
import { openWeightsStore } from '../weights/weights-store.ts';
import { planRun } from './plan-run.ts';

const imports = (samples: readonly ExistingSample[]) =>
  defineExistingImages({
    name: 'import',
    summary: 'For this test.',
    family: 'per-sample',
    decoder: 'per-sample',
    simulated: false,
    options: z.object({}),
    create: () => ({
      async *samples() {
        yield* samples;
      },
      load: async () => ({ outcome: 'empty' }),
      digest: async () => sha256Hex('listing'),
    }),
  });
const loadImports = (samples: readonly ExistingSample[], input: Partial<StudyInput> = {}) =>
  loadPlugins({
    study: parseStudyValue({ name: 'test', promptSets: ['counted'], generators: ['import', 'fake'], ...input }),
    baseFolder: '/',
    registry: { ...fakeRegistry, 'generator/import': async () => ({ default: imports(samples) }) },
    environment: {},
  });

it('numbers generators × prompts × levels × samples, and says so in counts', async () => {
  await using loaded = await loadFakeStudy({
    generators: [
      { use: 'fake', as: 'a', options: { maxBatch: 4 } },
      { use: 'fake', as: 'b' },
    ],
    rewriter: 'longer',
    levels: [0, 1],
    samplesPerPrompt: 5,
    safetyJudges: ['by-digest'],
    detectors: ['by-digest'],
    authenticSets: ['camera'],
    protocols: ['as-received', 'all-recompressed'],
  });
  const plan = await planRun(loaded);
  expect(plan.samples).toBe(60);
  expect(plan.counts).toMatchObject({
    samples: 60,
    prompts: 3,
    authentic: 2,
    rewrites: 3,
    generators: [
      { alias: 'a', samples: 30, calls: 8 },
      { alias: 'b', samples: 30, calls: 30 },
    ],
    judges: [{ alias: 'by-digest', verdicts: 60, calls: 15 }],
    detectors: [
      { protocol: 'as-received', detections: 62, calls: 16 },
      { protocol: 'all-recompressed', detections: 62 },
    ],
  });
  const places = Array.from({ length: 60 }, (_, index) => plan.sampleAt(index));
  expect(
    new Set(
      places.map(({ generator, prompt, level, sampleIndex }) => `${generator.alias} ${prompt.id} ${level} ${sampleIndex}`),
    ).size,
  ).toBe(60);
  expect(places[37]).toMatchObject({
    index: 37,
    promptSet: 'counted',
    prompt: { id: 'p0' },
    level: 1,
    sampleIndex: 2,
    seed: places[7]?.seed,
  });
  expect(() => plan.sampleAt(60)).toThrow(RangeError);
  expect(plan.plugins.find(({ kind }) => kind === 'prompt-set')).toMatchObject({
    count: 3,
    duplicates: 0,
    digest: sha256Hex('fake'),
  });
});

const unsafePrompts = definePromptSet({
  name: 'unsafe',
  summary: 'For this test.',
  options: z.object({}),
  create: () => ({
    info: async () => ({
      digest: sha256Hex('unsafe'),
      licence: { id: 'CC0-1.0' },
      count: 1,
      duplicates: 0,
      unmappedLabels: { other: 1 },
    }),
    async *prompts() {
      yield { id: 'p0', text: 'a lamp', hazards: ['hate'], intent: 'unsafe', language: 'en' } satisfies Prompt;
    },
  }),
});

const rewriting = (traits: Pick<RewriterTraits, 'makes' | 'language'>, levels: readonly number[]) =>
  loadPlugins({
    study: parseStudyValue({
      name: 'test',
      promptSets: ['unsafe'],
      generators: ['fake'],
      rewriter: 'changing',
      levels: [...levels],
    }),
    baseFolder: '/',
    registry: {
      ...fakeRegistry,
      'prompt-set/unsafe': async () => ({ default: unsafePrompts }),
      'rewriter/changing': async () => ({
        default: defineRewriter({
          name: 'changing',
          summary: 'For this test.',
          maxLevel: 1,
          ...traits,
          options: z.object({}),
          create: () => ({ rewrite: async (_, previous) => ({ text: previous, madeBy: 'test' }) }),
        }),
      }),
    },
    environment: {},
  });

it('pairs a prompt with the safe counterpart that its rewriter makes', async () => {
  await using loaded = await rewriting({ makes: 'counterpart' }, [0, 1]);
  const plan = await planRun(loaded);
  const [asked, counterpart] = [plan.sampleAt(0), plan.sampleAt(1)];
  expect([asked.level, asked.prompt.pairId, counterpart.level, counterpart.prompt.pairId]).toEqual([0, 'p0', 1, 'p0']);
  expect(counterpart.prompt).toMatchObject({ id: 'p0', intent: 'benign', hazards: [], text: asked.prompt.text });
  expect(asked.prompt).toMatchObject({ intent: 'unsafe', hazards: ['hate'] });
  expect(counterpart.cluster).toBe(asked.cluster);
  expect(plan.plugins.find(({ kind }) => kind === 'prompt-set')?.unmappedLabels).toEqual({ other: 1 });
});

it.each([
  [{ key: 'a' }, /licence/],
  [{ key: 7, licence: { id: 'CC0-1.0' } }, /key/],
  [null, /object/],
])('refuses an authentic image without what its record holds: %j', async (image, what) => {
  const broken = defineAuthenticSet({
    name: 'broken',
    summary: 'For this test.',
    options: z.object({}),
    create: () => ({
      digest: async () => '0'.repeat(64),
      async *images() {
        yield image as unknown as AuthenticImage;
      },
      load: async () => new Uint8Array(),
    }),
  });
  await using loaded = await loadPlugins({
    study: parseStudyValue({
      name: 'test',
      generators: ['fake'],
      promptSets: ['counted'],
      authenticSets: ['broken'],
      detectors: ['by-digest'],
    }),
    baseFolder: '/',
    registry: { ...fakeRegistry, 'authentic-set/broken': async () => ({ default: broken }) },
    environment: {},
  });
  const message = expect.stringMatching(new RegExp(`image .* of broken .*${what.source}`, 's'));
  await expect(planRun(loaded)).rejects.toMatchObject({ code: 'PLUGIN_BROKE_CONTRACT', message });
});

it('gives a translation its language, and level 0 its own', async () => {
  await using loaded = await rewriting({ makes: 'translation', language: 'zh' }, [0, 1]);
  const plan = await planRun(loaded);
  expect(plan.sampleAt(0).prompt.language).toBe('en');
  expect(plan.sampleAt(1).prompt).toMatchObject({ language: 'zh', intent: plan.sampleAt(0).prompt.intent });
  expect(plan.sampleAt(1).prompt.pairId).toBeUndefined();
});

describe('a prompt set given under terms', () => {
  const terms = { id: 'on-request', notice: 'For research only.', url: 'https://example.test/set' };
  const underTerms = (licence: Licence, more: Partial<LoadPluginsOptions> = {}) =>
    loadPlugins({
      study: parseStudyValue({ name: 'test', promptSets: ['gated'], generators: ['fake'] }),
      baseFolder: '/',
      registry: {
        ...fakeRegistry,
        'prompt-set/gated': async () => ({
          default: definePromptSet({
            name: 'gated',
            summary: 'For this test.',
            options: z.object({}),
            create: () => ({
              info: async () => ({ digest: sha256Hex('gated'), licence, count: 1, duplicates: 0 }),
              async *prompts() {
                yield promptSchema.parse({ id: 'p', text: 'a lighthouse' });
              },
            }),
          }),
        }),
      },
      environment: {},
      ...more,
    });
  const storeOf = async (acceptLicences: boolean, folder: string) =>
    openWeightsStore({ cacheFolder: join(folder, 'cache'), licencesPath: join(folder, 'licences.json'), acceptLicences });

  it('is used only once they were accepted, which is remembered, and stands in the manifest', async () => {
    const folder = await temporaryFolder();
    await using refused = await underTerms(terms, { weightsStore: await storeOf(false, folder) });
    await expect(planRun(refused)).rejects.toMatchObject({
      code: 'PROMPTS_LICENCE_NOT_ACCEPTED',
      message: expect.stringContaining('gated (on-request): For research only. https://example.test/set'),
    });
    await using accepted = await underTerms(terms, { weightsStore: await storeOf(true, folder) });
    expect((await planRun(accepted)).plugins[0]).toMatchObject({ as: 'gated', licence: terms });
    await using later = await underTerms(terms, { weightsStore: await storeOf(false, folder) });
    expect((await planRun(later)).samples).toBe(1);
  });

  it.each([{ id: 'MIT', notice: 'Keep this notice.' }, { id: 'unknown' }])(
    'has none to accept where the licence is $id',
    async (licence) => {
      await using loaded = await underTerms(licence);
      expect((await planRun(loaded)).plugins[0]?.licence).toEqual(licence);
    },
  );
});

it('puts imports in the plan, clustered by the text of their prompt', async () => {
  await using loaded = await loadImports([
    { key: 'a.png', model: 'm1', family: 'mllm', prompt: 'a cat', promptId: '1' },
    { key: 'b.png', model: 'm2', prompt: 'a cat', level: 2 },
    { key: 'c.png', model: 'm2' },
  ]);
  const plan = await planRun(loaded);
  const [a, b, c] = [0, 1, 2].map((index) => plan.sampleAt(index));
  expect(a?.cluster).toBe(b?.cluster);
  expect(c).toMatchObject({ cluster: 'import/c.png', prompt: { id: 'c.png', text: '' }, level: 0, seed: 0 });
  expect(b?.level).toBe(2);
  expect(plan.ranges.map(({ first, count }) => [first, count])).toEqual([
    [0, 3],
    [3, 3],
  ]);
});

it('clusters the levels of one caption of an import by the group that its table names', async () => {
  await using loaded = await loadImports([
    { key: 'a.png', model: 'm1', prompt: 'a cat', groupId: 'caption-7', pairId: 'pair-7' },
    { key: 'b.png', model: 'm1', prompt: 'a cat on a chair in soft light', groupId: 'caption-7', level: 1 },
  ]);
  const plan = await planRun(loaded);
  const [first, second] = [plan.sampleAt(0), plan.sampleAt(1)];
  expect([first.cluster, second.cluster]).toEqual(['group-caption-7', 'group-caption-7']);
  expect(first.prompt.pairId).toBe('pair-7');
});

it('refuses to match fakes to authentic images that are not there', async () => {
  await using loaded = await loadFakeStudy({ detectors: ['by-digest'], protocols: ['fakes-matched'] });
  await expect(planRun(loaded)).rejects.toMatchObject({
    code: 'STUDY_INVALID',
    message: expect.stringContaining('authentic set'),
  });
});

it('refuses a listing that no record can hold, and generators without prompts', async () => {
  await using loaded = await loadImports([{ key: 'a.png', model: 'm'.repeat(301) }]);
  await expect(planRun(loaded)).rejects.toMatchObject({
    code: 'IMAGES_FOLDER_INVALID',
    message: expect.stringContaining('a.png'),
  });
  await using empty = await loadFakeStudy({ promptSets: [] });
  await expect(planRun(empty)).rejects.toMatchObject({ code: 'STUDY_INVALID' });
});
