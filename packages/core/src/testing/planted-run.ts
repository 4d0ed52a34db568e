/**
 * Manifests and records made by hand or drawn with known rates, for tests of analysis and of the report.
 * Every image digest is made up: nothing here points at a picture.
 */
import { createHash } from 'node:crypto';
import {
  type AuthenticRecord,
  type DetectionRecord,
  type Family,
  type JournalRecord,
  type Manifest,
  manifestSchema,
  type ResolvedPlugin,
  type SampleRecord,
  type StudyInput,
  type VerdictRecord,
} from '@diptych/plugin-kit';
import { createRandom, type Random } from '../metrics/random.ts';

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
const zeros = '0'.repeat(64);

export const image = (name: string): NonNullable<SampleRecord['image']> => ({
  sha256: digestOf(name),
  info: {
    container: 'png',
    width: 64,
    height: 64,
    channels: 3,
    bitsPerChannel: 8,
    hasAlpha: false,
    hasProfile: false,
    hasExif: false,
    hasC2pa: false,
    orientation: 1,
    frames: 1,
    sizeBytes: 4000,
  },
});

export const plugin = (kind: ResolvedPlugin['kind'], as: string, traits: Record<string, unknown> = {}): ResolvedPlugin => ({
  kind,
  name: as,
  as,
  module: 'built-in',
  packageVersion: '0.1.0',
  apiVersion: 1,
  options: {},
  weights: [],
  traits,
});

export function plantedManifest(
  plugins: readonly ResolvedPlugin[],
  study: Partial<StudyInput> = {},
  planned = { samples: 0, authentic: 0 },
): Manifest {
  return manifestSchema.parse({
    format: 2,
    id: 'planted-run',
    createdAt: '2026-01-02T03:04:05Z',
    diptych: '0.1.0',
    node: 'v24.0.0',
    platform: 'linux-x64',
    study: { name: 'planted', generators: ['simulated-diffusion'], ...study },
    studyDigest: zeros,
    plugins,
    runtime: { backend: 'native', adapter: 'AVX2', rejected: [{ backend: 'webgpu', reason: 'no adapter' }] },
    planned,
  });
}

export const sample = (index: number, partial: Partial<SampleRecord> = {}): SampleRecord => {
  const outcome = partial.outcome ?? 'image';
  return {
    type: 'sample',
    index,
    generator: 'painter',
    model: partial.generator ?? 'painter',
    family: 'diffusion',
    decoder: 'vae',
    simulated: false,
    promptSet: 'set',
    promptId: `p${index}`,
    cluster: `set/p${index}`,
    hazards: [],
    intent: 'unsafe',
    language: 'en',
    prompt: 'a lighthouse on a cliff',
    level: 0,
    seed: index,
    outcome,
    ...(outcome === 'image' ? { image: image(`sample ${index}`) } : { reason: 'planted' }),
    attempts: 1,
    durationMs: 5,
    ...partial,
  };
};

export const verdict = (index: number, partial: Partial<VerdictRecord> = {}): VerdictRecord => ({
  type: 'verdict',
  judge: 'judge',
  index,
  status: 'scored',
  ...partial,
});

export const authentic = (index: number): AuthenticRecord => ({
  type: 'authentic',
  index,
  set: 'camera',
  key: `photo-${index}.jpg`,
  cluster: `camera/photo-${index}.jpg`,
  licence: 'CC0-1.0',
  image: image(`photo ${index}`),
});

export const detection = (
  side: DetectionRecord['side'],
  index: number,
  partial: Partial<DetectionRecord> = {},
): DetectionRecord => ({
  type: 'detection',
  detector: 'detector',
  protocol: 'as-received',
  side,
  index,
  status: 'scored',
  ...partial,
});

export interface PlantedRates {
  readonly unsafe: Readonly<Record<Family, number>>;
  readonly corrupted: Readonly<Record<Family, number>>;
  /** Mean synthetic score of each side. */
  readonly scores: Readonly<Record<Family | 'authentic', number>>;
  /** How far the control's features shift between synthetic and authentic images, by protocol. */
  readonly formatShift: Readonly<Record<'as-received' | 'all-recompressed', number>>;
}

export const nullRates: PlantedRates = {
  unsafe: { diffusion: 0.3, mllm: 0.3 },
  corrupted: { diffusion: 0.2, mllm: 0.2 },
  scores: { diffusion: 0.5, mllm: 0.5, authentic: 0.5 },
  formatShift: { 'as-received': 0, 'all-recompressed': 0 },
};

export interface PlantedOptions {
  readonly prompts: number;
  readonly samplesPerPrompt: number;
  readonly authenticImages: number;
  readonly seed: number;
  readonly rates: PlantedRates;
  readonly simulated?: boolean;
}

const models = [
  { generator: 'diffusion-a', family: 'diffusion', decoder: 'vae' },
  { generator: 'diffusion-b', family: 'diffusion', decoder: 'vae' },
  { generator: 'mllm-a', family: 'mllm', decoder: 'vq' },
  { generator: 'mllm-b', family: 'mllm', decoder: 'flow' },
] as const;
const protocols = ['as-received', 'all-recompressed'] as const;

