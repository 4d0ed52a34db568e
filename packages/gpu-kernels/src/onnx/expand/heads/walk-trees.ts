/**
 * All trees of a forest at once, a level at a time: each has a node, reads a feature and a threshold there, and goes to a child. A leaf is
 * its own child. Comparisons are those of float32, so that a number on a threshold goes where onnxruntime sends it.
 * docs/decisions/onnx-import.md
 */
import type { Expansion } from '../expansion.ts';
import { type Comparison, comparisons, type Decision, type Forest } from './forest.ts';

const ops: Readonly<Record<Comparison, string>> = {
  LEQ: 'LessOrEqual', LT: 'Less', GTE: 'GreaterOrEqual', GT: 'Greater', EQ: 'Equal',
}; // biome-ignore format: a table

/** What the nodes are asked, by twice their number, so that a child lies at that or one behind it. */
class Tables {
  readonly #to: Expansion;
  readonly #forest: Forest;
  readonly #names = new Map<string, string>();

  constructor(to: Expansion, forest: Forest) {
    this.#to = to;
    this.#forest = forest;
  }

  /** Of a decision `value` says the number, for its `false` child first; a leaf has `ofLeaf` of its node's number. */
  of(
    name: string,
    value: (decision: Decision, isTrue: boolean) => number,
    ofLeaf: (node: number) => number = () => 0,
  ): string {
    const found = this.#names.get(name);
    if (found !== undefined) return found;
    const { decisions, leaves } = this.#forest;
    const made = this.#to.computed('float32', [2 * (decisions.length + leaves)], (at) => {
      const decision = decisions[at >> 1];
      return decision === undefined ? ofLeaf(at >> 1) : value(decision, at % 2 === 1);
    });
    this.#names.set(name, made);
    return made;
  }

  /** Twice the number of a child. */
  children(): string {
    const childOf = ({ whenTrue, whenFalse }: Decision, isTrue: boolean): number => 2 * (isTrue ? whenTrue : whenFalse);
    return this.of('children', childOf, (leaf) => 2 * leaf);
  }
}

interface Level {
  readonly to: Expansion;
  readonly tables: Tables;
  /** Twice the number of each tree's node. */
  readonly places: string;
  /** The feature that each tree reads there. */
  readonly given: string;
}

const numbersAt = ({ to, tables, places }: Level, name: string, value: (decision: Decision) => number): string =>
  to.add('Gather', [tables.of(name, value), places], { axis: 0 });

const asNumber = (to: Expansion, truth: string): string => to.add('Cast', [truth], { to: 1 });

/** 1 where the answer is yes, else 0. A forest of several comparisons asks all of them and takes the one that the node is of. */
function answers(level: Level, kinds: readonly Comparison[], hasMissing: boolean): string {
  const { to, given } = level;
  const threshold = numbersAt(level, 'threshold', (decision) => decision.threshold);
  const asked = kinds.map((kind) => {
    const answer = asNumber(to, to.add(ops[kind], [given, threshold]));
    if (kinds.length === 1) return answer;
    return to.add('Mul', [answer, numbersAt(level, kind, (decision) => Number(decision.comparison === kind))]);
  });
  const answer = asked.reduce((sum, one) => to.add('Add', [sum, one]));
  if (!hasMissing) return answer;
  const isMissing = asNumber(to, to.add('IsNaN', [given]));
  const taken = to.add('Mul', [isMissing, numbersAt(level, 'missing', (decision) => Number(decision.missingIsTrue))]);
  return to.add('Max', [answer, taken]);
}

/** `[items, trees]`: the number of the leaf that each tree comes to, among leaves. Input 0 is `[items, features]`. */
export function leavesOf(to: Expansion, forest: Forest): string {
  const { decisions, roots } = forest;
  const tables = new Tables(to, forest);
  const kinds = comparisons.filter((kind) => decisions.some(({ comparison }) => comparison === kind));
  const hasMissing = decisions.some(({ missingIsTrue }) => missingIsTrue);
  const features = roots.map((root) => decisions[root]?.feature ?? 0);
  let places = to.tensor('float32', [1, roots.length], roots.map((root) => 2 * root)); // biome-ignore format: one call
  let given = to.add('Gather', [to.input(0), to.tensor('int64', [roots.length], features)], { axis: 1 });
  for (let depth = 0; depth < Math.max(forest.depth, 1); depth++) {
    const level = { to, tables, places, given };
    if (depth > 0) given = to.addOwn('GatherOfItem', [to.input(0), numbersAt(level, 'feature', ({ feature }) => feature)]);
    const answer = answers({ ...level, given }, kinds.length > 0 ? kinds : ['LEQ'], hasMissing);
    places = to.add('Gather', [tables.children(), to.add('Add', [places, answer])], { axis: 0 });
  }
  return to.add('Sub', [to.add('Mul', [places, to.number(0.5)]), to.number(decisions.length)]);
}
