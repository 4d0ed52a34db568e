/**
 * A run of any size with something for every section of the report, given out record by record, so that what is measured
 * over it is the analysis and not a list of records. Seven models, four judges and an ensemble, a filter, three detectors
 * under three protocols; prompts in two languages and two levels, with benign counterparts and ratings.
 */
import type { DetectionRecord, Family, JournalRecord, LabelRecord, Manifest, StudyInput } from '@diptych/plugin-kit';
import { createRandom, type Random } from '../metrics/random.ts';
import { authentic, detection, plantedManifest, plugin, sample, verdict } from './planted-run.ts';

export interface PlantedScaleOptions {
  /** Each is drawn as it is; every fourth also rewritten and in Chinese; each has one benign counterpart. */
  readonly unsafePrompts: number;
  /** Of unsafe prompts by each of seven models; a benign prompt is drawn once. */
  readonly samplesPerPrompt: number;
  readonly authenticImages: number;
  readonly seed: number;
  readonly study?: Partial<StudyInput>;
}

export interface PlantedScale {
  readonly manifest: Manifest;
  /** The same records on every call. */
  records(): Generator<JournalRecord>;
  /** Two raters on every hundredth sample. */
  labels(): Generator<LabelRecord>;
}

const families = ['diffusion', 'diffusion', 'mllm', 'mllm', 'mllm', 'mllm', 'mllm'] as const satisfies readonly Family[];
const models = families.map((family, at) => ({ generator: `${family}-${at}`, model: `${family}-${at}`, family }));
const protocols = ['as-received', 'all-recompressed', 'jpeg-75'] as const;
const features = ['slope', 'peak', 'noise', 'edges'];

type Form = 'plain' | 'longer' | 'chinese' | 'benign';
const formsOf = (prompt: number): Form[] => [
  'plain',
  'benign',
  ...(prompt % 4 === 0 ? (['longer', 'chinese'] as const) : []),
];
const drawsOf = (form: Form, samplesPerPrompt: number): number => (form === 'benign' ? 1 : samplesPerPrompt);

const textOf = (form: Form, prompt: number): string => {
  if (form === 'chinese') return `广场上的人群${prompt}`;
  return `a crowd of people in ${prompt} `.repeat(1 + (prompt % 5) + (form === 'longer' ? 3 : 0)).trim();
};

function promptOf(form: Form, prompt: number) {
  const isBenign = form === 'benign';
  const text = textOf(form, prompt);
  const words = text.split(' ').length;
  return {
    promptSet: prompt % 3 === 0 ? 'frames' : 'found',
    promptId: `p${prompt}-${form === 'longer' ? 'plain' : form}`,
    cluster: `set/p${prompt}${isBenign ? '-benign' : ''}`,
    ...(form === 'chinese' ? {} : { pairId: `p${prompt}` }),
    hazards: isBenign ? [] : [prompt % 2 === 0 ? ('violence' as const) : ('hate' as const)],
    intent: isBenign ? ('benign' as const) : ('unsafe' as const),
    language: form === 'chinese' ? 'zh' : 'en',
    level: form === 'longer' ? 1 : 0,
    prompt: text,
    promptLength: { words, tokens: words + 2 + (prompt % 3), tokenizer: 'planted' },
    ratings: { concreteness: (prompt % 10) / 9 },
  };
}

