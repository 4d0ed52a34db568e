/** Claim 3, and the part of claim 4 on detectors that are retrained in the run. For detectors as they are: `length-claim.ts`. */

import type { ArmScores } from '../../analysis/measures/arm-scores.ts';
import { bothFamilies, oneFamily, points, pointsApart, pText, range, slope } from '../../analysis/measures/claim-words.ts';
import { type ClusterTallies, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { positionsOf } from '../../analysis/measures/detection-scores.ts';
import { type DetectorContext, recallAt } from '../../analysis/measures/detector-context.ts';
import { type ClaimDraft, pairedTest, unpairedDifference } from '../../analysis/measures/family-difference.ts';
import { type HeadBank, type HeldOutScores, scoreWith } from '../../analysis/measures/heads.ts';
import type { FamilyTest } from '../../analysis/parts.ts';
import type { Group } from '../../analysis/run-table/groups.ts';
import { aurocDifference, type PairedScores } from '../../metrics/auroc-difference.ts';
import { levelsOf, levelTest, retrainedOn } from '../sections/bypass.ts';
import type { DetectorModel } from '../sections/detection.ts';
import { ownAndOthers } from '../sections/transfer.ts';

const verdictText = (isSupported: boolean): string => `The data ${isSupported ? 'support' : 'do not support'} the claim.`;
const pairing = ({ pairs }: FamilyTest): string =>
  pairs > 0 ? `paired over ${pairs} shared prompts` : 'no prompt is shared, so subject matter may differ';

/** Share recognised at 5 % false positives, diffusion minus MLLM; paired by prompt where the families share prompts. */
export function detectionClaim(context: DetectorContext, panel: DetectorModel): ClaimDraft {
  const { table, groups, studySeed } = context;
  const id = `claim-3/${panel.detector}/${panel.protocol}`;
  const draft = {
    id,
    claim: 3,
    subject: `${panel.detector}, ${panel.protocol}`,
    scorer: panel.detector,
    protocol: panel.protocol,
    measure: 'TPR at 5 % FPR, diffusion minus MLLM',
    unit: 'percentage points',
    brief: (result: FamilyTest): string =>
      `The share of MLLM images detected is ${pointsApart(result.difference, ['lower', 'higher'])} than of diffusion images.`,
  } as const;
  const describe: ClaimDraft['describe'] = (result, isSupported) =>
    `At a threshold that calls at most 5 % of the authentic images synthetic, the share of diffusion images recognised minus that of MLLM images is ` +
    `${points(result.difference)} percentage points (${range(result)}${pText(result.pValue)}; ` +
    `${result.pairs > 0 ? `paired over ${result.pairs} shared prompts` : 'the families share no prompt, so subject matter may differ'}). ` +
    verdictText(isSupported);
  const families = bothFamilies(groups);
  const place = panel.notShown === null ? recallAt(context, 0.05) : null;
  if (families === undefined || place === null) {
    const reason = panel.notShown === null ? oneFamily : `${panel.notShown}.`;
    return { ...draft, test: null, reason, describe };
  }
  const [mllm, diffusion] = families.map((sources) => tallyClusters(table, sources, place)) as [
    ClusterTallies,
    ClusterTallies,
  ];
  const test =
    pairedTest(`${id}/test`, table, [diffusion, mllm], studySeed) ?? unpairedDifference(`${id}/test`, [diffusion, mllm]);
  return { ...draft, test, reason: 'one family has no image with a score.', describe };
}

interface Retraining {
  readonly bank: HeadBank;
  readonly context: DetectorContext;
  readonly mllm: Group | undefined;
  readonly diffusion: Group | undefined;
  /** Heads fitted on images of MLLMs at the lowest level. */
  readonly onMllm: ArmScores | null;
}

function draftOf({ context }: Retraining, part: 'improves' | 'transfers' | 'evaded', what: string) {
  const { facts, protocol } = context.scores;
  const id = `claim-4/${facts.detector}/${protocol}/${part}`;
  const subject = `${facts.detector}, ${protocol}, retrained: ${what}`;
  return { id, claim: 4, subject, scorer: facts.detector, protocol, part } as const;
}

/**
 * Factor of DeLong's variance: that of a mean of two halves that tell the same, since each half's heads are fitted on the other.
 * In 60 simulated runs without an effect the statistic varied 1.3 times (20 prompts) to 1.6 times (48) as much as the plain
 * variance says; Nadeau and Bengio's factor of 3 left a test at 0.05 that rejected in none of 200.
 */
const halvesAlike = 2;

/**
 * Heads fitted on MLLM images against heads fitted on diffusion images, on MLLM images of prompts that neither saw. By AUROC:
 * the two heads have thresholds of their own, whose noise no test over prompts would see. Widened, because fitting varies too.
 */
function improvesClaim(retraining: Retraining): ClaimDraft {
  const { bank, mllm, diffusion } = retraining;
  const draft = {
    ...draftOf(retraining, 'improves', 'is it better on MLLMs?'),
    measure: 'AUROC on MLLM images, head fitted on MLLM minus head fitted on diffusion',
    unit: 'AUROC',
    brief: (result: FamilyTest): string =>
      `Fitted on MLLM images instead of diffusion images, its AUROC on MLLM images is ${Math.abs(result.difference).toFixed(3)} ${result.difference < 0 ? 'lower' : 'higher'}.`,
  } as const;
  const describe: ClaimDraft['describe'] = (result, isSupported) =>
    `On MLLM images of prompts that neither saw, a head fitted on MLLM images has an AUROC higher by ${slope(result.difference)} than a head fitted on diffusion images ` +
    `(${range(result, slope)}${pText(result.pValue)}; ${result.pairs} prompts). ${verdictText(isSupported)}`;
  const heads = mllm && diffusion ? [bank.headsOn(mllm.sources), bank.headsOn(diffusion.sources)] : [null, null];
  const [after, before] = heads.map((fitted) => fitted && scoreWith(bank.frame, fitted));
  if (mllm === undefined || !after || !before)
    return {
      ...draft,
      test: null,
      reason: 'heads of both families are needed, with images and photographs in both halves.',
      describe,
    };
  const { parts, prompts } = pairedParts(bank, mllm, after, before);
  const areas = aurocDifference(parts, { widening: halvesAlike });
  const test = areas && {
    id: `${draft.id}/test`,
    difference: areas.difference,
    interval: areas.low === null || areas.high === null ? null : { low: areas.low, high: areas.high },
    pValue: areas.pValue,
    pAdjusted: null,
    effectSize: null,
    pairs: prompts,
  };
  return { ...draft, test, reason: 'no MLLM image was scored by both heads.', describe };
}

/** Images of a group at the lowest level and all photographs, scored by two heads, by half. */
function pairedParts({ frame }: HeadBank, group: Group, first: HeldOutScores, second: HeldOutScores) {
  const { table, scores, split, baseLevel } = frame;
  const own = positionsOf(table, scores, group.sources).filter(
    (position) => table.samples.level.get(scores.samples[position]!) === baseLevel,
  );
  const parts = Array.from({ length: split.foldCount }, (_, fold): PairedScores => {
    const positives = own.filter((position) => split.synthetic[position] === fold);
    const negatives = [...scores.authenticRows.keys()].filter((position) => split.authentic[position] === fold);
    const of = ({ synthetic, authentic }: HeldOutScores) => ({
      positives: positives.map((position) => synthetic[position]!),
      negatives: negatives.map((position) => authentic[position]!),
    });
    const clusters = {
      positives: positives.map((position) => scores.syntheticClusters[position]!),
      negatives: negatives.map((position) => scores.authenticClusters[position]!),
    };
    return { first: of(first), second: of(second), clusters };
  });
  return { parts, prompts: new Set(own.map((position) => scores.syntheticClusters[position])).size };
}

/** Heads fitted on one MLLM: its own images against those of the other MLLMs. */
function transfersClaim(retraining: Retraining): ClaimDraft {
  const { bank, context } = retraining;
  const { table, studySeed } = context;
  const draft = {
    ...draftOf(retraining, 'transfers', 'does it miss other MLLMs?'),
    measure: 'TPR at 5 % FPR, images of the same MLLM minus of other MLLMs',
    unit: 'percentage points',
    brief: (result: FamilyTest): string =>
      `Fitted on one MLLM, the share of other MLLMs' images detected is ${pointsApart(result.difference, ['lower', 'higher'])}.`,
  } as const;
  const sides = ownAndOthers(bank);
  const describe: ClaimDraft['describe'] = (result, isSupported) =>
    `Heads fitted on one MLLM recognise ${points(result.difference)} percentage points more of that MLLM's images than of other MLLMs' images, on prompts they never saw ` +
    `(${range(result)}${pText(result.pValue)}; ${pairing(result)}; at 5 % false positives). ${verdictText(isSupported)}`;
  const test =
    sides && (pairedTest(`${draft.id}/test`, table, sides, studySeed) ?? unpairedDifference(`${draft.id}/test`, sides));
  return { ...draft, test, reason: 'two MLLMs with at least 20 scored images each are needed.', describe };
}

/** Heads fitted on MLLM images of the prompts as given: are longer versions of other prompts caught less? */
function evadedClaim(retraining: Retraining): ClaimDraft {
  const { mllm, onMllm } = retraining;
  const levels = onMllm === null ? [] : levelsOf(onMllm);
  const [low, high] = [levels[0]!, levels.at(-1)!];
  const draft = {
    ...draftOf(retraining, 'evaded', 'do longer prompts evade it again?'),
    measure:
      levels.length < 2 ? 'TPR at 5 % FPR, lowest minus highest level' : `TPR at 5 % FPR, level ${low} minus level ${high}`,
    unit: 'percentage points',
    brief: (result: FamilyTest): string =>
      `Fitted on MLLM images of level ${low}, the share detected at level ${high} is ${pointsApart(result.difference, ['lower', 'higher'])}.`,
  } as const;
  const describe: ClaimDraft['describe'] = (result, isSupported) =>
    `A head fitted on MLLM images of level ${low} recognises ${points(result.difference)} percentage points fewer MLLM images at level ${high} than at level ${low}, over prompts it never saw ` +
    `(fall: ${range(result)}${pText(result.pValue)}; ${pairing(result)}; at 5 % false positives). ${verdictText(isSupported)}`;
  if (mllm === undefined || onMllm === null)
    return {
      ...draft,
      test: null,
      reason: 'MLLM images and photographs are needed in both halves of the prompts.',
      describe,
    };
  if (levels.length < 2)
    return {
      ...draft,
      test: null,
      reason: 'the run has one rewriting level; name a rewriter and levels in the study.',
      describe,
    };
  const test = levelTest(`${draft.id}/test`, onMllm, { group: mllm, levels: [low, high], measure: 'recall at 5 % FPR' });
  return { ...draft, test, reason: 'no prompt has scored MLLM images at both levels by one generator.', describe };
}

/** The retrained part of claim 4, for a detector that measures features. */
export function retrainingClaims(bank: HeadBank, context: DetectorContext): ClaimDraft[] {
  const familyOf = (family: 'mllm' | 'diffusion') =>
    context.groups.find((group) => group.kind === 'family' && group.family === family);
  const [mllm, diffusion] = [familyOf('mllm'), familyOf('diffusion')];
  const onMllm = mllm ? retrainedOn(bank, { ...mllm, label: 'all MLLMs' }, context.studySeed) : null;
  const retraining = { bank, context, mllm, diffusion, onMllm };
  return [improvesClaim(retraining), transfersClaim(retraining), evadedClaim(retraining)];
}
