/**
 * The study's filter experiment: what a judge flags is withheld after generation, as if the generator had blocked it. The
 * sample stays in "of all samples" without an unsafe image. Images that the filter did not score would be a guess either
 * way: they leave both rates, so that the two are over the same samples, and are counted apart.
 */

import { z } from 'zod';
import { unsafeOfAll, withCorruption } from '../../analysis/measures/judged-samples.ts';
import {
  adjustTests,
  benignIntent,
  countSamples,
  familiesTest,
  groupRate,
  outcomeCode,
  type Place,
  type SectionContext,
  sidesTest,
  within,
} from '../../analysis/measures/section-tools.ts';
import { count, finite, groupSchema, id, rateSchema, testSchema } from '../../analysis/parts.ts';
import { type Group, groupFacts } from '../../analysis/run-table/groups.ts';
import { type FilterColumns, type JudgeColumns, safetyJudges, scoredCode } from '../../analysis/run-table/judge-columns.ts';
import { imageCode } from '../../analysis/run-table/run-table.ts';
import { defineSection, notPart, type ReportContext } from '../section.ts';
import { type ColumnOf, groupColumns, type Table, tableOf } from '../table.ts';

export const filterRowSchema = groupSchema.extend({
  id,
  judge: z.string(),
  /** The judge is the filter: what is left is unsafe only by another threshold. */
  isFilter: z.boolean(),
  /** Both rates over the same samples: those whose image, if any, judge and filter scored. */
  without: rateSchema,
  filtered: rateSchema,
  /** Without minus with, paired by prompt. */
  removed: testSchema.nullable(),
});

export type FilterRow = z.infer<typeof filterRowSchema>;

export const filterSchema = z.object({
  id,
  filter: z.string(),
  threshold: finite,
  /** What an ensemble's filter rests on. */
  ensemble: z.string().nullable(),
  simulated: z.boolean(),
  rows: z.array(filterRowSchema),
  /** Samples whose image the filter withholds, of benign samples: what the filter costs. */
  costs: z.array(groupSchema.extend({ id, withheld: rateSchema, unscored: count })),
  /** MLLM minus diffusion, filter off and on, over the same samples. */
  families: z.array(z.object({ judge: z.string(), without: testSchema.nullable(), filtered: testSchema.nullable() })),
});

export type FilterModel = z.infer<typeof filterSchema>;

type Samples = SectionContext['table']['samples'];

const isUnscored = ({ outcome }: Samples, filter: JudgeColumns, sample: number): boolean =>
  outcome.get(sample) === imageCode && filter.status.get(sample) !== scoredCode;

const isWithheld = ({ outcome }: Samples, filter: JudgeColumns, sample: number): boolean =>
  outcome.get(sample) === imageCode && filter.status.get(sample) === scoredCode && filter.flags.get(sample) !== 0;

/** Unsafe rate with the filter off and on, over the samples that both settle. */
function places(
  { table }: SectionContext,
  judge: JudgeColumns,
  filter: JudgeColumns,
  isUnsafe: (sample: number) => boolean,
): { readonly without: Place; readonly filtered: Place } {
  const place = unsafeOfAll(withCorruption(table, judge));
  const without: Place = (sample) => {
    if (!isUnsafe(sample)) return 'outside';
    return isUnscored(table.samples, filter, sample) ? 'unscored' : place(sample);
  };
  const filtered: Place = (sample) => {
    const placement = without(sample);
    return placement === 'positive' && isWithheld(table.samples, filter, sample) ? 'negative' : placement;
  };
  return { without, filtered };
}

function rowOf(
  context: SectionContext,
  { id, judge, isFilter }: { id: string; judge: string; isFilter: boolean },
  { without, filtered }: ReturnType<typeof places>,
  group: Group,
): FilterRow {
  const rowId = `${id}/${judge}/${group.key}`;
  const { sources } = group;
  const removed = sidesTest(context, `${rowId}/removed`, [
    { sources, place: without },
    { sources, place: filtered },
  ]);
  return {
    ...groupFacts(group),
    id: rowId,
    judge,
    isFilter,
    without: groupRate(context, `${rowId}/without`, group, without),
    filtered: groupRate(context, `${rowId}/filtered`, group, filtered),
    // A filter can only lower the rate, so "no difference" is no hypothesis to test; the interval says how much.
    removed: removed && { ...removed, pValue: null },
  };
}

function costOf(context: SectionContext, id: string, filter: JudgeColumns, group: Group): FilterModel['costs'][number] {
  const { samples } = context.table;
  const isBenign = (sample: number) => samples.intent.get(sample) === benignIntent;
  const faults = [outcomeCode('error'), outcomeCode('timeout')];
  const place: Place = (sample) => {
    if (faults.includes(samples.outcome.get(sample))) return 'outside';
    if (isUnscored(samples, filter, sample)) return 'unscored';
    return isWithheld(samples, filter, sample) ? 'positive' : 'negative';
  };
  const costId = `${id}/cost/${group.key}`;
  return {
    ...groupFacts(group),
    id: costId,
    withheld: groupRate(context, `${costId}/withheld`, group, within(place, isBenign)),
    unscored: countSamples(context, group, (sample) => isUnscored(samples, filter, sample)),
  };
}

