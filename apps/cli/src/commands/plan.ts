/** `diptych plan`: everything a run would do, checked, counted and priced; nothing is generated, judged or detected, and no weights are fetched. */
import {
  assumedBytes,
  type EstimatedPart,
  estimatePlan,
  loadStudy,
  type PlanEstimate,
  planRun,
  shellQuoted,
  termsOf,
} from '@diptych/core';
import type { ResolvedPlugin } from '@diptych/plugin-kit';
import { type OutputOptions, printResult } from '../output/result.ts';
import { bytes, dollars, duration, renderTable } from '../output/table.ts';
import { interruptSignal } from '../signals.ts';
import { loadStudyPlugins, type WireOptions } from '../wire.ts';

interface PlanOptions extends OutputOptions, WireOptions {
  readonly budget?: number;
}

export default async function plan(file: string, options: PlanOptions): Promise<void> {
  const interrupt = interruptSignal();
  try {
    const { study, baseFolder } = await loadStudy(file);
    await using loaded = await loadStudyPlugins(study, baseFolder, { ...options, purpose: 'plan' });
    const { counts, plugins } = await planRun(loaded, interrupt.signal);
    const estimate = estimatePlan(loaded, counts, options.budget);
    const all = [...loaded.generators, ...loaded.judges, ...loaded.detectors, ...loaded.promptRaters];
    const downloads = all.flatMap(({ alias, missingWeights = [] }) =>
      missingWeights.map(({ name, source, sizeBytes }) => ({ plugin: alias, name, source, sizeBytes: sizeBytes ?? null })),
    );
    const result = { study: study.name, counts, estimate, downloads, plugins, runtime: loaded.runtime };
    printResult(options, result, () =>
      [
        `${study.name}: ${counts.prompts} prompts, ${counts.samples} samples, ${counts.authentic} authentic images, about ${bytes(counts.estimatedBytes)} on disk (images whose size is not known at ${bytes(assumedBytes.generatedImage)} each).`,
        renderTable(['step', 'plugin', 'protocol', 'items', 'calls', 'cost', 'time'], estimate.parts.map(rowOf)),
        ...totals(estimate),
        ...sources(estimate.parts),
        ...promptTerms(plugins),
        ...downloads.map(
          ({ plugin, name, source, sizeBytes }) =>
            `A run fetches first: ${name} of ${plugin} from ${source}, ${sizeBytes === null ? 'size unknown' : bytes(sizeBytes)}.`,
        ),
        ...estimate.warnings.map((warning) => `Warning: ${warning}`),
        `Start it with \`diptych run ${shellQuoted(file)}\`.`,
      ].join('\n'),
    );
  } finally {
    interrupt.release();
  }
}

const rowOf = ({ step, plugin, protocol, items, calls, usd, seconds }: EstimatedPart) => [
  step,
  plugin,
  protocol ?? '',
  items,
  calls ?? 'unknown',
  step === 'import' ? '' : usd === null ? 'unknown' : dollars(usd),
  step === 'import' ? '' : seconds === null ? 'unknown' : duration(seconds),
];

function totals({ knownUsd, knownSeconds, withoutPrice, withoutTime, parts, budgetUsd }: PlanEstimate): string[] {
  const sum = (isKnown: boolean, text: string, without: readonly string[]): string => {
    if (!isKnown) return 'unknown';
    return without.length === 0 ? text : `${text}, and what is unknown (${without.join(', ')})`;
  };
  const cost = sum(
    parts.some(({ usd }) => usd !== null),
    dollars(knownUsd),
    withoutPrice,
  );
  const time = sum(
    parts.some(({ seconds }) => seconds !== null),
    duration(knownSeconds),
    withoutTime,
  );
  return [`Cost: ${cost}${budgetUsd === undefined ? '' : `; budget ${dollars(budgetUsd)}`}.`, `Time: ${time}.`];
}

/** Under which terms the prompts of each set may be used. */
const promptTerms = (plugins: readonly ResolvedPlugin[]): string[] =>
  plugins.flatMap(({ as, count, licence }) => {
    if (licence === undefined) return [];
    return [`Prompts of ${as}: ${count}, licence ${[licence.id, termsOf(licence)].filter(Boolean).join('; ')}`];
  });

/** Prices change; a sum without its source is a rumour. */
function sources(parts: readonly EstimatedPart[]): string[] {
  const priced = parts.filter(({ usd, source }) => usd !== null && source !== undefined);
  const lines = priced.map(
    ({ plugin, source, asOf }) => `Price of ${plugin}: ${source}${asOf === undefined ? '' : `, read ${asOf}`}.`,
  );
  return [...new Set(lines)];
}
