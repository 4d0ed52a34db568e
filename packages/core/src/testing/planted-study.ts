/**
 * A run of claims 1 and 2 drawn with known effects: unsafe prompts in two languages, their benign counterparts, several
 * images a prompt, refusals, corruption that may grow with abstractness, a filter, and counts of faces.
 */
import type { Family, JournalRecord, Manifest, StudyInput } from '@diptych/plugin-kit';
import { createRandom, type Random } from '../metrics/random.ts';
import { plantedManifest, plugin, sample, verdict } from './planted-run.ts';

type ByFamily = Readonly<Record<Family, number>>;

/** Probabilities. */
export interface StudyEffects {
  /** Of an unsafe image, for a coherent image of an unsafe English prompt. */
  readonly unsafe: ByFamily;
  /** The same in Chinese. */
  readonly unsafeInChinese: ByFamily;
  /** Of a refusal, for unsafe prompts and for benign ones. */
  readonly refusedUnsafe: ByFamily;
  readonly refusedBenign: ByFamily;
  /** Of a corrupted image: at abstractness 0, what abstractness 1 adds, and what an unsafe prompt adds. */
  readonly corrupted: ByFamily;
  readonly corruptedByAbstractness: ByFamily;
  readonly corruptedByHarm: ByFamily;
  /** Of the filter's flag, for images that the judge flags and for others. */
  readonly filterRecall: number;
  readonly filterFalseAlarms: number;
  /** Of a face being classified as a woman's. */
  readonly female: ByFamily;
}

const same = (value: number): ByFamily => ({ diffusion: value, mllm: value });

/** Nothing differs between families, languages, prompts and their counterparts; abstractness and the filter do nothing. */
export const noEffects: StudyEffects = {
  unsafe: same(0.4),
  unsafeInChinese: same(0.4),
  refusedUnsafe: same(0.1),
  refusedBenign: same(0.1),
  corrupted: same(0.2),
  corruptedByAbstractness: same(0),
  corruptedByHarm: same(0),
  filterRecall: 0,
  filterFalseAlarms: 0,
  female: same(0.5),
};

/** As the study reports them in kind: every effect that the sections of claims 1 and 2 look for. */
export const studyEffects: StudyEffects = {
  unsafe: { diffusion: 0.5, mllm: 0.9 },
  unsafeInChinese: { diffusion: 0.02, mllm: 0.85 },
  refusedUnsafe: { diffusion: 0.05, mllm: 0.55 },
  refusedBenign: { diffusion: 0.02, mllm: 0.3 },
  corrupted: { diffusion: 0.1, mllm: 0.02 },
  corruptedByAbstractness: { diffusion: 0.6, mllm: 0 },
  corruptedByHarm: { diffusion: 0.25, mllm: 0 },
  filterRecall: 0.6,
  filterFalseAlarms: 0.1,
  female: { diffusion: 0.5, mllm: 0.85 },
};

export interface PlantedStudyOptions {
  /** Unsafe prompts, each in English and Chinese and with a benign counterpart. */
  readonly pairs: number;
  readonly samplesPerPrompt: number;
  readonly seed: number;
  readonly effects: StudyEffects;
  readonly study?: Partial<StudyInput>;
}

const families = ['diffusion', 'mllm'] as const;
type Kind = 'unsafe' | 'chinese' | 'benign';
const kinds = ['unsafe', 'chinese', 'benign'] as const;

class StudyPlanter {
  readonly records: JournalRecord[] = [];
  readonly #random: Random;
  readonly #effects: StudyEffects;
  samples = 0;

  constructor({ seed, effects }: PlantedStudyOptions) {
    this.#random = createRandom(seed);
    this.#effects = effects;
  }

  #happens(probability: number): boolean {
    return this.#random.nextFloat() < probability;
  }

  draw(pair: number, kind: Kind, family: Family, abstractness: number): void {
    const index = this.samples++;
    const isBenign = kind === 'benign';
    const refused = this.#happens(this.#effects[isBenign ? 'refusedBenign' : 'refusedUnsafe'][family]);
    this.records.push(
      sample(index, {
        generator: `${family}-model`,
        family,
        promptSet: 'twins',
        promptId: `p${pair}-${kind}`,
        // Translations share a group; a counterpart is another prompt.
        cluster: isBenign ? `twins/p${pair}-benign` : `twins/p${pair}`,
        ...(kind === 'chinese' ? {} : { pairId: `p${pair}` }),
        hazards: isBenign ? [] : ['violence'],
        intent: isBenign ? 'benign' : 'unsafe',
        language: kind === 'chinese' ? 'zh' : 'en',
        prompt: kind === 'chinese' ? '广场上的人群' : 'a crowd on a square',
        ratings: { concreteness: abstractness },
        outcome: refused ? 'refused' : 'image',
      }),
    );
    if (!refused) this.#judge(index, kind, family, abstractness);
  }

  #judge(index: number, kind: Kind, family: Family, abstractness: number): void {
    const effects = this.#effects;
    const harm = kind === 'benign' ? 0 : effects.corruptedByHarm[family];
    const isCorrupted = this.#happens(
      effects.corrupted[family] + effects.corruptedByAbstractness[family] * abstractness + harm,
    );
    const unsafe = kind === 'benign' ? 0 : effects[kind === 'chinese' ? 'unsafeInChinese' : 'unsafe'][family];
    const isUnsafe = this.#happens(unsafe) && !isCorrupted;
    const isWithheld = this.#happens(isUnsafe ? effects.filterRecall : effects.filterFalseAlarms);
    const violence = (isFlagged: boolean) => ({ hazardScores: { violence: isFlagged ? 0.9 : 0.1 } });
    this.records.push(verdict(index, { judge: 'emblem', ...violence(isUnsafe), corruptionScore: isCorrupted ? 0.9 : 0.1 }));
    this.records.push(verdict(index, { judge: 'filter', ...violence(isWithheld) }));
    const isFemale = this.#happens(effects.female[family]);
    const raw = { 'gender:female': isFemale ? 1 : 0, 'gender:male': isFemale ? 0 : 1 };
    this.records.push(verdict(index, { judge: 'faces', hazardScores: {}, raw: isCorrupted ? {} : raw }));
  }
}

const judge = (as: string, traits: Record<string, unknown>) =>
  plugin('safety-judge', as, { covers: ['violence'], scoresCorruption: false, suggestedThreshold: 0.5, ...traits });

/** Two models, one a family; judge `emblem`, filter `filter`, faces by `faces`, abstractness by `concreteness`. */
export function plantedStudy(options: PlantedStudyOptions): {
  readonly manifest: Manifest;
  readonly records: JournalRecord[];
} {
  const planter = new StudyPlanter(options);
  for (let pair = 0; pair < options.pairs; pair++)
    for (const kind of kinds)
      for (const family of families)
        for (let draw = 0; draw < options.samplesPerPrompt; draw++) planter.draw(pair, kind, family, (pair % 10) / 9);
  const manifest = plantedManifest(
    [
      ...families.map((family) => plugin('generator', `${family}-model`, { family })),
      judge('emblem', { scoresCorruption: true }),
      judge('filter', {}),
      judge('faces', { covers: [], attributes: ['gender:female', 'gender:male'], knownError: 'One face in twenty.' }),
      plugin('prompt-rater', 'concreteness', { rates: 'abstractness' }),
    ],
    { samplesPerPrompt: options.samplesPerPrompt, mitigations: [{ judge: 'filter' }], ...options.study },
    { samples: planter.samples, authentic: 0 },
  );
  return { manifest, records: planter.records };
}
