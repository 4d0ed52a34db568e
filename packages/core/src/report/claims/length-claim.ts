/** Claim 4 on a detector as it is: as prompts get longer, its score falls on MLLM images, and more than on diffusion images. */
import { oneFamily, pText, range, slope } from '../../analysis/measures/claim-words.ts';
import type { ClaimDraft } from '../../analysis/measures/family-difference.ts';
import type { LengthSlope, SlopeDifference } from '../../analysis/measures/length-slopes.ts';
import type { FamilyTest } from '../../analysis/parts.ts';
import type { BypassArm } from '../sections/bypass.ts';
import type { DetectorModel } from '../sections/detection.ts';

const unit = { level: 'for each rewriting level', words: 'for ten more words', tokens: 'for ten more tokens' } as const;
/** Levels where they vary, else words: the study's own measure first. */
const predictors = ['level', 'words'] as const;

interface Slopes {
  readonly mllm: LengthSlope;
  readonly diffusion: LengthSlope;
  /** MLLM minus diffusion. */
  readonly contrast: SlopeDifference;
}

/** By the first predictor that both families vary in, compared in one way (within prompts, or across them). */
function slopesOf(arm: BypassArm | undefined): Slopes | null {
  for (const predictor of predictors) {
    const of = (family: string) =>
      arm?.slopes.find((row) => row.kind === 'family' && row.family === family && row.predictor === predictor);
    const [mllm, diffusion] = [of('mllm'), of('diffusion')];
    const contrast = arm?.slopeDifferences.find((row) => row.predictor === predictor);
    if (mllm && diffusion && contrast) return { mllm, diffusion, contrast };
  }
  return null;
}

type Part = Pick<FamilyTest, 'difference' | 'interval' | 'pValue'>;

/** A rise turned into a fall. */
const fallOf = (value: number, { interval, pValue }: Pick<LengthSlope, 'interval' | 'pValue'>): Part => ({
  difference: -value,
  interval: interval === null ? null : { low: -interval.high, high: -interval.low },
  pValue,
});

/**
 * Intersection–union (Berger, Technometrics 24, 1982): the claim is "both fall and excess", each part is tested at the full
 * level, and the larger p-value is that of the claim. Its level holds whichever part is false, without a correction between
 * the two; where both are false it rejects less often. The part with the larger p-value stands for the test.
 */
function decidingPart(fall: Part, excess: Part): Part {
  return (fall.pValue ?? 1) > (excess.pValue ?? 1) ? fall : excess;
}

const partText = (part: Part): string => `${range(part, slope)}${pText(part.pValue)}`;

function sentenceOf(panel: DetectorModel, { mllm, diffusion }: Slopes, fall: Part, excess: Part): ClaimDraft['describe'] {
  return (_, isSupported) =>
    `${panel.crossFitted ? 'As cross-fitted over all images' : 'With the weights it came with'}: ${unit[mllm.predictor]}, the synthetic score changes by ${slope(mllm.slope)} on MLLM images ` +
    `(fall: ${partText(fall)}; ${mllm.prompts} prompts, ${mllm.withinPrompts ? 'compared within each prompt' : 'compared across prompts'}) ` +
    `and by ${slope(diffusion.slope)} on diffusion images; the fall on MLLM images minus that on diffusion images is ${slope(excess.difference)} (${partText(excess)}). ` +
    `The claim needs both, and its p-value is the larger. ` +
    `The data ${isSupported ? 'support' : 'do not support'} the claim${mllm.withinPrompts ? '' : ', as far as different prompts can be compared'}.`;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const change = (value: number): string => `${value < 0 ? 'falls' : 'rises'} by ${Math.abs(value).toFixed(3)}`;

export function lengthClaim(panel: DetectorModel, arm: BypassArm | undefined): ClaimDraft {
  const id = `claim-4/${panel.detector}/${panel.protocol}`;
  const draft = {
    id,
    claim: 4,
    subject: `${panel.detector}, ${panel.protocol}`,
    scorer: panel.detector,
    protocol: panel.protocol,
    unit: 'score',
  } as const;
  const slopes = slopesOf(arm);
  if (slopes === null)
    return {
      ...draft,
      measure: 'fall of the score as prompts get longer',
      test: null,
      reason: whyUntested(panel, arm),
      describe: () => '',
      brief: () => '',
    };
  const { mllm, diffusion, contrast } = slopes;
  const [fall, excess] = [fallOf(mllm.slope, mllm), fallOf(contrast.difference, contrast)];
  const deciding = decidingPart(fall, excess);
  return {
    ...draft,
    measure: `fall of the score ${unit[mllm.predictor]}, ${deciding === fall ? 'MLLM' : 'MLLM minus diffusion'}`,
    brief: () =>
      `${capital(unit[mllm.predictor])}, the score ${change(mllm.slope)} on MLLM images and ${change(diffusion.slope)} on diffusion images.`,
    test: { id: `${id}/test`, ...deciding, pAdjusted: null, effectSize: null, pairs: mllm.prompts },
    reason: '',
    // The other part has the smaller p-value; with the right sign its interval lies above zero where the deciding one's does.
    holds: fall.difference > 0 && excess.difference > 0,
    describe: sentenceOf(panel, slopes, fall, excess),
  };
}

function whyUntested({ notShown, rows }: DetectorModel, arm: BypassArm | undefined): string {
  if (notShown !== null) return `${notShown}.`;
  const families = new Set(rows.filter(({ kind }) => kind === 'family').map(({ family }) => family));
  if (families.size < 2) return oneFamily;
  const hasSlopes = arm?.slopes.some(({ kind }) => kind === 'family') ?? false;
  return hasSlopes
    ? 'prompt lengths and levels do not vary alike in both families, so their slopes cannot be compared.'
    : 'prompt lengths and levels do not vary over at least ten prompts of each family.';
}
