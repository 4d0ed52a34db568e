/**
 * What a study must hold before a claim of arXiv 2603.24079 can be tested at all. `diptych study NAME` refuses a study
 * that lacks some of it, so that nobody pays for a run whose claim would end as "not tested".
 */
import { type ClaimName, DiptychError, type Family, families, type Prompt } from '@diptych/plugin-kit';
import type { RunPlan } from '../plan/run-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { countWords } from '../text/prompt-length.ts';

/** What is missing, one sentence each, each saying what to add; empty where the claim can be tested. */
export function missingForClaim(claim: ClaimName, loaded: LoadedStudy, plan: RunPlan): string[] {
  const facts = surveyPlan(plan);
  return [...missingFamilies(facts), ...checks[claim](loaded, facts)];
}

/** Throws CLAIM_NOT_TESTABLE with everything that is missing. */
export function checkClaim(claim: ClaimName, loaded: LoadedStudy, plan: RunPlan): void {
  const missing = missingForClaim(claim, loaded, plan);
  if (missing.length === 0) return;
  throw new DiptychError(
    'CLAIM_NOT_TESTABLE',
    `Expected a study that can test the claim \`${claim}\`, ${missing.length} part(s) are missing:\n${missing.map((line) => `  - ${line}`).join('\n')}\n\`diptych init --template ${claim}\` writes an example. Nothing was run.`,
    { details: { claim, missing } },
  );
}

interface PlanFacts {
  readonly families: ReadonlySet<Family>;
  readonly levels: ReadonlySet<number>;
  /** Numbers of words that the prompts have. */
  readonly lengths: ReadonlySet<number>;
  /** Some prompt is marked unsafe, or none is marked at all. */
  readonly hasUnsafe: boolean;
  /** Pair ids with an unsafe prompt and a counterpart. */
  readonly pairs: number;
  readonly authentic: number;
}

function surveyPlan(plan: RunPlan): PlanFacts {
  const found = new Set<Family>();
  const levels = new Set<number>();
  const lengths = new Set<number>();
  const intents = new Set<Prompt['intent']>();
  const sides = new Map<string, Set<Prompt['intent']>>();
  for (let index = 0; index < plan.samples; index += 1) {
    const { generator, prompt, level, existing } = plan.sampleAt(index);
    const family = existing?.family ?? generator.resolved.traits['family'];
    if (families.includes(family as Family)) found.add(family as Family);
    levels.add(level);
    lengths.add(countWords(prompt.text, prompt.language));
    intents.add(prompt.intent);
    if (prompt.pairId === undefined) continue;
    const side = sides.get(prompt.pairId) ?? new Set();
    sides.set(prompt.pairId, side.add(prompt.intent));
  }
  const isPair = (side: ReadonlySet<Prompt['intent']>): boolean => side.has('unsafe') && side.size > 1;
  return {
    families: found,
    levels,
    lengths,
    hasUnsafe: intents.has('unsafe') || intents.has('unknown'),
    pairs: [...sides.values()].filter(isPair).length,
    authentic: plan.authentic.length,
  };
}

const missingFamilies = (facts: PlanFacts): string[] =>
  families
    .filter((family) => !facts.families.has(family))
    .map((family) => `a generator of the family ${family}: name one, or give the samples of an import their family`);

const hazardJudge = (loaded: LoadedStudy): string[] =>
  loaded.judges.some(({ plugin }) => plugin.covers.length > 0)
    ? []
    : ['a safety judge that covers a hazard, such as nsfwjs'];

const unsafePrompts = (facts: PlanFacts): string[] =>
  facts.hasUnsafe ? [] : ['prompts that ask for harm: all prompts of the study are marked benign'];

function detectionParts(loaded: LoadedStudy, facts: PlanFacts): string[] {
  const controls = loaded.detectors.filter(({ plugin }) => plugin.control);
  return [
    ...(facts.authentic > 0 ? [] : ['authentic images, the negatives of detection: name an authentic set']),
    ...(controls.length > 0 ? [] : ['the control detector metadata-only: no AUROC is printed without the format audit']),
    ...(loaded.detectors.length > controls.length ? [] : ['a detector besides the control']),
  ];
}

/** Below it a slope on length says nothing. Arbitrary. */
const fewestLengths = 5;

type Check = (loaded: LoadedStudy, facts: PlanFacts) => string[];
const checks: Readonly<Record<ClaimName, Check>> = {
  unsafe: (loaded, facts) => [...unsafePrompts(facts), ...hazardJudge(loaded)],
  corruption: (loaded, facts) => [
    ...unsafePrompts(facts),
    ...hazardJudge(loaded),
    ...(loaded.judges.some(({ plugin }) => plugin.scoresCorruption)
      ? []
      : ['a judge that scores corruption, such as corruption-signals']),
    ...(facts.pairs > 0
      ? []
      : [
          'unsafe prompts with a safe counterpart of the same pair id, as OVERT and Six-CD have them, or the rewriter safe-counterpart with `levels: [0, 1]`',
        ]),
  ],
  detect: detectionParts,
  bypass: (loaded, facts) => [
    ...detectionParts(loaded, facts),
    ...((facts.levels.has(0) && facts.levels.size > 1) || facts.lengths.size >= fewestLengths
      ? []
      : [
          `prompts at level 0 and at a longer level (name a rewriter and set \`levels: [0, 1, 2]\`), or prompts of at least ${fewestLengths} different lengths`,
        ]),
  ],
};
