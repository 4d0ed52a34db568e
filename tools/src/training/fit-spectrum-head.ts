/** Fits the head of detector/spectrum-simulated on pictures drawn here. README.md beside this file names the data. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fitLogisticRegression } from '@diptych/core';
import { openRuntime } from '@diptych/gpu-kernels';
import type {
  AuthenticSet,
  Detector,
  Generator,
  ImageInfo,
  PluginContext,
  PresentedImage,
  Prompt,
  PromptSet,
} from '@diptych/plugin-kit';
import { decodePng } from '@diptych/plugin-kit/png';
import { registry } from '@diptych/plugins';
import { repositoryRoot } from '../repository.ts';

const pictures = 300;
const cameraPictures = 2 * pictures;
/** Far from 0, the default of simulated-camera, which the demo uses. */
const cameraSeed = 20_030_182;
const generatorSeed = 3_000_000_000;
/** Every fifth picture of each source is held out. */
const heldOutEvery = 5;
/** λ of the ridge penalty on standardised features: scikit-learn's default, not tuned. */
const penalty = 1;

const signal = new AbortController().signal;
const runtime = await openRuntime();
const context: PluginContext = {
  runtime,
  fetch: () => Promise.reject(new Error('no plugin used here has hosts')),
  log: { debug: () => {}, warn: (message) => console.error(message) },
  baseFolder: repositoryRoot,
  maxImageBytes: 2 ** 26,
  secret: (name) => {
    throw new Error(`no plugin used here has the secret ${name}`);
  },
  weights: (name) => Promise.reject(new Error(`no plugin used here has the weights ${name}`)),
};

async function open<Instance>(name: keyof typeof registry, options: object): Promise<Instance> {
  const { default: plugin } = await registry[name]();
  // The registry's union of plugins has no common options type; the schema checks them.
  const { create, options: schema } = plugin as unknown as {
    options: { parse(value: unknown): unknown };
    create(options: unknown, context: PluginContext): Promise<Instance>;
  };
  return create(schema.parse(options), context);
}

function present(bytes: Uint8Array): PresentedImage {
  const raster = decodePng(bytes);
  const { width, height, channels } = raster;
  const info: ImageInfo = {
    container: 'png',
    width,
    height,
    channels,
    bitsPerChannel: 8,
    hasAlpha: channels === 4,
    hasProfile: false,
    hasExif: false,
    hasC2pa: false,
    orientation: 1,
    frames: 1,
    sizeBytes: bytes.length,
  };
  return { sha256: createHash('sha256').update(bytes).digest('hex'), bytes, info, raster: async () => raster };
}

async function camera(): Promise<PresentedImage[]> {
  const set = await open<AuthenticSet>('authentic-set/simulated-camera', { count: cameraPictures, seed: cameraSeed });
  const images: PresentedImage[] = [];
  for await (const image of set.images(signal)) images.push(present(await set.load(image, signal)));
  return images;
}

async function generated(name: 'generator/simulated-diffusion' | 'generator/simulated-mllm'): Promise<PresentedImage[]> {
  const generator = await open<Generator>(name, {});
  const prompts: Prompt[] = [];
  for await (const prompt of (await open<PromptSet>('prompt-set/demo', {})).prompts(signal)) prompts.push(prompt);
  const made: PresentedImage[] = [];
  for (let index = 0; made.length < pictures; index++) {
    const { id, text, hazards, intent } = prompts[index % prompts.length]!;
    const request = { promptId: id, prompt: text, level: 0, seed: generatorSeed + index, index, hazards, intent };
    const [generation] = await generator.generate([request], signal);
    if (generation?.outcome === 'image') made.push(present(generation.bytes));
  }
  return made;
}

async function measure(detector: Detector, images: readonly PresentedImage[]): Promise<(readonly number[])[]> {
  const features: (readonly number[])[] = [];
  for (let at = 0; at < images.length; at += detector.maxBatch) {
    for (const detection of await detector.detect(images.slice(at, at + detector.maxBatch), signal)) {
      if (detection.status !== 'features') throw new Error(`a picture was ${detection.status}`);
      features.push(detection.features);
    }
  }
  return features;
}

/** Chance that a synthetic picture scores above an authentic one, ties half. */
function areaUnderCurve(synthetic: readonly number[], authentic: readonly number[]): number {
  const wins = synthetic.flatMap((score) =>
    authentic.map((other): number => (score > other ? 1 : score === other ? 0.5 : 0)),
  );
  return wins.reduce((sum, win) => sum + win, 0) / wins.length;
}

const spectrum = await open<Detector>('detector/spectrum', { side: 256 });
const sources = {
  'simulated-camera': await measure(spectrum, await camera()),
  'simulated-diffusion': await measure(spectrum, await generated('generator/simulated-diffusion')),
  'simulated-mllm': await measure(spectrum, await generated('generator/simulated-mllm')),
};
const isHeldOut = (_features: readonly number[], index: number): boolean => index % heldOutEvery === 0;
const rows = Object.entries(sources).flatMap(([source, all]) =>
  all
    .filter((features, index) => !isHeldOut(features, index))
    .map((features) => ({ features, label: source === 'simulated-camera' ? (0 as const) : (1 as const) })),
);
const model = fitLogisticRegression({
  features: rows.map(({ features }) => features),
  labels: rows.map(({ label }) => label),
  penalty,
});

/** As the detector computes it, in raw features. */
const weights = Array.from(model.weights, (weight, index) =>
  model.deviations[index] === 0 ? 0 : weight / model.deviations[index]!,
);
const intercept = weights.reduce((sum, weight, index) => sum - weight * model.means[index]!, model.intercept);
const logit = (features: readonly number[]): number =>
  features.reduce((sum, feature, index) => sum + feature * weights[index]!, intercept);
const heldOut = (name: keyof typeof sources): number[] => sources[name].filter(isHeldOut).map(logit);
const heldOutAuroc = {
  'simulated-diffusion': areaUnderCurve(heldOut('simulated-diffusion'), heldOut('simulated-camera')),
  'simulated-mllm': areaUnderCurve(heldOut('simulated-mllm'), heldOut('simulated-camera')),
};

const round = (value: number): number => Number(value.toPrecision(8));
const file = join(repositoryRoot, 'packages/plugins/src/detectors/spectrum-simulated.gen.json');
const content = {
  madeBy: 'tools/src/training/fit-spectrum-head.ts',
  heldOutAuroc,
  intercept: round(intercept),
  weights: weights.map(round),
};
writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
console.log(`${rows.length} pictures, ${runtime.info.backend}, held-out AUROC ${JSON.stringify(heldOutAuroc)}`);
await runtime[Symbol.asyncDispose]();
