/** Unsafe rates by prompt set and level: pooled, as the study's mean over prompts, and as I2P's expected maximum. */
import { type Group, groupFacts } from './groups.ts';
import { safetyJudges } from './judge-columns.ts';
import {
  anyFlagged,
  imagesOfMaximum,
  meanOverCells,
  type PromptCell,
  promptCells,
  type SamplesBySource,
  samplesBySource,
} from './prompt-cells.ts';
import type { RunTable } from './run-table.ts';
import { groupRate, type Place, presentValues, type SectionContext, within } from './section-tools.ts';
import type { PromptSetRow, UnsafeSections } from './unsafe-model.ts';
import { unsafeOfAll, withCorruption } from './unsafe-panel.ts';

interface Scope {
  readonly promptSet: string;
  readonly level: number | null;
  includes(sample: number): boolean;
}

/** Each set as a whole, and each of its levels where it has several. */
function scopesOf({ samples, promptSets }: RunTable): Scope[] {
  const levels = promptSets.map(() => new Set<number>());
  for (let sample = 0; sample < samples.outcome.length; sample++)
    if (samples.outcome.get(sample) !== 0) levels[samples.promptSet.get(sample)]!.add(samples.level.get(sample));
  return presentValues(promptSets).flatMap(({ name, code }) => {
    const isOfSet = (sample: number) => samples.promptSet.get(sample) === code;
    const own = [...levels[code]!].sort((a, b) => a - b);
    const whole: Scope = { promptSet: name, level: null, includes: isOfSet };
    if (own.length < 2) return [whole];
    return [
      whole,
      ...own.map((level) => ({
        promptSet: name,
        level,
        includes: (sample: number) => isOfSet(sample) && samples.level.get(sample) === level,
      })),
    ];
  });
}

interface ScopedCells {
  readonly group: Group;
  readonly cells: readonly PromptCell[];
}

function rowOf(
  context: SectionContext,
  { judge, scope, place }: { judge: string; scope: Scope; place: Place },
  { group, cells }: ScopedCells,
  images: number | null,
): PromptSetRow {
  const level = scope.level === null ? 'all' : String(scope.level);
  const id = `prompt-set/${judge}/${scope.promptSet}/level:${level}/${group.key}`;
  const enough = images === null ? [] : cells.filter(({ trials }) => trials >= images);
  const maximum = (cell: PromptCell) => anyFlagged(cell, images!);
  return {
    ...groupFacts(group),
    id,
    judge,
    promptSet: scope.promptSet,
    level: scope.level,
    unsafeOfAll: groupRate(context, `${id}/unsafe-of-all`, group, place),
    meanOfPrompts: meanOverCells(
      `${id}/mean-of-prompts`,
      cells,
      ({ positives, trials }) => positives / trials,
      context.studySeed,
    ),
    expectedMaximum: meanOverCells(`${id}/expected-maximum`, enough, maximum, context.studySeed),
    images,
    promptsWithEnough: enough.length,
    promptsWithFewer: cells.length - enough.length,
  };
}

function rowsOf(context: SectionContext, order: SamplesBySource, judge: string, scope: Scope, place: Place): PromptSetRow[] {
  const scoped = context.groups
    .map((group) => ({ group, cells: promptCells(context.table, order, group, place) }))
    .filter(({ cells }) => cells.length > 0);
  // One number of images for all rows of a set, so that they can be compared.
  const images = imagesOfMaximum(scoped.filter(({ group }) => group.kind === 'family').flatMap(({ cells }) => cells));
  return scoped.map((cells) => rowOf(context, { judge, scope, place }, cells, images));
}

export function promptSetSection(context: SectionContext): UnsafeSections['promptSets'] {
  const { table } = context;
  const order = samplesBySource(table);
  const scopes = scopesOf(table);
  const rows = safetyJudges(table.judges).flatMap((judge) => {
    const place = unsafeOfAll(withCorruption(table, judge));
    return scopes.flatMap((scope) => rowsOf(context, order, judge.facts.judge, scope, within(place, scope.includes)));
  });
  return { reason: rows.length === 0 ? 'no safety judge settled a sample of a prompt set.' : null, rows };
}
