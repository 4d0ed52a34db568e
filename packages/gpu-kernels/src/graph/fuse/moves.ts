/**
 * Steps that only move numbers, one after the other, become one `gather` of rows: windows that are rolled and cut out of an
 * image (Swin) are four slices, two joins and a transpose in the file. What each row is read from is worked out once, here.
 */
import type { Step } from '../plan.ts';
import type { PlanBuilder } from '../plan-builder.ts';
import { rowMajorStrides, sizeOf } from '../shapes.ts';
import { liveSteps } from '../tidy.ts';
import { StepIndex } from './views.ts';

/** Rows of fewer numbers are left: an index for each would be read besides. */
const leastRow = 4;
/** Rows whose places are worked out, for one network; and steps before one value. */
const mostRows = 2 ** 21;
const mostSteps = 32;
/** Indices are float32. */
const mostIndexed = 2 ** 24;

const gcd = (a: number, b: number): number => (b === 0 ? Math.abs(a) : gcd(b, a % b));

/** What a step moves; undefined for any other step. */
function movedBy(step: Step | undefined): readonly number[] | undefined {
  if (step?.op === 'reshape' || step?.op === 'transpose') return [step.x];
  if (step?.op === 'copy') return step.x === undefined ? undefined : [step.x];
  if (step?.op === 'gather') return step.x === undefined || step.indicesWeight === undefined ? undefined : [step.x];
  return step?.op === 'concat' ? step.parts : undefined;
}

/** Steps that move the numbers of one value, `root`, to where another one has them. */
interface Moves {
  readonly root: number;
  /** By what they write. */
  readonly steps: ReadonlyMap<number, Step>;
}

class Mover {
  readonly #index: StepIndex;
  /** The one value whose numbers a value holds, and how many in a row lie there as they lie here. */
  readonly #roots = new Map<number, number>();
  readonly #rows = new Map<number, number>();
  /** Values that are looked at as they are, whatever moved them. */
  readonly #stops: (id: number) => boolean;

  constructor(index: StepIndex, steps: readonly Step[], stops: (id: number) => boolean) {
    this.#index = index;
    this.#stops = stops;
    for (const step of steps) this.#follow(step);
  }

