import type { z } from 'zod';
import type { Detection, Detector, DetectorTraits } from '../detector.ts';
import type { PresentedImage } from '../image.ts';
import type { Plugin } from '../plugin.ts';
import {
  abortFaults,
  type BatchScorer,
  determinismFaults,
  emptyBatchFaults,
  isReason,
  orderFaults,
  scoreAll,
  tamperFaults,
} from './image-checks.ts';
import { metadataChecks } from './metadata-checks.ts';
import { type Check, describeChecks, isScore, runChecks, type Subject, type SuiteInput } from './suite.ts';

/** Options and the images to score. */
export interface DetectorSuiteInput<O extends z.ZodType = z.ZodType> extends SuiteInput<O> {
  /** At least two different images; `sampleImages()` will do for most. */
  readonly images: readonly PresentedImage[];
}
type DetectorPlugin<O extends z.ZodType = z.ZodType> = Plugin<'detector', Detector, O> & DetectorTraits;
type DetectorSubject = Subject<DetectorPlugin, Detector, DetectorSuiteInput>;

const scorerOf = ({ instance }: DetectorSubject): BatchScorer<PresentedImage, Detection> => ({
  maxBatch: instance.maxBatch,
  score: (images, signal) => instance.detect(images, signal),
});

function traitFaults({ trainedOn, features, control }: DetectorTraits): string[] {
  const faults: string[] = [];
  if (!Array.isArray(trainedOn)) faults.push('trainedOn is not a list; give [] where it was fitted on none.');
  if (typeof control !== 'boolean') faults.push('control is not true or false.');
  if (features !== undefined && (features.length === 0 || new Set(features).size !== features.length))
    faults.push('features is empty or names a feature twice.');
  return faults;
}

function detectionFaults(detection: Detection, features: readonly string[] | undefined): string[] {
  if (detection.status === 'abstained')
    return isReason(detection.reason) ? [] : ['it abstained without a reason of 1 to 4000 characters'];
  if (detection.status === 'scored') {
    if (features !== undefined) return ['it was scored although the trait `features` promises features'];
    return isScore(detection.syntheticScore) ? [] : [`syntheticScore is ${detection.syntheticScore}, expected 0 to 1`];
  }
  if (detection.status !== 'features') return [`status is ${String((detection as { status: unknown }).status)}`];
  if (features === undefined) return ['it returned features although the trait `features` is absent'];
  if (detection.features.length !== features.length)
    return [`it has ${detection.features.length} features, the trait names ${features.length}`];
  return detection.features.flatMap((value, i) => (Number.isFinite(value) ? [] : [`feature ${features[i]} is ${value}`]));
}

const checks: readonly Check<DetectorSubject>[] = [
  ...metadataChecks('detector'),
  {
    claim: 'declares what it was trained on, its features and whether it is a control',
    faults: ({ plugin }) => traitFaults(plugin),
  },
  {
    claim: 'gives one detection per image, in order, the same alone as in a batch',
    faults: (s) => orderFaults(scorerOf(s), s.input.images),
  },
  {
    claim: 'gives scores in [0, 1], exactly the features it names, or a reason',
    async faults(s) {
      const detections = await scoreAll(scorerOf(s), s.input.images);
      return detections.flatMap((detection, i) =>
        detectionFaults(detection, s.plugin.features).map((fault) => `image ${i}: ${fault}.`),
      );
    },
  },
  { claim: 'is deterministic', faults: (s) => determinismFaults(scorerOf(s), s.input.images) },
  { claim: 'accepts an empty batch', faults: (s) => emptyBatchFaults(scorerOf(s)) },
  { claim: 'rejects when aborted', faults: (s) => abortFaults(scorerOf(s), s.input.images) },
  { claim: 'leaves the images unchanged', faults: (s) => tamperFaults(scorerOf(s), s.input.images, s.input.images) },
];

const erase = <O extends z.ZodType>(plugin: DetectorPlugin<O>): DetectorPlugin => plugin as unknown as DetectorPlugin;

/** The faults of a detector, as sentences; empty where it meets the contract. */
export function checkDetector<O extends z.ZodType>(
  plugin: DetectorPlugin<O>,
  input: DetectorSuiteInput<O>,
): Promise<string[]> {
  return runChecks<Detector, DetectorPlugin, DetectorSuiteInput>(erase(plugin), input, checks);
}

/** One test for every claim of the contract. */
export function describeDetector<O extends z.ZodType>(plugin: DetectorPlugin<O>, input: DetectorSuiteInput<O>): void {
  describeChecks<Detector, DetectorPlugin, DetectorSuiteInput>(erase(plugin), input, checks);
}
