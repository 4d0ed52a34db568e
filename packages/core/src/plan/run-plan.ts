import type { AuthenticImage, ExistingSample, Prompt, Protocol, ResolvedPlugin } from '@diptych/plugin-kit';
import type { LoadedGenerator } from '../plugins/loaded-study.ts';

/** One sample of the plan, computed from its index when asked for. */
export interface PlannedSample {
  readonly index: number;
  readonly generator: LoadedGenerator;
  readonly promptSet: string;
  readonly prompt: Prompt;
  /** Unit of the statistics; equal for all samples of one prompt whatever the generator. */
  readonly cluster: string;
  readonly level: number;
  /** 0-based number among the samples of the same prompt and level. */
  readonly sampleIndex: number;
  readonly seed: number;
  /** Set for imports: the listed sample whose image is loaded rather than generated. */
  readonly existing?: ExistingSample;
}

export interface PlannedAuthentic {
  readonly index: number;
  /** Place of the set among the study's authentic sets. */
  readonly setNumber: number;
  readonly set: string;
  readonly image: AuthenticImage;
}

/** What `diptych plan` shows. Bytes rest on `assumedBytes`. */
export interface PlanCounts {
  readonly samples: number;
  readonly prompts: number;
  readonly authentic: number;
  readonly generators: readonly {
    readonly alias: string;
    readonly samples: number;
    readonly calls: number;
    readonly mode: 'generate' | 'existing';
  }[];
  readonly rewrites: number;
  /** Texts that each prompt rater rates. */
  readonly ratings: number;
  /** Upper bound: not every sample ends as an image. */
  readonly images: number;
  readonly judges: readonly { readonly alias: string; readonly verdicts: number; readonly calls: number }[];
  readonly detectors: readonly {
    readonly alias: string;
    readonly protocol: Protocol;
    readonly detections: number;
    readonly calls: number;
  }[];
  readonly estimatedBytes: number;
}

/**
 * Everything a run will do, in one order that depends on the study and its inputs alone. Samples are numbered over
 * generators × prompt sets × prompts × levels × samples per prompt; only prompts and listings are held in memory.
 */
export interface RunPlan {
  /** Of this shard, where it is one. */
  readonly samples: number;
  sampleAt(index: number): PlannedSample;
  /** Set by `shardPlan`: which part this is, and the samples of the whole. */
  readonly shard?: { readonly index: number; readonly of: number; readonly samples: number };
  /** Whether a sample is part of the shard; every sample where absent. */
  readonly includes?: (index: number) => boolean;
  /** Index range of each generator, in the study's order. */
  readonly ranges: readonly {
    readonly generator: LoadedGenerator;
    readonly first: number;
    readonly count: number;
    /** Samples of the range that are part of the shard; all where absent. */
    readonly ownCount?: number;
  }[];
  readonly authentic: readonly PlannedAuthentic[];
  readonly counts: PlanCounts;
  /** The study's plugins with digests and counts of what they read; goes into the manifest. */
  readonly plugins: readonly ResolvedPlugin[];
}
