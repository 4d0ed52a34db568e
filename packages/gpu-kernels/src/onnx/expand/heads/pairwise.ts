/**
 * Probabilities of classes from those of pairs: Wu, Lin, Weng, "Probability Estimates for Multi-class Classification by Pairwise
 * Coupling" (2004), algorithm 2, as LIBSVM and onnxruntime compute it. It goes round the classes until the residual is below 0.005 over
 * their count. Here each round is written out, and an item that has come there keeps its numbers.
 */
import { opUnsupported } from '../../../graph/graph-errors.ts';
import type { Expansion } from '../expansion.ts';

/**
 * Of two classes 2 rounds were enough for 24 000 probabilities from 1e-7 to 1 - 1e-7, of three to ten 4 were in 7 000 draws of pairs from
 * even to certain. An item that needs more than these gets NaN, no other number.
 */
const roundsOf = (classes: number): number => (classes === 2 ? 3 : 8);
const mostClasses = 32;

interface Coupling {
  readonly to: Expansion;
  readonly classes: number;
  /** `[items, classes, classes]` */
  readonly q: string;
}

/** Places of pair (i, j) among pairs in order, and whether it is written the other way round. */
function pairPlaces(classes: number): { places: number[]; isTurned: number[]; isPair: number[] } {
  const placeOf = (i: number, j: number): number => i * classes - (i * (i + 1)) / 2 + j - i - 1;
  const cells = Array.from({ length: classes * classes }, (_, at) => [Math.floor(at / classes), at % classes] as const);
  return {
    places: cells.map(([i, j]) => (i === j ? 0 : placeOf(Math.min(i, j), Math.max(i, j)))),
    isTurned: cells.map(([i, j]) => Number(i > j)),
    isPair: cells.map(([i, j]) => Number(i !== j)),
  };
}

/** Q of the paper: squares of what the others have of each class on the diagonal, −r_ij r_ji beside it. */
function matrixOf(to: Expansion, pairs: string, classes: number): string {
  const { places, isTurned, isPair } = pairPlaces(classes);
  const shape = [classes, classes];
  const cells = to.add('Gather', [pairs, to.tensor('int64', [classes * classes], places)], { axis: 1 });
  const laid = to.reshape(cells, 0, ...shape);
  const turned = to.add('Cast', [to.tensor('float32', [1, ...shape], isTurned)], { to: 9 });
  const rest = to.add('Sub', [to.number(1), laid]);
  const masked = to.add('Mul', [to.add('Where', [turned, rest, laid]), to.tensor('float32', [1, ...shape], isPair)]);
  const others = to.transpose(masked, 0, 2, 1);
  const sums = to.add('ReduceSum', [to.add('Mul', [others, others]), to.integers(2)], { keepdims: 1 });
  const diagonal = to.add('Mul', [sums, to.tensor('float32', [1, ...shape], isPair.map((pair) => 1 - pair))]); // biome-ignore format: one call
  return to.add('Sub', [diagonal, to.add('Mul', [others, masked])]);
}

/** `[items, classes, 1]` Q·p and `[items, 1, 1]` pᵀQp. */
function residual({ to, q }: Coupling, p: string): { qp: string; pqp: string } {
  const qp = to.add('MatMul', [q, p]);
  return { qp, pqp: to.add('ReduceSum', [to.add('Mul', [p, qp]), to.integers(1)], { keepdims: 1 }) };
}

function isFar({ to, classes }: Coupling, qp: string, pqp: string): string {
  const error = to.add('ReduceMax', [to.add('Abs', [to.add('Sub', [qp, pqp])])], { axes: [1], keepdims: 1 });
  return to.add('GreaterOrEqual', [error, to.number(Math.fround(0.005) / classes)]);
}

/** One class of a round: p_t moves to where its own equation holds, and all are scaled to add up to 1 again. */
function moved(coupling: Coupling, at: number, { p, qp, pqp }: { p: string; qp: string; pqp: string }) {
  const { to, classes, q } = coupling;
  const column = to.slice(q, 2, at, at + 1); // Q is symmetric
  const own = to.slice(column, 1, at, at + 1);
  const ownQp = to.slice(qp, 1, at, at + 1);
  const step = to.add('Div', [to.add('Sub', [pqp, ownQp]), own]);
  const scale = to.add('Add', [step, to.number(1)]);
  const unit = to.tensor('float32', [1, classes, 1], Array.from({ length: classes }, (_, i) => Number(i === at))); // biome-ignore format: one call
  const inner = to.add('Add', [to.add('Mul', [step, own]), to.add('Mul', [ownQp, to.number(2)])]);
  const grown = to.add('Add', [pqp, to.add('Mul', [step, inner])]);
  return {
    p: to.add('Div', [to.add('Add', [p, to.add('Mul', [step, unit])]), scale]),
    qp: to.add('Div', [to.add('Add', [qp, to.add('Mul', [step, column])]), scale]),
    pqp: to.add('Div', [to.add('Div', [grown, scale]), scale]),
  };
}

/** `[items, classes]` of the probabilities `[items, pairs]` that the first of two classes is the one. */
export function coupled(to: Expansion, pairs: string, classes: number): string {
  if (classes > mostClasses) throw opUnsupported(to.node, `probabilities of ${classes} classes, at most ${mostClasses} are implemented`); // biome-ignore format: one condition
  const coupling: Coupling = { to, classes, q: matrixOf(to, pairs, classes) };
  let p = to.tensor('float32', [1, classes, 1], new Array<number>(classes).fill(1 / classes));
  for (let round = 0; round < roundsOf(classes); round++) {
    const start = residual(coupling, p);
    let next = { p, ...start };
    for (let at = 0; at < classes; at++) next = moved(coupling, at, next);
    p = to.add('Where', [isFar(coupling, start.qp, start.pqp), next.p, p]);
  }
  const { qp, pqp } = residual(coupling, p);
  const found = to.add('Where', [isFar(coupling, qp, pqp), to.number(Number.NaN), p]);
  return to.reshape(found, 0, classes);
}
