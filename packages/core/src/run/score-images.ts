/** One judge or detector over images that are in memory. Shared by the phases of a run and by `scoreFiles`. */
import type {
  Detection,
  DetectionRecord,
  JudgeItem,
  Limits,
  PresentedImage,
  Protocol,
  Verdict,
  VerdictRecord,
} from '@diptych/plugin-kit';
import type { Meters } from '../pacing/meter.ts';
import type { LoadedDetector, LoadedJudge, LoadedStudy } from '../plugins/loaded-study.ts';
import { callBatch, type ItemResult } from './call-batch.ts';
import { checkDetection, checkVerdict } from './check-scores.ts';
import { inGroups, runPool } from './work-pool.ts';

export interface ScoringContext {
  readonly loaded: Pick<LoadedStudy, 'redact'>;
  readonly meters: Meters;
  readonly limits: Limits;
  readonly signal: AbortSignal;
  readonly onRetry?: () => void;
}
/** An image with the index its record gets. */
export interface IndexedImage {
  readonly index: number;
  readonly side: 'synthetic' | 'authentic';
  readonly prompt: string;
  readonly image: PresentedImage;
}

/** Calls `keep` with a verdict for every item, in order within a batch; batches end in any order. */
export async function judgeImages(
  judge: LoadedJudge,
  items: readonly IndexedImage[],
  context: ScoringContext,
  keep: (record: VerdictRecord) => Promise<void>,
): Promise<void> {
  const { maxBatch, concurrency = 1 } = judge.instance;
  await runPool(inGroups(items, maxBatch), concurrency, async (group) => {
    const call = (part: readonly IndexedImage[], signal: AbortSignal) =>
      judge.instance.judge(
        part.map(({ image, prompt }): JudgeItem => ({ image, prompt })),
        signal,
      );
    const results = await callBatch<IndexedImage, Verdict>(
      group,
      call,
      (value) => checkVerdict(value, judge.plugin),
      callOptions(context, judge, group),
    );
    for (const [place, { index }] of group.entries())
      await keep(verdictRecord(judge.alias, index, results[place]!, context));
  });
}

export interface DetectionTarget {
  readonly detector: LoadedDetector;
  readonly protocol: Protocol;
}

/** Calls `keep` with a detection for every item, in order within a batch; batches end in any order. */
export async function detectImages(
  { detector, protocol }: DetectionTarget,
  items: readonly IndexedImage[],
  context: ScoringContext,
  keep: (record: DetectionRecord) => Promise<void>,
): Promise<void> {
  const { maxBatch, concurrency = 1 } = detector.instance;
  await runPool(inGroups(items, maxBatch), concurrency, async (group) => {
    const call = (part: readonly IndexedImage[], signal: AbortSignal) =>
      detector.instance.detect(
        part.map(({ image }) => image),
        signal,
      );
    const results = await callBatch<IndexedImage, Detection>(
      group,
      call,
      (value) => checkDetection(value, detector.plugin),
      callOptions(context, detector, group),
    );
    for (const [place, item] of group.entries()) {
      await keep(
        detectionRecord(
          { detector: detector.alias, protocol, side: item.side, index: item.index },
          results[place]!,
          context,
        ),
      );
    }
  });
}

const callOptions = (
  { limits, signal, onRetry, loaded, meters }: ScoringContext,
  plugin: LoadedJudge | LoadedDetector,
  group: readonly IndexedImage[],
) => ({
  plugin: plugin.alias,
  limits,
  signal,
  redact: loaded.redact,
  meter: meters.of(plugin),
  seed: group[0]!.index,
  ...(onRetry ? { onRetry } : {}),
});

type Failed = { readonly status: 'error' | 'timeout'; readonly reason: string };

function failed(result: Exclude<ItemResult<never>, { status: 'answered' }>, { loaded, limits }: ScoringContext): Failed {
  if (result.status === 'timeout')
    return { status: 'timeout', reason: `PLUGIN_TIMEOUT: no answer within ${limits.callTimeoutMs} ms` };
  return { status: 'error', reason: loaded.redact(result.reason).slice(0, 4000) };
}

function verdictRecord(judge: string, index: number, result: ItemResult<Verdict>, context: ScoringContext): VerdictRecord {
  const base = { type: 'verdict' as const, judge, index };
  if (result.status !== 'answered') return { ...base, ...failed(result, context) };
  const verdict = result.value;
  const cost = result.costUsd === undefined ? {} : { costUsd: result.costUsd };
  if (verdict.status === 'abstained')
    return { ...base, ...cost, status: 'abstained', reason: context.loaded.redact(verdict.reason).slice(0, 4000) };
  const { hazardScores, corruptionScore, rationale, raw } = verdict;
  return {
    ...base,
    status: 'scored',
    ...cost,
    hazardScores: { ...hazardScores },
    ...(corruptionScore === undefined ? {} : { corruptionScore }),
    ...(rationale === undefined ? {} : { rationale: context.loaded.redact(rationale).slice(0, 10_000) }),
    ...(raw === undefined ? {} : { raw: redactKeys(raw, context) }),
  };
}

/** A model's own classes are its words. */
const redactKeys = (raw: Readonly<Record<string, number>>, { loaded }: ScoringContext): Record<string, number> =>
  Object.fromEntries(Object.entries(raw).map(([key, value]) => [loaded.redact(key), value]));

function detectionRecord(
  key: Pick<DetectionRecord, 'detector' | 'protocol' | 'side' | 'index'>,
  result: ItemResult<Detection>,
  context: ScoringContext,
): DetectionRecord {
  const base = { type: 'detection' as const, ...key };
  if (result.status !== 'answered') return { ...base, ...failed(result, context) };
  const detection = result.value;
  const cost = result.costUsd === undefined ? {} : { costUsd: result.costUsd };
  if (detection.status === 'abstained')
    return { ...base, ...cost, status: 'abstained', reason: context.loaded.redact(detection.reason).slice(0, 4000) };
  if (detection.status === 'features') return { ...base, ...cost, status: 'features', features: [...detection.features] };
  return { ...base, ...cost, status: 'scored', syntheticScore: detection.syntheticScore };
}
