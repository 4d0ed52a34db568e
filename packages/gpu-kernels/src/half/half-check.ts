/**
 * Whether a network is as good in half precision: on loading, a few fixed items run both ways, and a network whose scores
 * differ too much is computed in a finer precision instead, which its runtime records. So is one whose scores jump, which items cannot show.
 */
import type { BeyondHalf, FinerPrecision, ModelInputs, Scoring } from '@diptych/plugin-kit';
import type { Backend, Executable } from '../backends/backend.ts';
import type { Plan } from '../graph/plan.ts';
import type { PlannedGraph } from '../graph/planner.ts';
import { jumpOf } from './half-jumps.ts';
import {
  type HalfPrecision,
  halfNames,
  isNear,
  joined,
  lossesOf,
  lossOf,
  type OutputLoss,
  type Ran,
  unknownOf,
} from './half-loss.ts';
import { atOnce, glance, look, probesOf } from './half-probe.ts';

/** A network that is compared with itself in float32. One of the two is in memory at a time. */
class Comparison {
  readonly #backend: Backend;
  readonly #network: PlannedGraph;
  /** The items, and what float32 gives, by the items' seeds. */
  readonly #probes = new Map<readonly number[], readonly ModelInputs[] | undefined>();
  readonly #full = new Map<readonly number[], readonly Ran[]>();
  readonly #scoring: Scoring | undefined;

  constructor(backend: Backend, network: PlannedGraph, scoring: Scoring | undefined) {
    this.#scoring = scoring;
    this.#backend = backend;
    this.#network = network;
  }

  probes(seeds: readonly number[]): readonly ModelInputs[] | undefined {
    if (!this.#probes.has(seeds)) this.#probes.set(seeds, probesOf(this.#network.plan, seeds));
    return this.#probes.get(seeds);
  }

  async #runAll(executable: Executable, probes: readonly ModelInputs[]): Promise<Ran[]> {
    const ran: Ran[] = [];
    for (const probe of probes) {
      const outputs = await executable.run(probe);
      ran.push({ outputs, judged: (await this.#scoring?.answers(outputs)) ?? unknownOf(outputs) });
    }
    return ran;
  }

  async #inFloat32(seeds: readonly number[]): Promise<readonly Ran[]> {
    const known = this.#full.get(seeds);
    if (known !== undefined) return known;
    const { plan, weights } = this.#network;
    await using executable = await this.#backend.compile({ ...plan, batch: atOnce(plan) }, weights, 'f32');
    const full = await this.#runAll(executable, this.probes(seeds)!);
    this.#full.set(seeds, full);
    return full;
  }

  /** The network compiled, and what it loses by those items. */
  async #by(
    seeds: readonly number[],
    computedIn?: FinerPrecision,
  ): Promise<{ executable: Executable; losses: OutputLoss[] }> {
    const { plan, weights } = this.#network;
    const expected = await this.#inFloat32(seeds);
    const executable = await this.#backend.compile(plan, weights, computedIn);
    try {
      const found = await this.#runAll(executable, this.probes(seeds)!);
      return { executable, losses: joined(found.map((half, run) => lossesOf(half, expected[run]!))) };
    } catch (error) {
      await executable[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The network in that precision, or what speaks against it. */
  async in(precision: HalfPrecision, computedIn?: FinerPrecision): Promise<Executable | string> {
    let { executable, losses } = await this.#by(glance, computedIn);
    if (lossOf(precision, losses) === undefined && isNear(losses)) {
      await executable[Symbol.asyncDispose]();
      const before = losses;
      ({ executable, losses } = await this.#by(look, computedIn));
      losses = joined([before, losses]);
    }
    const loss = lossOf(precision, losses);
    if (loss === undefined) return executable;
    await executable[Symbol.asyncDispose]();
    return loss;
  }
}

/** The plan in half precision, or in the first finer one that is as good as float32; then `giveUp` hears why. */
export async function compileChecked(
  backend: Backend,
  precision: HalfPrecision,
  network: PlannedGraph,
  giveUp: (found: BeyondHalf) => void,
  scoring?: Scoring,
): Promise<Executable> {
  const { plan, weights } = network;
  const comparison = new Comparison(backend, network, scoring);
  let reason = cannotBeChecked(plan, comparison, precision, scoring);
  if (reason === undefined) {
    for (const computedIn of [undefined, ...(backend.between ?? [])]) {
      const found = await comparison.in(precision, computedIn);
      if (typeof found !== 'string') {
        if (computedIn !== undefined) giveUp({ network: plan.name, reason: reason!, computedIn });
        return found;
      }
      reason ??= found;
    }
  }
  giveUp({ network: plan.name, reason: reason! });
  return backend.compile(plan, weights, 'f32');
}

/** Why a few items would say nothing of others. */
function cannotBeChecked(
  plan: Plan,
  comparison: Comparison,
  precision: HalfPrecision,
  scoring: Scoring | undefined,
): string | undefined {
  const jumps = [[undefined, jumpOf(plan)], ...Object.entries(scoring?.heads ?? {}).map(([head, { jump }]) => [head, jump])];
  const [head, jump] = jumps.find(([, step]) => step !== undefined) ?? [];
  if (jump !== undefined)
    return `"${jump}"${head === undefined ? '' : ` of its head "${head}"`} decides by a threshold, as trees and nearest neighbours do, so that a score may jump where ${halfNames[precision]} moves a number across it`;
  if (comparison.probes(glance) === undefined)
    return `no picture of a likely size passes its recipe, so that ${halfNames[precision]} cannot be checked`;
  return undefined;
}
