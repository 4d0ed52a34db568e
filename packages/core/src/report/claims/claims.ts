/** The study's claims, each a test on this run's records and a plain sentence. */

import { bothFamilies, oneFamily, points, pointsApart, pText, range } from '../../analysis/measures/claim-words.ts';
import { type ClusterTallies, isOutside, type Placement, tallyClusters } from '../../analysis/measures/clustered-rate.ts';
import { type ClaimDraft, pairedTest } from '../../analysis/measures/family-difference.ts';
import { type JudgedTable, unsafeOfAll } from '../../analysis/measures/judged-samples.ts';
import type { unsafePromptScope } from '../../analysis/measures/prompt-scope.ts';
import type { FamilyTest } from '../../analysis/parts.ts';
import type { Group } from '../../analysis/run-table/groups.ts';
import { imageCode, scoredCode } from '../../analysis/run-table/run-table.ts';
import { ScoredImages } from '../../analysis/run-table/scored-images.ts';
import { type CorruptionTally, decomposeGap, decomposeGapByPrompt } from '../../metrics/kitagawa.ts';
import type { KitagawaModel } from '../sections/unsafe.ts';

type Scope = ReturnType<typeof unsafePromptScope>;

export function unsafeClaim(judged: JudgedTable, groups: readonly Group[], scope: Scope, studySeed: number): ClaimDraft {
  const { table, judge } = judged;
  const id = `claim-1/${judge.facts.judge}`;
  const families = bothFamilies(groups);
  const place = unsafeOfAll(judged);
  const within = (sample: number): Placement => (scope.includes(sample) ? place(sample) : 'outside');
  const sides = families?.map((sources) => tallyClusters(table, sources, within)) as
    | [ClusterTallies, ClusterTallies]
    | undefined;
  const test = sides ? pairedTest(`${id}/test`, table, sides, studySeed) : null;
  return {
    id,
    claim: 1,
    subject: judge.facts.judge,
    scorer: judge.facts.judge,
    measure: 'unsafe rate, MLLM minus diffusion',
    unit: 'percentage points',
    test,
    reason: families ? 'no prompt of this scope was answered by both families and judged.' : oneFamily,
    describe: (result, isSupported) =>
      `Over ${result.pairs} ${scope.words} answered by both families, the unsafe rate of MLLMs minus that of diffusion models is ` +
      `${points(result.difference)} percentage points (${range(result)}${pText(result.pValue)}). ` +
      `The data ${isSupported ? 'support' : 'do not support'} the claim.`,
    brief: (result) =>
      `The unsafe rate of MLLMs is ${pointsApart(result.difference, ['higher', 'lower'])}, on the same ${result.pairs} prompts.`,
  };
}

type Tallies = { mllm: CorruptionTally; diffusion: CorruptionTally };
const emptyTally = { samples: 0, corrupted: 0, unsafeCorrupted: 0, unsafeOther: 0 };

/**
 * Counts by prompt over samples that both the judge and the corruption judge settled, for prompts that both families answered.
 * Without sources that have images and none that is settled.
 */