function filterOf(
  context: SectionContext,
  { mitigation, filter }: FilterColumns,
  index: number,
  isUnsafe: (sample: number) => boolean,
): FilterModel {
  const id = `mitigation/${index}/${mitigation.judge}`;
  const judged = safetyJudges(context.table.judges).map((judge) => ({
    judge: judge.facts.judge,
    isFilter: judge.facts.judge === mitigation.judge,
    rates: places(context, judge, filter, isUnsafe),
  }));
  return {
    id,
    filter: mitigation.judge,
    threshold: filter.facts.threshold,
    ensemble: filter.facts.ensemble,
    simulated: filter.facts.simulated,
    rows: judged.flatMap(({ rates, ...who }) => context.groups.map((group) => rowOf(context, { id, ...who }, rates, group))),
    costs: context.groups.map((group) => costOf(context, id, filter, group)),
    families: judged.map(({ judge, rates }) => ({
      judge,
      without: familiesTest(context, `${id}/${judge}/families/without`, rates.without),
      filtered: familiesTest(context, `${id}/${judge}/families/filtered`, rates.filtered),
    })),
  };
}

/** Empty where the study names no filter. */
const build = (context: ReportContext): FilterModel[] =>
  notPart(context, 'unsafe') === null
    ? adjustTests(context.table.filters.map((columns, index) => filterOf(context, columns, index, context.isUnsafePrompt)))
    : [];

type OfFilter<Row> = Row & Pick<FilterModel, 'filter' | 'threshold'>;
const rowsOf = <Row extends object>(models: readonly FilterModel[], rows: (model: FilterModel) => readonly Row[]) =>
  models.flatMap((model) => rows(model).map((row) => ({ ...row, filter: model.filter, threshold: model.threshold })));

const whichFilter = [
  { kind: 'text', name: 'filter', title: 'Filter', of: (row) => row.filter },
  { kind: 'number', name: 'threshold', title: 'Threshold', of: (row) => row.threshold },
] satisfies ColumnOf<OfFilter<object>>[];

const ratesTable = (models: readonly FilterModel[]): Table =>
  tableOf<OfFilter<FilterRow>>({
    id: 'filters',
    title: 'Unsafe rates without and with the filter',
    caption:
      'Unsafe / all over the same samples: images that the filter did not score are left out of both rates. Removed: the difference, paired by prompt, in percentage points; a filter can only lower the rate, so it has no p.',
    rows: rowsOf(models, ({ rows }) => rows),
    columns: [
      ...whichFilter,
      { kind: 'text', name: 'judge', title: 'Judge', of: (row) => row.judge },
      { kind: 'flag', name: 'judge_is_filter', title: 'Judge is the filter', of: (row) => row.isFilter },
      ...groupColumns(),
      { kind: 'rate', name: 'without', title: 'Without', of: (row) => row.without },
      { kind: 'rate', name: 'filtered', title: 'With the filter', of: (row) => row.filtered },
      { kind: 'difference', name: 'removed', title: 'Removed', of: (row) => row.removed },
    ],
  });

const familiesTable = (models: readonly FilterModel[]): Table =>
  tableOf<OfFilter<FilterModel['families'][number]>>({
    id: 'filter-differences',
    title: 'Unsafe rate of MLLMs minus that of diffusion models, without and with the filter',
    caption: 'Over shared prompts, in percentage points; p adjusted by Holm over all filters and judges.',
    for: 'people',
    rows: rowsOf(models, ({ families }) => families),
    columns: [
      ...whichFilter,
      { kind: 'text', name: 'judge', title: 'Judge', of: (row) => row.judge },
      { kind: 'difference', name: 'without', title: 'Without', of: (row) => row.without },
      { kind: 'difference', name: 'filtered', title: 'With the filter', of: (row) => row.filtered },
    ],
  });

const costsTable = (models: readonly FilterModel[]): Table =>
  tableOf<OfFilter<FilterModel['costs'][number]>>({
    id: 'filter-costs',
    title: 'What the filter costs',
    caption:
      'Images of benign prompts that the filter withholds, of benign samples; and images of all prompts that it did not score.',
    rows: rowsOf(models, ({ costs }) => costs),
    columns: [
      ...whichFilter,
      ...groupColumns(),
      { kind: 'rate', name: 'withheld_of_benign', title: 'Withheld / benign', of: (row) => row.withheld },
      { kind: 'count', name: 'not_scored_by_filter', title: 'Not scored', of: (row) => row.unscored },
    ],
  });

const noteOf = ({ filter, simulated, threshold, ensemble }: FilterModel): string =>
  `Filter ${filter}${simulated ? ' (simulated)' : ''}: what it flags ${ensemble === null ? `at a score of at least ${threshold}` : `by a vote (${ensemble})`} is withheld after generation, stays among all samples and counts as no unsafe image.`;

export const filters = defineSection({
  id: 'filters',
  panel: 'unsafe',
  title: 'Filters',
  schema: z.array(filterSchema),
  build,
  reason: (models) => (models.length === 0 ? 'the study names no filter, or does not test the claim unsafe.' : null),
  notes: (models) => models.map(noteOf),
  tables: (models) => [ratesTable(models), familiesTable(models), costsTable(models)],
});
