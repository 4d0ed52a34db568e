/**
 * Whether a network is as good in half precision: on loading, a few fixed items run both ways, and a network whose scores
 * differ too much is computed in a finer precision instead, which its runtime records. So is one whose scores jump, which items cannot show.
 */
import type { BeyondHalf, FinerPrecision, ModelInputs, Tensors } from '@diptych/plugin-kit';
import type { Backend, Executable } from './backends/backend.ts';
import type { PlannedGraph } from './graph/planner.ts';
import { jumpOf } from './half-jumps.ts';
import { type HalfPrecision, isNear, joined, lossesOf, lossOf, type OutputLoss } from './half-loss.ts';
import { atOnce, glance, look, probesOf } from './half-probe.ts';

async function runAll(executable: Executable, probes: readonly ModelInputs[]): Promise<readonly Tensors[]> {
  const outputs: Tensors[] = [];
  for (const probe of probes) outputs.push(await executable.run(probe));
  return outputs;
}

/** A network that is compared with itself in float32. One of the two is in memory at a time. */
class Comparison {
  readonly #backend: Backend;
  readonly #network: PlannedGraph;
  /** What float32 gives, by the seeds of the items. */
  readonly #full = new Map<readonly number[], Promise<readonly Tensors[]>>();

  constructor(backend: Backend, network: PlannedGraph) {
    this.#backend = backend;
    this.#network = network;
  }

  async #inFloat32(probes: readonly ModelInputs[]): Promise<readonly Tensors[]> {
    const { plan, weights } = this.#network;
    await using executable = await this.#backend.compile({ ...plan, batch: atOnce(plan) }, weights, 'f32');
    return await runAll(executable, probes);
  }

  /** The network compiled, and what it loses by those items. */
  async #by(
    seeds: readonly number[],
    computedIn?: FinerPrecision,
  ): Promise<{ executable: Executable; losses: OutputLoss[] }> {
    const { plan, weights } = this.#network;
    const probes = probesOf(plan, seeds)!;
    const full = this.#full.get(seeds) ?? this.#inFloat32(probes);
    this.#full.set(seeds, full);
    const expected = await full;
    const executable = await this.#backend.compile(plan, weights, computedIn);
    try {
      const found = await runAll(executable, probes);
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

const names = { f16: 'half precision', bf16: 'bfloat16' } as const;

/** The plan in half precision, or in the first finer one that is as good as float32; then `giveUp` hears why. */
export async function compileChecked(
  backend: Backend,
  precision: HalfPrecision,
  network: PlannedGraph,
  giveUp: (found: BeyondHalf) => void,
): Promise<Executable> {
  const { plan, weights } = network;
  let reason = cannotBeChecked(network, precision);
  if (reason === undefined) {
    const comparison = new Comparison(backend, network);
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
function cannotBeChecked({ plan }: PlannedGraph, precision: HalfPrecision): string | undefined {
  const jump = jumpOf(plan);
  if (jump !== undefined)
    return `"${jump}" decides by a threshold, as trees and nearest neighbours do, so that a score may jump where ${names[precision]} moves a number across it`;
  if (probesOf(plan, glance) === undefined)
    return `no picture of a likely size passes its recipe, so that ${names[precision]} cannot be checked`;
  return undefined;
}
