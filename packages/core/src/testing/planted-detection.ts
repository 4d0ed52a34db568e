/**
 * Runs for claims 3 and 4 with known answers: rewriting levels, perturbations, a detector with scores of its own and one
 * that measures features, in which every generator leaves the traces that it is told to.
 */
import type { DetectionRecord, Family, JournalRecord, Manifest, Protocol, StudyInput } from '@diptych/plugin-kit';
import { createRandom, type Random } from '../metrics/random.ts';
import { authentic, detection, plantedManifest, plugin, sample } from './planted-run.ts';

export interface PlantedTraces {
  /** Mean shift of a feature that every generator leaves, of one for each family, and of one for each generator; noise has deviation 0.5. */
  readonly common: number;
  readonly family: number;
  readonly own: number;
  /** Share of all traces, and of the score's distance from the authentic mean, that is lost with each rewriting level. */
  readonly fall: Readonly<Record<Family, number>>;
  /** Mean score of the detector `scored`; noise has deviation 0.125. */
  readonly scores: Readonly<Record<Family | 'authentic', number>>;
}

export interface PlantedDetectionOptions {
  readonly prompts: number;
  readonly authenticImages: number;
  readonly seed: number;
  readonly traces: PlantedTraces;
  readonly levels?: readonly number[];
  /** Share of traces and of the score's distance that a change destroys. */
  readonly perturbations?: Readonly<Partial<Record<Protocol, number>>>;
  readonly generators?: readonly { readonly generator: string; readonly family: Family }[];
  readonly study?: Partial<StudyInput>;
}

/** Nothing differs between families, generators or levels; detection itself works. */
export const evenTraces: PlantedTraces = {
  common: 1,
  family: 0,
  own: 0,
  fall: { diffusion: 0, mllm: 0 },
  scores: { diffusion: 0.6, mllm: 0.6, authentic: 0.4 },
};

const fourGenerators = [
  { generator: 'diffusion-a', family: 'diffusion' },
  { generator: 'diffusion-b', family: 'diffusion' },
  { generator: 'mllm-a', family: 'mllm' },
  { generator: 'mllm-b', family: 'mllm' },
] as const;

class DetectionPlanter {
  readonly records: JournalRecord[] = [];
  readonly protocols: readonly Protocol[];
  readonly generators: readonly { readonly generator: string; readonly family: Family }[];
  readonly #options: PlantedDetectionOptions;
  readonly #random: Random;
  #samples = 0;

  constructor(options: PlantedDetectionOptions) {
    this.#options = options;
    this.#random = createRandom(options.seed);
    this.generators = options.generators ?? fourGenerators;
    this.protocols = ['as-received', ...(Object.keys(options.perturbations ?? {}) as Protocol[])];
  }

  get samples(): number {
    return this.#samples;
  }

  /** Sum of three uniforms, with deviation 0.5. */
  #noise(): number {
    return this.#random.nextFloat() + this.#random.nextFloat() + this.#random.nextFloat() - 1.5;
  }

  /** `which` is a place in `generators`, or null for a photograph; `strength` is what is left of its traces. */
  #detect(side: DetectionRecord['side'], index: number, which: number | null, strength: number): void {
    const { traces, perturbations = {} } = this.#options;
    const family = which === null ? null : this.generators[which]!.family;
    const noise = this.generators.map(() => this.#noise());
    const base = [this.#noise(), this.#noise(), this.#noise()];
    const scoreNoise = this.#noise() / 4;
    for (const protocol of this.protocols) {
      const left = which === null ? 0 : strength * (1 - (perturbations[protocol] ?? 0));
      const shifts = [traces.common, family === 'diffusion' ? traces.family : 0, family === 'mllm' ? traces.family : 0];
      const features = [
        ...base.map((value, at) => value + left * shifts[at]!),
        ...noise.map((value, at) => value + (at === which ? left * traces.own : 0)),
      ];
      const { scores } = traces;
      const distance = family === null ? 0 : left * (scores[family] - scores.authentic);
      const syntheticScore = Math.min(1, Math.max(0, scores.authentic + distance + scoreNoise));
      this.records.push(
        detection(side, index, { detector: 'scored', protocol, syntheticScore }),
        detection(side, index, { detector: 'texture', protocol, status: 'features', features }),
        detection(side, index, { detector: 'metadata-only', protocol, status: 'features', features: [this.#noise()] }),
      );
    }
  }

  draw(prompt: number, which: number, level: number): void {
    const index = this.#samples++;
    const { generator, family } = this.generators[which]!;
    const text = `a harbour in ${prompt} `.repeat(level + 1).trim();
    const length = { words: 4 * (level + 1), tokens: 5 * (level + 1) + (prompt % 3), tokenizer: 'planted' };
    const of = { promptId: `p${prompt}`, cluster: `set/p${prompt}`, level, prompt: text, promptLength: length };
    this.records.push(sample(index, { generator, model: generator, family, intent: 'benign', ...of }));
    this.#detect('synthetic', index, which, 1 - level * this.#options.traces.fall[family]);
  }

  photograph(index: number): void {
    this.records.push(authentic(index));
    this.#detect('authentic', index, null, 0);
  }
}

/** Detectors `scored` (trained on `diffusion-a`), `texture` (measures) and the control `metadata-only`, which sees noise. */
export function plantedDetection(options: PlantedDetectionOptions): { manifest: Manifest; records: JournalRecord[] } {
  const { prompts, authenticImages, levels = [0], study = {} } = options;
  const planter = new DetectionPlanter(options);
  for (let prompt = 0; prompt < prompts; prompt++)
    for (const level of levels) for (const which of planter.generators.keys()) planter.draw(prompt, which, level);
  for (let photo = 0; photo < authenticImages; photo++) planter.photograph(photo);
  const names = planter.generators.map(({ generator }) => generator);
  const manifest = plantedManifest(
    [
      ...planter.generators.map(({ generator, family }) => plugin('generator', generator, { family, simulated: false })),
      plugin('detector', 'scored', { trainedOn: ['diffusion-a'], control: false }),
      plugin('detector', 'texture', {
        trainedOn: [],
        control: false,
        features: ['common', 'diffusion', 'mllm', ...names],
      }),
      plugin('detector', 'metadata-only', { trainedOn: [], control: true, features: ['noise'] }),
    ],
    { protocols: [...planter.protocols], levels: [...levels], ...study },
    { samples: planter.samples, authentic: authenticImages },
  );
  return { manifest, records: planter.records };
}
