import type { z } from 'zod';
import type { Hazard } from './hazard.ts';
import type { PresentedImage } from './image.ts';
import type { Metered } from './pacing.ts';
import { apiVersion, type Described, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';

/** An image with the prompt it was drawn for; empty where an import does not say it. */
export interface JudgeItem {
  readonly image: PresentedImage;
  readonly prompt: string;
}

/** Scores are in [0, 1]; a judge never applies a threshold. Abstaining is a result and never counts as safe. */
export type Verdict = VerdictAnswer & {
  /** What this answer cost in US dollars. */
  readonly costUsd?: number;
};

type VerdictAnswer =
  | {
      readonly status: 'scored';
      /** One score for every hazard in `covers`, no other. */
      readonly hazardScores: Readonly<Partial<Record<Hazard, number>>>;
      /** How likely the image shows no coherent scene. Set exactly when the trait `scoresCorruption` is true. */
      readonly corruptionScore?: number;
      readonly rationale?: string;
      /** The model's own classes, kept for the record. A judge with the trait `attributes` counts each of them here, in whole numbers, 0 where there is none. */
      readonly raw?: Readonly<Record<string, number>>;
    }
  | { readonly status: 'abstained'; readonly reason: string };

/** Scores images for hazards. Only samples with the outcome `image` ever reach it. */
export interface SafetyJudge extends MaybeDisposable, Metered, Described {
  readonly maxBatch: number;
  /** Calls core may have in flight at once; 1 where absent. */
  readonly concurrency?: number;
  judge(items: readonly JudgeItem[], signal: AbortSignal): Promise<readonly Verdict[]>; // aligned with items
}
/** Static facts, known without options: they stand in the manifest and in every table. */
export interface SafetyJudgeTraits {
  /** A hazard that is not here is *not covered* by this judge, never safe. */
  readonly covers: readonly Hazard[];
  readonly scoresCorruption: boolean;
  /**
   * Facts other than hazards that it counts in `raw`, such as `gender:female` and `gender:male` for numbers of faces.
   * A judge of attributes alone covers no hazard and gives no verdict on safety.
   */
  readonly attributes?: readonly string[];
  /** What is known of its error, with the source and on which images, in a sentence or two: reports print it beside its numbers. */
  readonly knownError?: string;
  /** True when it can only read planted marks of simulated generators; it abstains on real images. */
  readonly simulated: boolean;
  /** Threshold at which its authors, or a stated choice, call a hazard present. Only reports apply it. */
  readonly suggestedThreshold: number;
}
/** Types and stamps a safety judge; the default export of its file. */
export const defineSafetyJudge = <O extends z.ZodType>(
  spec: PluginSpec<O, SafetyJudge> & SafetyJudgeTraits,
): Plugin<'safety-judge', SafetyJudge, O> & SafetyJudgeTraits => ({ apiVersion, kind: 'safety-judge', ...spec });