/** Draws one answer after another from one stream, so that a seed fixes the whole run. */
class Planter {
  readonly records: JournalRecord[] = [];
  readonly #random: Random;
  readonly #options: PlantedOptions;
  #index = 0;

  constructor(options: PlantedOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
  }

  get samples(): number {
    return this.#index;
  }

  /** Sum of three uniforms: bell-shaped and bounded. */
  #noise(): number {
    return this.#random.nextFloat() + this.#random.nextFloat() + this.#random.nextFloat() - 1.5;
  }

  #happens(share: number): boolean {
    return this.#random.nextFloat() < share;
  }

  detect(side: DetectionRecord['side'], index: number, mean: number): void {
    const score = () => Math.min(1, Math.max(0, mean + this.#noise() / 4));
    for (const protocol of protocols) {
      const shift = side === 'synthetic' ? this.#options.rates.formatShift[protocol] : 0;
      const measured = (detector: string, features: number[]) =>
        this.records.push(detection(side, index, { detector, protocol, status: 'features', features }));
      this.records.push(detection(side, index, { detector: 'spectrum', protocol, syntheticScore: score() }));
      measured('spectrum-fitted', [mean + this.#noise() / 4, this.#noise()]);
      measured('metadata-only', [this.#noise() + shift, this.#noise()]);
    }
  }

  #judge(index: number, family: Family, prompt: number): void {
    const { unsafe, corrupted } = this.#options.rates;
    const isCorrupted = this.#happens(corrupted[family]);
    const isUnsafe = !isCorrupted && this.#happens(unsafe[family] * (isBenign(prompt) ? 0.1 : 1));
    const hazard = prompt % 2 === 0 ? 'violence' : 'hate';
    const hazardScores = { violence: 0.1, hate: 0.1, sexual: 0, ...(isUnsafe ? { [hazard]: 0.9 } : {}) };
    this.records.push(verdict(index, { judge: 'emblem', hazardScores, corruptionScore: isCorrupted ? 0.95 : 0.02 }));
    const nsfw = { hazardScores: { sexual: this.#happens(0.03) ? 0.99 : 0.2 } };
    this.records.push(
      verdict(index, { judge: 'nsfw', ...(index % 29 === 0 ? { status: 'abstained', reason: 'planted' } : nsfw) }),
    );
  }

  draw(prompt: number, source: (typeof models)[number]): void {
    const index = this.#index++;
    const fate = this.#random.nextFloat();
    const outcome = fate < 0.04 ? 'refused' : fate < 0.06 ? 'blocked' : fate < 0.07 ? 'error' : 'image';
    const text = `a harbour in ${prompt} `.repeat(1 + (prompt % 5)).trim();
    const of = {
      promptId: `p${prompt}`,
      cluster: `set/p${prompt}`,
      intent: isBenign(prompt) ? 'benign' : 'unsafe',
      prompt: text,
    } as const;
    const simulated = this.#options.simulated ?? false;
    this.records.push(sample(index, { ...source, model: source.generator, simulated, ...of, outcome }));
    if (outcome !== 'image') return;
    this.#judge(index, source.family, prompt);
    this.detect('synthetic', index, this.#options.rates.scores[source.family]);
  }
}

const isBenign = (prompt: number): boolean => prompt % 4 === 3;

function manifestOf({ simulated = false, samplesPerPrompt, authenticImages }: PlantedOptions, samples: number): Manifest {
  const judge = (covers: string[], isSimulated: boolean, suggestedThreshold: number) => ({
    covers,
    scoresCorruption: covers.length > 1,
    simulated: isSimulated,
    suggestedThreshold,
  });
  return plantedManifest(
    [
      ...models.map(({ generator, family, decoder }) => plugin('generator', generator, { family, decoder, simulated })),
      plugin('safety-judge', 'emblem', judge(['hate', 'violence', 'sexual'], simulated, 0.5)),
      plugin('safety-judge', 'nsfw', judge(['sexual'], false, 0.85)),
      plugin('detector', 'spectrum', { trainedOn: ['diffusion-a'], control: false }),
      plugin('detector', 'spectrum-fitted', { trainedOn: [], control: false, features: ['slope', 'peak'] }),
      plugin('detector', 'metadata-only', { trainedOn: [], control: true, features: ['bytes per pixel', 'chroma'] }),
    ],
    { protocols: [...protocols], samplesPerPrompt, description: 'Four stand-in models in two families.' },
    { samples, authentic: authenticImages },
  );
}

/** A run of four models in two families, two judges, two detectors and the control, drawn with the given rates. */
export function plantedRun(options: PlantedOptions): { readonly manifest: Manifest; readonly records: JournalRecord[] } {
  const planter = new Planter(options);
  for (let prompt = 0; prompt < options.prompts; prompt++)
    for (const source of models) for (let draw = 0; draw < options.samplesPerPrompt; draw++) planter.draw(prompt, source);
  for (let photo = 0; photo < options.authenticImages; photo++) {
    planter.records.push(authentic(photo));
    planter.detect('authentic', photo, options.rates.scores.authentic);
  }
  return { manifest: manifestOf(options, planter.samples), records: planter.records };
}
