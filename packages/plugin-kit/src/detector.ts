import type { z } from 'zod';
import type { PresentedImage } from './image.ts';
import type { Metered } from './pacing.ts';
import { apiVersion, type Described, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';

/**
 * `syntheticScore` is in [0, 1], higher means more likely synthetic; a rank, not a probability. A detector that
 * must be fitted on the run itself returns `features` instead, and core cross-fits a logistic head over
 * prompts, so that no image is scored by a head that saw its prompt.
 */
export type Detection = DetectionAnswer & {
  /** What this answer cost in US dollars. */
  readonly costUsd?: number;
};

type DetectionAnswer =
  | { readonly status: 'scored'; readonly syntheticScore: number }
  | { readonly status: 'features'; readonly features: readonly number[] }
  | { readonly status: 'abstained'; readonly reason: string };

/** Scores images. Core splits into batches of at most `maxBatch`, retries, times and orders; it never calls `detect` with more. */
export interface Detector extends MaybeDisposable, Metered, Described {
  readonly maxBatch: number;
  /** Calls core may have in flight at once; 1 where absent. */
  readonly concurrency?: number;
  detect(images: readonly PresentedImage[], signal: AbortSignal): Promise<readonly Detection[]>; // aligned with images
}
/** Static facts, known without options: they stand in the manifest and in every table. */
export interface DetectorTraits {
  /** Generators whose images the detector was fitted on; reports keep seen and unseen ones apart. */
  readonly trainedOn: readonly string[];
  /** Names of the features, in the order in which detections return them; core fits a head on them within the run. */
  readonly features?: readonly string[];
  /** True for the format audit's control, which sees only file metadata. Reports print it beside every other detector. */
  readonly control: boolean;
}
/** Types and stamps a detector; the default export of its file. */
export const defineDetector = <O extends z.ZodType>(
  spec: PluginSpec<O, Detector> & DetectorTraits,
): Plugin<'detector', Detector, O> & DetectorTraits => ({
  apiVersion,
  kind: 'detector',
  ...spec,
});
