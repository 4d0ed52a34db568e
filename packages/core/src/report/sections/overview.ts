/** What ran and how it ended: counts by model and outcome, and what a reader must know before any rate. */
import { type Manifest, type Outcome, outcomes } from '@diptych/plugin-kit';
import { z } from 'zod';
import { count, groupSchema, id } from '../../analysis/parts.ts';
import { type Group, groupFacts, leastSamplesOfModelRow } from '../../analysis/run-table/groups.ts';
import type { RunTable } from '../../analysis/run-table/run-table.ts';
import type { ReportModel } from '../report-model.ts';

export const outcomeRowSchema = groupSchema.extend({ id, total: count, counts: z.record(z.enum(outcomes), count) });

export type OutcomeRow = z.infer<typeof outcomeRowSchema>;

function outcomeRow(table: RunTable, group: Group): OutcomeRow {
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>;
  let total = 0;
  const { outcome, source } = table.samples;
  for (let sample = 0; sample < outcome.length; sample++) {
    const code = outcome.get(sample);
    if (code === 0 || group.sources[source.get(sample)] === 0) continue;
    counts[outcomes[code - 1]!]++;
    total++;
  }
  return { ...groupFacts(group), id: `outcomes/${group.key}`, total, counts };
}

function countRecorded(table: RunTable): { samples: number; prompts: number } {
  const prompts = new Set<number>();
  let samples = 0;
  for (let sample = 0; sample < table.samples.outcome.length; sample++) {
    if (table.samples.outcome.get(sample) === 0) continue;
    samples++;
    prompts.add(table.samples.cluster.get(sample));
  }
  return { samples, prompts: prompts.size };
}

function countReadable(table: RunTable): number {
  let readable = 0;
  for (let index = 0; index < table.authentic.readable.length; index++) readable += table.authentic.readable.get(index);
  return readable;
}

/** What a shard, or a merge that lacks something, is not. */
function partNotes({ shard, merged, planned }: Manifest, samples: number): string[] {
  if (shard)
    return [
      `This is shard ${shard.index + 1} of ${shard.of}: part of the prompts, and scores of part of the authentic images. Merge all shards with \`diptych merge\`.`,
    ];
  if (!merged) return [];
  const unfinished = merged.shards.filter(({ complete }) => !complete).map(({ index }) => index + 1);
  const backends = [...new Set(merged.shards.map(({ backend }) => backend ?? 'none'))];
  return [
    // Resuming a merged run does what its shards left; the sentence would then be untrue.
    merged.missing.length > 0 && samples < planned.samples
      ? `This run was merged from parts of the study: of ${merged.of} shards, ${merged.missing.map((index) => index + 1).join(', ')} are missing.`
      : '',
    unfinished.length > 0 ? `Shards ${unfinished.join(', ')} of ${merged.of} were not finished when they were merged.` : '',
    backends.length > 1 ? `The shards ran on different backends (${backends.join(', ')}).` : '',
  ];
}

/** Half precision is another computation than float32: whoever compares scores with others' must know of it. */
function precisionNotes({ runtime, laterRuntimes = [] }: Manifest): string[] {
  const notes = [runtime, ...laterRuntimes].map((each) => {
    if (each?.precision === undefined || each.precision === 'f32') return '';
    const finer = (each.beyondHalf ?? []).map(({ network, computedIn }) => `${network} in ${computedIn ?? 'f32'}`);
    const shown = finer.length > 12 ? [...finer.slice(0, 12), `${finer.length - 12} more`] : finer;
    const but = shown.length === 0 ? '' : `, but for those that lost too much in it: ${shown.join(', ')}`;
    return `Networks were computed in ${each.precision} on ${each.backend} (${each.adapter}), not in float32${but}.`;
  });
  return [...new Set(notes)];
}

/** Sets given under terms of their own: whoever reads or publishes the report is bound by them too. */
const promptTermNotes = (manifest: Manifest): string[] =>
  manifest.plugins.flatMap(({ as, licence }) =>
    licence?.notice === undefined ? [] : [`Prompts of ${as} (${licence.id}): ${licence.notice}`],
  );

/** Labels of prompt sets that stand for no hazard: rates by hazard leave their prompts out. */
const unmappedNotes = ({ plugins }: Manifest): string[] =>
  plugins.flatMap(({ as, unmappedLabels }) => {
    const labels = Object.entries(unmappedLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    if (labels.length === 0) return [];
    const shown = labels.slice(0, 12).map(([label, count]) => `${label} (${count})`);
    const more = labels.length > shown.length ? ` and ${labels.length - shown.length} more` : '';
    return [`Labels of ${as} that stand for no hazard here: ${shown.join(', ')}${more}.`];
  });

export function summarise(
  table: RunTable,
  manifest: Manifest,
  groups: readonly Group[],
): Omit<ReportModel['summary'], 'digest' | 'cost'> {
  const { samples, prompts } = countRecorded(table);
  const pooled = groups.some((group) => group.kind === 'pooled');
  const simulatedGenerators = [
    ...new Set(table.sources.filter(({ simulated }) => simulated).map(({ generator }) => generator)),
  ].sort();
  const simulatedJudges = table.judges.filter(({ facts }) => facts.simulated).map(({ facts }) => facts.judge);
  const duplicates = manifest.plugins.reduce((sum, plugin) => sum + (plugin.duplicates ?? 0), 0);
  const notes = [
    ...partNotes(manifest, samples),
    samples < manifest.planned.samples
      ? `The run is not finished: ${samples} of ${manifest.planned.samples} samples are recorded. Continue it with \`diptych resume\`.`
      : '',
    simulatedGenerators.length > 0
      ? `Simulated generators (${simulatedGenerators.join(', ')}) draw procedural stand-ins. Their numbers say nothing about real generators.`
      : '',
    simulatedJudges.length > 0
      ? `Simulated judges (${simulatedJudges.join(', ')}) read planted marks and abstain on real images.`
      : '',
    pooled
      ? `Models with fewer than ${leastSamplesOfModelRow} samples are shown together under their family as “other models (n)”.`
      : '',
    duplicates > 0 ? `${duplicates} prompts repeat the text of an earlier prompt of their set; they were kept.` : '',
    ...precisionNotes(manifest),
    ...promptTermNotes(manifest),
    ...unmappedNotes(manifest),
    table.ignoredRecords > 0
      ? `${table.ignoredRecords} verdicts and detections by plugins or protocols that the manifest does not name were left out.`
      : '',
  ].filter((note) => note !== '');
  return {
    id: 'summary',
    samplesPlanned: manifest.planned.samples,
    samplesRecorded: samples,
    authenticPlanned: manifest.planned.authentic,
    authenticReadable: countReadable(table),
    prompts,
    simulatedGenerators,
    simulatedJudges,
    notes,
    outcomes: groups.map((group) => outcomeRow(table, group)),
  };
}
