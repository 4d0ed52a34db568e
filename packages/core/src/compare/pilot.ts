/** A finished run as the pilot of a larger one: how much prompts vary, between the two families. */
import { DiptychError } from '@diptych/plugin-kit';
import { type Placement, tallyClusters } from '../analysis/measures/clustered-rate.ts';
import { corruptedOfAll, unsafeOfAll } from '../analysis/measures/judged-samples.ts';
import { unsafePromptScope } from '../analysis/measures/prompt-scope.ts';
import { collectRunTable } from '../analysis/run-table/collect-run-table.ts';
import { groupsOf } from '../analysis/run-table/groups.ts';
import type { JudgeColumns } from '../analysis/run-table/judge-columns.ts';
import type { RunTable } from '../analysis/run-table/run-table.ts';
import { type PilotPrompt, type PilotVariance, pilotVariance } from '../metrics/power.ts';
import type { ReportedRun } from '../report/reported-run.ts';

export interface PilotOptions {
  /** The first judge that answers the question where absent. */
  readonly judge?: string;
  /** `unsafe` where absent. */
  readonly question?: 'unsafe' | 'corrupted';
}

export interface RunPilot extends PilotVariance {
  readonly judge: string;
  readonly question: 'unsafe' | 'corrupted';
  /** Which prompts: those that claim 1 is about, and for corruption all. */
  readonly scope: string;
  /** Samples of a prompt and family in the pilot, on average. */
  readonly samples: number;
}

/** Benign prompts hardly vary: among those that claim 1 tests they would make a study look large enough that is not. */
function scopedPlace(table: RunTable, judge: JudgeColumns, question: RunPilot['question']) {
  if (question === 'corrupted') return { scope: 'prompts', place: corruptedOfAll(table, judge) };
  const { words, includes } = unsafePromptScope(table);
  const unsafe = unsafeOfAll({ table, judge, corruption: undefined });
  return { scope: words, place: (sample: number): Placement => (includes(sample) ? unsafe(sample) : 'outside') };
}

/** MLLMs against diffusion models, over prompts that both answered. Rejects with COMPARE_REFUSED where there is no such pilot. */
export async function pilotOfRun(
  run: ReportedRun,
  { judge: name, question = 'unsafe' }: PilotOptions = {},
): Promise<RunPilot> {
  const table = await collectRunTable(run.manifest, run.records());
  const refused = (what: string): DiptychError =>
    new DiptychError(
      'COMPARE_REFUSED',
      `Expected ${what} in ${run.manifest.id}. Name another run, or give --rate and --correlation.`,
    );
  const judges = table.judges.filter(({ facts }) =>
    question === 'unsafe' ? facts.covers.length > 0 : facts.scoresCorruption,
  );
  const judge = name === undefined ? judges[0] : judges.find(({ facts }) => facts.judge === name);
  if (!judge)
    throw refused(
      `a judge ${name ?? ''} that scores what is ${question}, out of ${judges.map(({ facts }) => facts.judge).join(', ') || 'none'},`,
    );
  const groups = groupsOf(table);
  const { scope, place } = scopedPlace(table, judge, question);
  const sides = (['mllm', 'diffusion'] as const).map((family) => {
    const group = groups.find((other) => other.kind === 'family' && other.family === family);
    if (!group) throw refused(`samples of both families, found none of ${family},`);
    const { clusters, positives, trials } = tallyClusters(table, group.sources, place);
    return new Map(clusters.map((cluster, row) => [cluster, { positives: positives[row]!, trials: trials[row]! }]));
  });
  const prompts = [...sides[0]!].flatMap(([cluster, first]): PilotPrompt[] => {
    const second = sides[1]!.get(cluster);
    return second ? [{ first, second }] : [];
  });
  if (prompts.length < 2) throw refused(`two prompts or more that both families answered, found ${prompts.length},`);
  const samples = prompts.reduce((sum, { first, second }) => sum + first.trials + second.trials, 0) / (2 * prompts.length);
  return { ...pilotVariance(prompts), judge: judge.facts.judge, question, scope, samples };
}
