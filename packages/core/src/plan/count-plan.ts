import type { Generator } from '@diptych/plugin-kit';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import type { PlanCounts, RunPlan } from './run-plan.ts';

/**
 * Assumed sizes behind `estimatedBytes` where a generator states none: a 1024×1024 PNG, a camera JPEG, a journal line.
 * Arbitrary round figures.
 */
export const assumedBytes = {
  generatedImage: 1_500_000,
  authenticImage: 500_000,
  sampleRecord: 1_000,
  scoreRecord: 200,
} as const;

interface Sizes {
  readonly ranges: RunPlan['ranges'];
  readonly prompts: number;
  readonly authentic: number;
  readonly samples: number;
  /** Distinct prompts that imports bring. */
  readonly importedPrompts: number;
}

/** A batch larger than a minute's budget of images could never be sent. */
export const batchOf = ({ maxBatch, pacing }: Pick<Generator, 'maxBatch' | 'pacing'>): number =>
  Math.max(1, Math.min(maxBatch, Math.floor(pacing?.imagesPerMinute ?? maxBatch)));

export function countPlan(loaded: LoadedStudy, { ranges, prompts, authentic, samples, importedPrompts }: Sizes): PlanCounts {
  const { study } = loaded;
  const calls = (items: number, batch: number): number => Math.ceil(items / Math.max(1, batch));
  const generators = ranges.map(({ generator, count }) => ({
    alias: generator.alias,
    samples: count,
    calls: calls(count, generator.mode === 'generate' ? batchOf(generator.instance) : 1),
    mode: generator.mode,
  }));
  const judges = loaded.judges.map(({ alias, instance }) => ({
    alias,
    verdicts: samples,
    calls: calls(samples, instance.maxBatch),
  }));
  const detections = samples + authentic;
  const detectors = loaded.detectors.flatMap(({ alias, instance }) =>
    study.protocols.map((protocol) => ({ alias, protocol, detections, calls: calls(detections, instance.maxBatch) })),
  );
  const imageBytes = ranges.reduce((sum, { generator, count }) => {
    const stated = generator.mode === 'generate' ? generator.instance.estimate?.bytesPerItem : undefined;
    return sum + count * (stated ?? assumedBytes.generatedImage);
  }, 0);
  const scores = judges.reduce((sum, { verdicts }) => sum + verdicts, 0) + detectors.length * detections;
  return {
    samples,
    prompts,
    authentic,
    generators,
    ratings: loaded.promptRaters.length > 0 ? prompts * study.levels.length + importedPrompts : 0,
    rewrites: loaded.rewriter ? prompts * Math.max(...study.levels) : 0,
    images: samples,
    judges,
    detectors,
    estimatedBytes:
      imageBytes +
      samples * assumedBytes.sampleRecord +
      authentic * assumedBytes.authenticImage +
      scores * assumedBytes.scoreRecord,
  };
}
