/** A section of the report: one file in `sections/`, which holds its schema, its numbers and its tables. */
import type { ClaimName, LabelRecord, Manifest } from '@diptych/plugin-kit';
import type { z } from 'zod';
import type { DetectorContext } from '../analysis/measures/detector-context.ts';
import type { SectionContext } from '../analysis/measures/section-tools.ts';
import type { CostModel } from './sections/cost.ts';
import type { Table } from './table.ts';

/** Part of the report that a section stands in, in this order. */
export const panels = ['run', 'unsafe', 'corruption', 'detection', 'both', 'labels'] as const;
export type Panel = (typeof panels)[number];

/** What sections compute from. Pure: no media, no network, no clock. */
export interface ReportContext extends SectionContext {
  readonly manifest: Manifest;
  readonly labels: readonly LabelRecord[];
  readonly cost: CostModel;
  /** Detectors that are shown and ran under a base protocol. */
  readonly mainDetectors: readonly DetectorContext[];
  /** Claim 1's prompts. */
  readonly isUnsafePrompt: (sample: number) => boolean;
}

export interface SectionSpec<Id extends string, Schema extends z.ZodType> {
  /** Key in `metrics.json`. */
  readonly id: Id;
  readonly panel: Panel;
  readonly title: string;
  readonly schema: Schema;
  build(context: ReportContext): z.output<Schema>;
  /** Why there is nothing to show, as part of a sentence; null where there is. */
  reason?(model: z.output<Schema>): string | null;
  /** Paragraphs before the tables: facts of this run that no table holds. */
  notes?(model: z.output<Schema>): readonly string[];
  tables(model: z.output<Schema>): readonly Table[];
}

/** A section as the writers get it: text and tables, whatever it was computed from. */
export interface ShownSection {
  readonly id: string;
  readonly panel: Panel;
  readonly title: string;
  readonly reason: string | null;
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
}

export interface Section<Id extends string = string, Schema extends z.ZodType = z.ZodType> extends SectionSpec<Id, Schema> {
  show(model: unknown): ShownSection;
}

export function defineSection<const Id extends string, Schema extends z.ZodType>(
  spec: SectionSpec<Id, Schema>,
): Section<Id, Schema> {
  return {
    ...spec,
    show(value) {
      const model = value as z.output<Schema>;
      const { id, panel, title } = spec;
      const reason = spec.reason?.(model) ?? null;
      return { id, panel, title, reason, notes: spec.notes?.(model) ?? [], tables: spec.tables(model) };
    },
  };
}

/** Why a section of a claim that the study does not test is empty. */
export const notPart = ({ manifest }: ReportContext, claim: ClaimName): string | null =>
  manifest.study.claims.includes(claim) ? null : `the claim ${claim} is not part of this study.`;