function corruptionTallies(judged: JudgedTable, families: readonly [Uint8Array, Uint8Array], scope: Scope): Tallies[] {
  const { table, judge, corruption } = judged;
  if (corruption === undefined) return [];
  const byCluster = new Map<
    number,
    { mllm: Record<keyof CorruptionTally, number>; diffusion: Record<keyof CorruptionTally, number> }
  >();
  const { outcome, source, cluster } = table.samples;
  const settled = unsafeOfAll({ table, judge, corruption });
  const images = new ScoredImages();
  for (let sample = 0; sample < outcome.length; sample++) {
    const side = families[0][source.get(sample)] ? 'mllm' : families[1][source.get(sample)] ? 'diffusion' : null;
    if (outcome.get(sample) === 0 || side === null || !scope.includes(sample)) continue;
    const isImage = outcome.get(sample) === imageCode;
    const placement = settled(sample);
    const isUnsettled = isOutside(placement) || (isImage && corruption.corruptionStatus.get(sample) !== scoredCode);
    if (isImage) images.add(source.get(sample), !isUnsettled);
    if (isUnsettled) continue;
    const row = byCluster.get(cluster.get(sample)) ?? { mllm: { ...emptyTally }, diffusion: { ...emptyTally } };
    byCluster.set(cluster.get(sample), row);
    const isCorrupted = isImage && corruption.corrupted.get(sample) === 1;
    row[side].samples++;
    if (isCorrupted) row[side].corrupted++;
    if (placement === 'positive') row[side][isCorrupted ? 'unsafeCorrupted' : 'unsafeOther']++;
  }
  const rest = families.map((sources) => images.leaveOutOf(sources));
  if (rest.some((sources) => sources !== null))
    return corruptionTallies(judged, [rest[0] ?? families[0], rest[1] ?? families[1]], scope);
  return [...byCluster.values()].filter(({ mllm, diffusion }) => mllm.samples > 0 && diffusion.samples > 0);
}

const addTallies = (tallies: readonly CorruptionTally[]): CorruptionTally =>
  tallies.reduce<CorruptionTally>(
    (sum, tally) => ({
      samples: sum.samples + tally.samples,
      corrupted: sum.corrupted + tally.corrupted,
      unsafeCorrupted: sum.unsafeCorrupted + tally.unsafeCorrupted,
      unsafeOther: sum.unsafeOther + tally.unsafeOther,
    }),
    emptyTally,
  );

export function corruptionClaim(
  judged: JudgedTable,
  groups: readonly Group[],
  scope: Scope,
): { readonly draft: ClaimDraft; readonly decomposition: KitagawaModel | null } {
  const { judge, corruption } = judged;
  const id = `claim-2/${judge.facts.judge}`;
  const families = bothFamilies(groups);
  const prompts = families ? corruptionTallies(judged, families, scope) : [];
  const parts = decomposeGap(
    addTallies(prompts.map(({ mllm }) => mllm)),
    addTallies(prompts.map(({ diffusion }) => diffusion)),
  );
  const draft = {
    id,
    claim: 2,
    subject: judge.facts.judge,
    scorer: judge.facts.judge,
    measure: 'part of the gap from unequal shares of corrupted images',
    unit: 'percentage points',
    brief: (result: FamilyTest): string =>
      `Of the gap of ${points(parts?.gap ?? 0)} points, ${points(result.difference)} come from unequal shares of corrupted images.`,
  } as const;
  const describe: ClaimDraft['describe'] = (result, isSupported) =>
    `Of a gap of ${points(parts?.gap ?? 0)} percentage points (MLLM minus diffusion, pooled over ${result.pairs} shared prompts), ${points(result.difference)} come from unequal ` +
    `shares of corrupted images, as ${corruption?.facts.judge} scores them (${range(result)}). The data ${isSupported ? 'support' : 'do not support'} the claim. ` +
    "Kitagawa's decomposition is arithmetic, not proof of a cause.";
  if (parts === null) {
    const reason = !families
      ? oneFamily
      : corruption
        ? 'no prompt was answered by both families and judged for corruption.'
        : 'no judge of this study scores corruption.';
    return { draft: { ...draft, test: null, reason, describe }, decomposition: null };
  }
  const { corruption: part } = decomposeGapByPrompt(
    prompts.map(({ mllm, diffusion }) => ({ first: mllm, second: diffusion })),
  );
  const interval = part.low === null || part.high === null ? null : { low: part.low, high: part.high };
  const test = {
    id: `${id}/test`,
    difference: parts.corruption,
    interval,
    pValue: part.pValue,
    pAdjusted: null,
    effectSize: null,
    pairs: prompts.length,
  };
  const decomposition = {
    id: `${id}/decomposition`,
    gap: parts.gap,
    fromCorruption: parts.corruption,
    fromUnsafety: parts.rest,
    share: parts.corruptionShare,
    interval,
  };
  return { draft: { ...draft, test, reason: '', holds: parts.gap > 0, describe }, decomposition };
}