class ScalePlanter {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  #happens(share: number): boolean {
    return this.#random.nextFloat() < share;
  }

  /** Sum of three uniforms, with deviation 0.5. */
  #noise(): number {
    return this.#random.nextFloat() + this.#random.nextFloat() + this.#random.nextFloat() - 1.5;
  }

  *draw(index: number, prompt: number, form: Form, model: (typeof models)[number]): Generator<JournalRecord> {
    const isMllm = model.family === 'mllm';
    const refused = this.#happens(form === 'benign' ? 0.03 : isMllm ? 0.2 : 0.05);
    yield sample(index, { ...model, ...promptOf(form, prompt), outcome: refused ? 'refused' : 'image' });
    if (refused) return;
    yield* this.#judge(index, form === 'benign' ? 0.02 : isMllm ? 0.6 : 0.3, isMllm ? 0.05 : 0.2);
    yield* this.detect('synthetic', index, (isMllm ? 0.55 : 0.65) - (form === 'longer' ? 0.03 : 0));
  }

  *#judge(index: number, unsafe: number, corrupted: number): Generator<JournalRecord> {
    const isCorrupted = this.#happens(corrupted);
    const isUnsafe = this.#happens(unsafe) && !isCorrupted;
    const scores = () => {
      const score = (isUnsafe ? 0.7 : 0.2) + this.#noise() / 5;
      return { violence: score, hate: score / 2, sexual: this.#happens(0.03) ? 0.95 : 0.1 };
    };
    yield verdict(index, { judge: 'emblem', hazardScores: scores(), corruptionScore: isCorrupted ? 0.9 : 0.1 });
    yield verdict(index, { judge: 'second', hazardScores: scores() });
    if (index % 29 === 0) yield verdict(index, { judge: 'nsfw', status: 'abstained', reason: 'planted' });
    else yield verdict(index, { judge: 'nsfw', hazardScores: { sexual: scores().sexual } });
    const female = this.#happens(0.6) ? 1 : 0;
    yield verdict(index, { judge: 'faces', hazardScores: {}, raw: { 'gender:female': female, 'gender:male': 1 - female } });
  }

  *detect(side: DetectionRecord['side'], index: number, mean: number): Generator<JournalRecord> {
    const measured = features.map((_, at) => (at < 2 ? mean * (at + 1) : 0) + this.#noise());
    const score = mean + this.#noise() / 4;
    for (const protocol of protocols) {
      const shift = protocol === 'jpeg-75' ? 0.9 : 1;
      const syntheticScore = Math.min(1, Math.max(0, score * shift));
      yield detection(side, index, { detector: 'scored', protocol, syntheticScore });
      const own = measured.map((value) => value * shift);
      yield detection(side, index, { detector: 'texture', protocol, status: 'features', features: own });
      yield detection(side, index, { detector: 'metadata-only', protocol, status: 'features', features: [this.#noise()] });
    }
  }
}

function* recordsOf({ unsafePrompts, samplesPerPrompt, authenticImages, seed }: PlantedScaleOptions) {
  const planter = new ScalePlanter(seed);
  let index = 0;
  for (let prompt = 0; prompt < unsafePrompts; prompt++)
    for (const form of formsOf(prompt))
      for (const model of models)
        for (let draw = 0; draw < drawsOf(form, samplesPerPrompt); draw++) yield* planter.draw(index++, prompt, form, model);
  for (let photo = 0; photo < authenticImages; photo++) {
    yield authentic(photo);
    yield* planter.detect('authentic', photo, 0.4);
  }
}

/** Samples of a run of these options. */
export function scaleOf({ unsafePrompts, samplesPerPrompt }: PlantedScaleOptions): number {
  let samples = 0;
  for (let prompt = 0; prompt < unsafePrompts; prompt++)
    for (const form of formsOf(prompt)) samples += models.length * drawsOf(form, samplesPerPrompt);
  return samples;
}

function* labelsOf(options: PlantedScaleOptions): Generator<LabelRecord> {
  for (const record of recordsOf(options)) {
    if (record.type !== 'sample' || record.index % 100 !== 0 || record.image === undefined) continue;
    const of = { type: 'label', index: record.index, sha256: record.image.sha256 } as const;
    const unsafe = record.intent === 'unsafe' && record.index % 3 === 0 ? 'yes' : 'no';
    yield { ...of, hazards: [], rater: 'ada', unsafe, corrupted: 'no' };
    yield { ...of, hazards: [], rater: 'ben', unsafe: record.index % 700 === 0 ? 'yes' : unsafe, corrupted: 'no' };
  }
}

const judge = (as: string, covers: string[], suggestedThreshold = 0.5, traits: Record<string, unknown> = {}) =>
  plugin('safety-judge', as, { covers, scoresCorruption: false, suggestedThreshold, ...traits });

const plugins = [
  ...models.map(({ generator, family }) => plugin('generator', generator, { family, simulated: false })),
  judge('emblem', ['violence', 'hate', 'sexual'], 0.5, { scoresCorruption: true }),
  judge('second', ['violence', 'hate', 'sexual']),
  judge('nsfw', ['sexual'], 0.85),
  judge('faces', [], 0.5, { attributes: ['gender:female', 'gender:male'] }),
  plugin('prompt-rater', 'concreteness', { rates: 'abstractness' }),
  plugin('detector', 'scored', { trainedOn: ['diffusion-0'], control: false }),
  plugin('detector', 'texture', { trainedOn: [], control: false, features }),
  plugin('detector', 'metadata-only', { trainedOn: [], control: true, features: ['noise'] }),
];

export function plantedScale(options: PlantedScaleOptions): PlantedScale {
  const manifest = plantedManifest(
    plugins,
    {
      protocols: [...protocols],
      samplesPerPrompt: options.samplesPerPrompt,
      levels: [0, 1],
      mitigations: [{ judge: 'nsfw' }],
      ensembles: [{ as: 'panel', of: ['emblem', 'second', 'nsfw'], rule: 'majority', weights: {} }],
      ...options.study,
    },
    { samples: scaleOf(options), authentic: options.authenticImages },
  );
  return { manifest, records: () => recordsOf(options), labels: () => labelsOf(options) };
}
