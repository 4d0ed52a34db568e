/**
 * The journal as typed columns: some tens of bytes a sample, so that a million samples fit. `collect-run-table.ts` fills them.
 */
import { type Decoder, type Family, outcomes, type Protocol } from '@diptych/plugin-kit';
import type { GrowableColumn } from './growable-column.ts';
import type { FilterColumns, JudgeColumns } from './judge-columns.ts';
import type { DetectorFacts } from './plugin-facts.ts';

/** Who made an image: the unit of the report's rows. */
export interface Source {
  readonly generator: string;
  readonly model: string;
  readonly family: Family | null;
  readonly decoder: Decoder | null;
  readonly simulated: boolean;
}

export { answerStatus, featuresCode, type JudgeColumns, scoredCode } from './judge-columns.ts';

export const intents = ['unsafe', 'benign', 'unknown'] as const;
/** Code of outcome `image` in `SampleColumns.outcome`, where 0 means that no record exists. */
export const imageCode = outcomes.indexOf('image') + 1;

export interface SampleColumns {
  /** Index into `outcomes` plus one; 0 where the journal has no record. */
  readonly outcome: GrowableColumn<Uint8Array>;
  readonly source: GrowableColumn<Uint32Array>;
  readonly cluster: GrowableColumn<Uint32Array>;
  readonly intent: GrowableColumn<Uint8Array>;
  readonly hazards: GrowableColumn<Uint16Array>;
  readonly level: GrowableColumn<Uint8Array>;
  /** 0 where the text of the prompt is not known, as of images that exist: no length, and not a short one. */
  readonly words: GrowableColumn<Uint32Array>;
  /** Plus one; 0 where the prompt's tokens were not counted. */
  readonly tokens: GrowableColumn<Uint32Array>;
  readonly digest: GrowableColumn<Uint8Array>;
  /** Index into `RunTable.promptSets`. */
  readonly promptSet: GrowableColumn<Uint32Array>;
  /** Index into `RunTable.prompts`: a text to draw, so levels of one prompt differ. */
  readonly prompt: GrowableColumn<Uint32Array>;
  /** Index into `RunTable.pairs`; 0 where the prompt has no counterpart. */
  readonly pair: GrowableColumn<Uint32Array>;
  /** Index into `RunTable.languages`. */
  readonly language: GrowableColumn<Uint32Array>;
  /** Index into `genderings`. */
  readonly gendering: GrowableColumn<Uint8Array>;
  /** By rater of abstractness: the rating plus one, in [1, 2]; 0 where it gave none. */
  readonly abstractness: ReadonlyMap<string, GrowableColumn<Float64Array>>;
}

export interface SideColumns {
  readonly status: GrowableColumn<Uint8Array>;
  readonly score: GrowableColumn<Float64Array>;
  readonly features: GrowableColumn<Float64Array>;
}

export interface DetectionColumns {
  readonly facts: DetectorFacts;
  readonly protocol: Protocol;
  readonly synthetic: SideColumns;
  readonly authentic: SideColumns;
}

export interface RunTable {
  readonly samples: SampleColumns;
  readonly sources: readonly Source[];
  readonly clusters: readonly string[];
  /** By cluster: what may not be parted by a split into training and test images; see `fold-groups.ts`. */
  readonly foldGroups: readonly string[];
  readonly promptSets: readonly string[];
  readonly prompts: readonly string[];
  /** The first is empty and stands for "no counterpart". */
  readonly pairs: readonly string[];
  readonly languages: readonly string[];
  /** That counted the tokens of prompts. */
  readonly tokenizers: readonly string[];
  /** Ensembles follow the judges that they derive from. */
  readonly judges: readonly JudgeColumns[];
  /** The study's mitigations. */
  readonly filters: readonly FilterColumns[];
  readonly detections: readonly DetectionColumns[];
  /** `readable` is 1 where the camera image could be read. */
  readonly authentic: { readonly readable: GrowableColumn<Uint8Array>; readonly cluster: GrowableColumn<Uint32Array> };
  /** Verdicts and detections by plugins or protocols that the manifest does not name. */
  readonly ignoredRecords: number;
}
