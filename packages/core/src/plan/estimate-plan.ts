/** What a plan will cost and how long it will take, from what the plugins say of themselves. */
import type { Metered, Protocol } from '@diptych/plugin-kit';
import type { LoadedPlugin, LoadedStudy } from '../plugins/loaded-study.ts';
import type { PlanCounts } from './run-plan.ts';

type Step = 'rewrite' | 'rate' | 'import' | 'generate' | 'judge' | 'detect';

export interface EstimatedPart {
  readonly step: Step;
  readonly plugin: string;
  readonly protocol?: Protocol;
  readonly items: number;
  /** Null where the batches of the plugin are not known, since it could not be created. */
  readonly calls: number | null;
  /** US dollars; null where nobody says a price. */
  readonly usd: number | null;
  /** Null where nobody says how long a call takes. */
  readonly seconds: number | null;
  /** Where the price stands, and the day it was read. */
  readonly source?: string;
  readonly asOf?: string;
}

export interface PlanEstimate {
  readonly parts: readonly EstimatedPart[];
  /** Sum of what has a price. */
  readonly knownUsd: number;
  /** Sum over phases of the longest known part, phases following each other. */
  readonly knownSeconds: number;
  /** Plugins without a price, and without a time; sums are at least, not exactly, what they say where these are not empty. */
  readonly withoutPrice: readonly string[];
  readonly withoutTime: readonly string[];
  readonly budgetUsd?: number;
  readonly warnings: readonly string[];
}

interface Work {
  readonly step: Step;
  readonly phase: 'collect' | 'judge' | 'detect';
  readonly plugin: LoadedPlugin;
  readonly protocol?: Protocol;
  readonly items: number;
  readonly calls: number;
}
type Callable = Metered & { readonly concurrency?: number };

/** What a plan costs in US dollars, seconds and bytes, as far as plugins say. `counts` are those of the plan to be run, whole or a shard. */
export function estimatePlan(
  loaded: LoadedStudy,
  counts: PlanCounts,
  budgetUsd: number | undefined = loaded.study.limits.budgetUsd,
): PlanEstimate {
  const works = worksOf(loaded, counts);
  const parts = works.map(partOf);
  const knownUsd = parts.reduce((sum, { usd }) => sum + (usd ?? 0), 0);
  const named = (wanted: (part: EstimatedPart) => boolean): string[] => [
    ...new Set(parts.filter((part) => part.items > 0 && wanted(part)).map(({ plugin }) => plugin)),
  ];
  const warnings: string[] = [];
  if (budgetUsd !== undefined) {
    if (knownUsd > budgetUsd)
      warnings.push(
        `The plan costs at least $${knownUsd.toFixed(2)}, the budget is $${budgetUsd.toFixed(2)}: the run will stop with BUDGET_REACHED before its end.`,
      );
    const unpriced = unpricedPlugins(loaded);
    if (unpriced.length > 0)
      warnings.push(
        `No price is known of ${unpriced.join(', ')}: the budget does not hold them back. Give a price in their options.`,
      );
  }
  const missing = works.filter(({ plugin }) => plugin.missingWeights !== undefined);
  if (missing.length > 0)
    warnings.push(
      `Calls of ${[...new Set(missing.map(({ plugin }) => plugin.alias))].join(', ')} are not known before their weights are fetched.`,
    );
  return {
    parts,
    knownUsd,
    knownSeconds: secondsOfPhases(works, parts),
    withoutPrice: named(({ usd, step }) => usd === null && step !== 'import'),
    withoutTime: named(({ seconds, step }) => seconds === null && step !== 'import'),
    ...(budgetUsd === undefined ? {} : { budgetUsd }),
    warnings,
  };
}

function worksOf(loaded: LoadedStudy, counts: PlanCounts): Work[] {
  const byAlias = <P extends LoadedPlugin>(plugins: readonly P[], alias: string): P =>
    plugins.find((plugin) => plugin.alias === alias)!;
  const { rewriter } = loaded;
  return [
    ...(rewriter && counts.rewrites > 0
      ? [{ step: 'rewrite', phase: 'collect', plugin: rewriter, items: counts.rewrites, calls: counts.rewrites } as const]
      : []),
    ...loaded.promptRaters.map(
      (plugin) => ({ step: 'rate', phase: 'collect', plugin, items: counts.ratings, calls: counts.ratings }) as const,
    ),
    ...counts.generators.map(({ alias, samples, calls, mode }) => {
      const plugin = byAlias(loaded.generators, alias);
      return { step: mode === 'existing' ? 'import' : 'generate', phase: 'collect', plugin, items: samples, calls } as const;
    }),
    ...counts.judges.map(({ alias, verdicts, calls }) => {
      const plugin = byAlias(loaded.judges, alias);
      return { step: 'judge', phase: 'judge', plugin, items: verdicts, calls } as const;
    }),
    ...counts.detectors.map(({ alias, protocol, detections, calls }) => {
      const plugin = byAlias(loaded.detectors, alias);
      return { step: 'detect', phase: 'detect', plugin, protocol, items: detections, calls } as const;
    }),
  ];
}

