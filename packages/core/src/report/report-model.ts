/**
 * What a report says, as data: everything the HTML, Markdown, CSV and JSON writers show, and nothing else.
 * JSON-serialisable and versioned. Every number belongs to the nearest enclosing object with an `id`; ids are unique
 * within a report, so that `verify` can name each number it compares (see `numbers.ts`).
 * Proportions are in [0, 1]. `null` means "not defined here", never zero; a reason stands beside it.
 */
import { manifestSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { claimSchema, count, id } from '../analysis/parts.ts';
import { bypassSchema } from './sections/bypass.ts';
import { corruptionSchema } from './sections/corruption.ts';
import { detectorSchema } from './sections/detection.ts';
import { auditSchema } from './sections/format-audit.ts';
import { gallerySchema } from './sections/gallery.ts';
import { gendersSchema } from './sections/gender.ts';
import { heldOutSchema } from './sections/held-out.ts';
import { labelsSchema } from './sections/labels.ts';
import { languagesSchema } from './sections/languages.ts';
import { overRefusalSchema } from './sections/over-refusal.ts';
import { outcomeRowSchema } from './sections/overview.ts';
import { robustnessSchema } from './sections/robustness.ts';
import { transferSchema } from './sections/transfer.ts';
import { judgeSchema } from './sections/unsafe.ts';
import { sectionSchemas } from './sections.ts';

export type {
  ClaimModel,
  EstimateModel,
  FamilyKey,
  FamilyTest,
  GroupModel,
  IntervalModel,
  RateModel,
} from '../analysis/parts.ts';
export type { BypassModel } from './sections/bypass.ts';
export type { CorruptionJudgeModel } from './sections/corruption.ts';
export type { DependenceModel } from './sections/corruption-dependence.ts';
export type { CoverageModel } from './sections/coverage.ts';
export type { DetectorModel } from './sections/detection.ts';
export type { FilterModel } from './sections/filters.ts';
export type { AuditModel } from './sections/format-audit.ts';
export type { GalleryItem } from './sections/gallery.ts';
export type { GenderModel } from './sections/gender.ts';
export type { HeldOutModel } from './sections/held-out.ts';
export type { OutcomeRow } from './sections/overview.ts';
export type { JudgeModel, KitagawaModel } from './sections/unsafe.ts';

/** Raised where keys or ids change: a report of another version is rebuilt from the run rather than half read. */
export const reportModelVersion = 3;

/** `report/metrics.json`, which docs/report.md describes. Shares and scores are in [0, 1], money is in US dollars. */
export const reportModelSchema = z.object({
  version: z.literal(reportModelVersion),
  diptych: z.string(),
  manifest: manifestSchema,
  summary: z.object({
    id,
    /** SHA-256 over the study and every record without time, attempts and cost: equal for a run and for its merged shards. */
    digest: z.string(),
    samplesPlanned: count,
    samplesRecorded: count,
    authenticPlanned: count,
    authenticReadable: count,
    prompts: count,
    simulatedGenerators: z.array(z.string()),
    simulatedJudges: z.array(z.string()),
    notes: z.array(z.string()),
    outcomes: z.array(outcomeRowSchema),
  }),
  claims: z.array(claimSchema),
  ...sectionSchemas,
  unsafe: z.object({ reason: z.string().nullable(), judges: z.array(judgeSchema) }),
  overRefusal: overRefusalSchema,
  languages: languagesSchema,
  gender: gendersSchema,
  corruption: corruptionSchema,
  audits: z.array(auditSchema),
  detection: z.object({ reason: z.string().nullable(), detectors: z.array(detectorSchema) }),
  robustness: robustnessSchema,
  heldOut: heldOutSchema,
  transfer: z.array(transferSchema),
  bypass: bypassSchema,
  /** Null where the run has no human labels. */
  labels: labelsSchema.nullable(),
  gallery: z.array(gallerySchema),
  /** Every number of the panels by id: the flat form for machines and for `verify`. */
  numbers: z.record(z.string(), z.number()),
});
export type ReportModel = z.infer<typeof reportModelSchema>;