  #follow(step: Step): void {
    const sources = movedBy(step) ?? [];
    const roots = new Set(sources.map((id) => (this.#stops(id) ? id : (this.#roots.get(id) ?? id))));
    if (roots.size !== 1) return;
    this.#roots.set(step.output, [...roots][0]!);
    const rows = sources.map((id) => (this.#stops(id) ? sizeOf(this.#index.shape(id)) : this.#rowOf(id)));
    this.#rows.set(step.output, rows.reduce(gcd, this.#rowOfStep(step)));
  }

  #rowOf(id: number): number {
    return this.#rows.get(id) ?? sizeOf(this.#index.shape(id));
  }

  /** Numbers in a row that one step leaves together, at a multiple of so many. */
  #rowOfStep(step: Step): number {
    const shape = this.#index.shape(step.output);
    const behind = (dimension: number): number => sizeOf(shape.slice(dimension));
    if (step.op === 'transpose') {
      let kept = shape.length;
      while (kept > 0 && step.permutation[kept - 1] === kept - 1) kept--;
      return behind(kept);
    }
    if (step.op === 'copy') {
      const own = rowMajorStrides(shape);
      let kept = shape.length;
      while (kept > 0 && (shape[kept - 1] === 1 || step.strides[kept - 1] === own[kept - 1])) kept--;
      const others = step.strides.filter((_, d) => d < kept && shape[d] !== 1);
      return [step.offset, ...others].reduce(gcd, behind(kept));
    }
    if (step.op === 'gather') return sizeOf(this.#index.shape(step.x!).slice(step.dimension + 1));
    if (step.op === 'concat')
      return step.parts.map((part) => sizeOf(this.#index.shape(part).slice(step.dimension))).reduce(gcd);
    return behind(0);
  }

  /** The moves that end with `end`, if nothing else reads what lies between. */
  endingWith(end: Step): Moves | undefined {
    const root = this.#roots.get(end.output);
    if (root === undefined) return undefined;
    const steps = new Map<number, Step>();
    const queue = [end];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (steps.has(next.output)) continue;
      steps.set(next.output, next);
      if (steps.size > mostSteps) return undefined;
      for (const id of movedBy(next)!) if (id !== root) queue.push(this.#index.producer(id)!);
    }
    const isPrivate = [...steps.keys()].every(
      (id) => id === end.output || this.#index.readers(id)?.every((reader) => steps.has(reader.output)),
    );
    return isPrivate ? { root, steps } : undefined;
  }

  row(end: Step): number {
    return this.#rowOf(end.output);
  }

  /** Where number `at` of the value is in the root. */
  placeOf({ root, steps }: Moves, output: number, at: number): number {
    let [id, place] = [output, at];
    while (id !== root) [id, place] = this.#before(steps.get(id)!, place);
    return place;
  }

  /** The value that a step reads a number from, and where it is there. */
  #before(step: Step, at: number): [number, number] {
    const shape = this.#index.shape(step.output);
    const walk = (strides: readonly number[]): number =>
      rowMajorStrides(shape).reduce((sum, own, d) => sum + (Math.floor(at / own) % shape[d]!) * strides[d]!, 0);
    if (step.op === 'transpose') {
      const from = rowMajorStrides(this.#index.shape(step.x));
      return [step.x, walk(step.permutation.map((d) => from[d]!))];
    }
    if (step.op === 'copy') return [step.x!, step.offset + walk(step.strides)];
    if (step.op === 'gather') {
      const from = this.#index.shape(step.x!);
      const inner = sizeOf(from.slice(step.dimension + 1));
      const indices = this.#index.weights.get(step.indicesWeight!)!.data;
      const [outer, entry] = [Math.floor(at / inner / indices.length), Math.floor(at / inner) % indices.length];
      const length = from[step.dimension]!;
      const index = indices[entry]! < 0 ? indices[entry]! + length : indices[entry]!;
      return [step.x!, (outer * length + index) * inner + (at % inner)];
    }
    if (step.op !== 'concat') return [(step as Extract<Step, { op: 'reshape' }>).x, at];
    const whole = sizeOf(shape.slice(step.dimension));
    let [outer, rest] = [Math.floor(at / whole), at % whole];
    for (const part of step.parts) {
      const own = sizeOf(this.#index.shape(part).slice(step.dimension));
      if (rest < own) return [part, outer * own + rest];
      rest -= own;
    }
    return [step.parts[0]!, Number.NaN];
  }
}

/** Reads as many rows of the root as the value has, in its order. */
function gatherSteps(builder: PlanBuilder, end: Step, root: number, row: number, places: Float32Array): Step[] {
  const [from, to] = [root, end.output].map((id) => builder.values[id]!.shape) as [readonly number[], readonly number[]];
  if (places.length * row === sizeOf(from) && places.every((place, at) => place === at))
    return [{ op: 'reshape', name: end.name, x: root, output: end.output }];
  const steps: Step[] = [];
  const named = { name: end.name };
  let x = root;
  if (from.length !== 2 || from[1] !== row) {
    x = builder.newValue([sizeOf(from) / row, row]);
    steps.push({ op: 'reshape', ...named, x: root, output: x });
  }
  const indicesWeight = builder.addWeight(`rows:${end.output}`, { shape: [places.length], data: places });
  const isFlat = to.length === 2 && to[1] === row;
  const output = isFlat ? end.output : builder.newValue([places.length, row]);
  steps.push({ op: 'gather', ...named, x, indicesWeight, dimension: 0, output });
  if (!isFlat) steps.push({ op: 'reshape', ...named, x: output, output: end.output });
  return steps;
}

/** Moves end where something else than a move reads them, or several steps do. */
const isEnd = (index: StepIndex, step: Step): boolean => {
  const reader = index.onlyReader(step.output);
  return movedBy(step) !== undefined && (reader === undefined || movedBy(reader) === undefined);
};

function movesOf(movers: readonly Mover[], end: Step): { readonly mover: Mover; readonly moves: Moves } | undefined {
  for (const mover of movers) {
    const moves = mover.endingWith(end);
    if (moves !== undefined && [...moves.steps.values()].filter(({ op }) => op !== 'reshape').length >= 2)
      return { mover, moves };
  }
  return undefined;
}

export function fuseMoves(builder: PlanBuilder, outputs: ReadonlySet<number>): void {
  const live = liveSteps(builder.steps, outputs);
  builder.setSteps(live);
  const index = new StepIndex(builder, outputs);
  // From as far back as numbers are only moved, else from where something else reads them too.
  const movers = [new Mover(index, live, () => false), new Mover(index, live, (id) => index.onlyReader(id) === undefined)];
  const replaced = new Map<number, readonly Step[]>();
  let left = mostRows;
  for (const end of live) {
    const found = isEnd(index, end) ? movesOf(movers, end) : undefined;
    if (found === undefined) continue;
    const { mover, moves } = found;
    const row = mover.row(end);
    const count = sizeOf(index.shape(end.output)) / row;
    if (row < leastRow || count > left || sizeOf(index.shape(moves.root)) / row > mostIndexed) continue;
    left -= count;
    const places = Float32Array.from({ length: count }, (_, at) => mover.placeOf(moves, end.output, at * row) / row);
    for (const id of moves.steps.keys()) replaced.set(id, []);
    replaced.set(end.output, gatherSteps(builder, end, moves.root, row, places));
  }
  builder.replaceAll(replaced);
}