function partOf({ step, plugin, protocol, items, calls }: Work): EstimatedPart {
  const { estimate } = plugin.instance as Callable;
  const usdPerItem = estimate?.usdPerItem ?? null;
  return {
    step,
    plugin: plugin.alias,
    ...(protocol === undefined ? {} : { protocol }),
    items,
    calls: plugin.missingWeights ? null : calls,
    usd: usdPerItem === null ? null : usdPerItem * items,
    seconds: secondsOf(plugin.instance as Callable, calls, items),
    ...(estimate ? { source: estimate.source } : {}),
    ...(estimate?.asOf === undefined ? {} : { asOf: estimate.asOf }),
  };
}

/** As the pacer will let them through: slow start to the full concurrency, and budgets per minute. */
function secondsOf(instance: Callable, calls: number, items: number): number | null {
  const { estimate, pacing, concurrency = 1 } = instance;
  if (estimate?.secondsPerCall === undefined) return null;
  if (calls === 0) return 0;
  const perCall = estimate.secondsPerCall;
  let rounds = 0;
  let left = calls;
  if (pacing) {
    for (let atOnce = 1; left > 0 && atOnce < concurrency; atOnce *= 2) {
      left -= atOnce;
      rounds += 1;
    }
  }
  rounds += Math.max(0, Math.ceil(left / concurrency));
  const itemsPerCall = items / calls;
  const waits = Math.max(
    waitedMinutes(calls, pacing?.requestsPerMinute),
    waitedMinutes(calls, pacing?.imagesPerMinute === undefined ? undefined : pacing.imagesPerMinute / itemsPerCall),
  );
  return Math.max(rounds * perCall, waits * 61 + perCall);
}

/** Full minutes that calls wait for a budget: the first budget is sent at once. */
const waitedMinutes = (calls: number, perMinute: number | undefined): number => {
  if (perMinute === undefined) return 0;
  return perMinute < 1 ? (calls - 1) / perMinute : Math.floor((calls - 1) / Math.floor(perMinute));
};

/** Phases follow each other; within one, services work side by side, and plugins under one pacing key or turn after each other. */
function secondsOfPhases(works: readonly Work[], parts: readonly EstimatedPart[]): number {
  const phases = new Map<string, Map<string, number>>();
  for (const [place, { phase, plugin, step }] of works.entries()) {
    const { pacing, estimate } = plugin.instance as Callable;
    const isOnItsOwn =
      phase === 'collect' || pacing !== undefined || estimate !== undefined || (plugin.needs?.hosts ?? []).length > 0;
    const turn = estimate?.turn;
    const shared = pacing ? `key ${pacing.key}` : turn === undefined ? undefined : `turn ${turn}`;
    const lane = shared ?? (isOnItsOwn ? `${step} ${plugin.alias}` : 'one after the other');
    const lanes = phases.get(phase) ?? new Map<string, number>();
    lanes.set(lane, (lanes.get(lane) ?? 0) + (parts[place]!.seconds ?? 0));
    phases.set(phase, lanes);
  }
  return [...phases.values()].reduce((sum, lanes) => sum + Math.max(0, ...lanes.values()), 0);
}

const isLoopback = (host: string): boolean => /^(localhost|127\.|\[::1\])/.test(host);

/** Plugins that call a service, as far as they say it, and know no price. */
export function unpricedPlugins(loaded: LoadedStudy): string[] {
  const plugins: readonly LoadedPlugin[] = [
    ...(loaded.rewriter ? [loaded.rewriter] : []),
    ...loaded.promptRaters,
    ...loaded.generators.filter(({ mode }) => mode === 'generate'),
    ...loaded.judges,
    ...loaded.detectors,
  ];
  return plugins
    .filter(({ instance, needs }) => {
      const { estimate, pacing } = instance as Callable;
      const callsService =
        pacing !== undefined ||
        estimate !== undefined ||
        (needs?.secrets ?? []).length > 0 ||
        (needs?.hosts ?? []).some((host) => !isLoopback(host));
      return callsService && (estimate?.usdPerItem ?? null) === null;
    })
    .map(({ alias }) => alias);
}
