/** Einsum as transposes, products and sums: https://onnx.ai/onnx/operators/onnx__Einsum.html. Two operands at a time, from the left. */
import { graphInvalid, opUnsupported } from '../../graph/graph-errors.ts';
import { dependsOnBatch, showOpenShape } from '../constant.ts';
import type { Expansion } from './expansion.ts';

/** An equation that a network would have is far shorter; a longer one is a file made to take time. */
const [longestEquation, mostOperands] = [256, 16];

type Sizes = ReadonlyMap<string, number>;

/** A value and the letters of its dimensions. */
interface Term {
  readonly name: string;
  readonly letters: readonly string[];
}

interface Equation {
  readonly terms: readonly (readonly string[])[];
  readonly result: readonly string[];
}

/** The dimensions of an ellipsis get letters of their own, counted from the last: '.0', '.1', … */
function lettersOf(to: Expansion, text: string, rank: number | undefined, hidden: number): string[] {
  const [before = '', after, ...more] = text.split('...');
  if (more.length > 0 || !/^[A-Za-z]*$/.test(before + (after ?? '')))
    throw graphInvalid(to.node, `"${text}" is no list of dimensions.`);
  const count = after === undefined ? 0 : rank === undefined ? hidden : rank - before.length - after.length;
  if (count < 0 || (rank !== undefined && before.length + count + (after?.length ?? 0) !== rank))
    throw graphInvalid(to.node, `"${text}" does not fit an input of ${rank} dimensions.`);
  return [...before.split(''), ...Array.from({ length: count }, (_, d) => `.${count - 1 - d}`), ...(after ?? '').split('')];
}

function parse(to: Expansion): Equation {
  const equation = to.attributes.string('equation', '').replaceAll(' ', '');
  to.attributes.finish();
  if (equation.length > longestEquation || to.node.inputs.length > mostOperands)
    throw graphInvalid(to.node, `an equation of more than ${longestEquation} characters or ${mostOperands} operands.`);
  const [left = '', right, ...more] = equation.split('->');
  const texts = left.split(',');
  if (more.length > 0 || texts.length !== to.node.inputs.length)
    throw graphInvalid(to.node, `equation "${equation}" does not name ${to.node.inputs.length} inputs.`);
  const terms = texts.map((text, index) => lettersOf(to, text, to.shape(index).length, 0));
  const all = terms.flat();
  const hidden = [...new Set(all.filter((letter) => letter.startsWith('.')))].toSorted((a, b) => Number(b.slice(1)) - Number(a.slice(1))); // biome-ignore format: one expression
  const once = [...new Set(all)].filter((letter) => !letter.startsWith('.') && all.indexOf(letter) === all.lastIndexOf(letter)); // biome-ignore format: one expression
  const result = right === undefined ? [...hidden, ...once.toSorted()] : lettersOf(to, right, undefined, hidden.length);
  const unknown = result.find((letter) => !all.includes(letter));
  if (unknown !== undefined || new Set(result).size !== result.length)
    throw graphInvalid(to.node, `the result of equation "${equation}" is no choice of its dimensions.`);
  return { terms, result };
}

function sizesOf(to: Expansion, terms: Equation['terms']): Sizes {
  const sizes = new Map<string, number>();
  for (const [index, letters] of terms.entries()) {
    const shape = to.shape(index);
    for (const [d, letter] of letters.entries()) {
      const known = sizes.get(letter);
      if (known !== undefined && known !== shape[d])
        throw opUnsupported(to.node, `inputs that differ along "${letter}": ${showOpenShape(shape)} has it as dimension ${d}, another ${showOpenShape([known])}`); // biome-ignore format: one call
      sizes.set(letter, shape[d]!);
    }
  }
  return sizes;
}

class Einsum {
  readonly to: Expansion;
  readonly sizes: Sizes;
  /** The letter of the batch. */
  readonly batch: string | undefined;

  constructor(to: Expansion, sizes: Sizes) {
    this.to = to;
    this.sizes = sizes;
    this.batch = [...sizes].find(([, size]) => dependsOnBatch(size))?.[0];
  }

  arranged({ name, letters }: Term, order: readonly string[]): string {
    const perm = order.map((letter) => letters.indexOf(letter));
    return perm.every((from, d) => from === d) ? name : this.to.transpose(name, ...perm);
  }

  /** As a value whose dimensions are groups of letters, in that order; a group of none has size 1. */
  grouped(term: Term, groups: readonly (readonly string[])[]): string {
    const order = groups.flat();
    const name = this.arranged(term, order);
    if (groups.every((group) => group.length === 1)) return name;
    const shape = groups.map((group) => group.reduce((size, letter) => size * this.sizes.get(letter)!, 1));
    return this.to.add('Reshape', [name, this.to.integers(...shape)]);
  }

  /** With each letter once: of the letters that repeat, in order and last, the numbers of the diagonal lie at even distances. */
  diagonal(term: Term): Term {
    const letter = term.letters.find((name, d) => term.letters.indexOf(name) !== d);
    if (letter === undefined) return term;
    const others = term.letters.flatMap((name, d) => (name === letter ? [] : [d]));
    const repeated = term.letters.flatMap((name, d) => (name === letter ? [d] : []));
    const perm = [...others, ...repeated];
    const last = perm.every((from, d) => from === d) ? term.name : this.to.transpose(term.name, ...perm);
    const size = this.sizes.get(letter)!;
    const block = size ** repeated.length;
    const step = repeated.reduce((sum, _, d) => sum + size ** d, 0);
    const shape = others.map((d) => this.sizes.get(term.letters[d]!)!);
    const rows = this.to.add('Reshape', [last, this.to.integers(...shape, block)]);
    const letters = [...others.map((d) => term.letters[d]!), letter];
    return this.diagonal({ name: this.to.slice(rows, others.length, 0, block, step), letters });
  }

  /** Without the dimensions that neither the result nor another operand has. */
  summed(term: Term, kept: ReadonlySet<string>): Term {
    const axes = term.letters.flatMap((letter, d) => (kept.has(letter) ? [] : [d]));
    if (axes.length === 0) return term;
    if (axes.some((d) => term.letters[d] === this.batch)) throw opUnsupported(this.to.node, 'a sum over the batch');
    const sum = this.to.add('ReduceSum', [term.name], { axes, keepdims: 0 });
    return { name: sum, letters: term.letters.filter((_, d) => !axes.includes(d)) };
  }

  /** One product. The batch stays the first dimension of what has it, and the first operand has it if any has. */
  product(first: Term, second: Term, kept: ReadonlySet<string>): Term {
    const isTurned = this.batch !== undefined && !first.letters.includes(this.batch);
    const [a, b] = isTurned ? [second, first] : [first, second];
    const inBoth = a.letters.filter((letter) => b.letters.includes(letter));
    const shared = inBoth.filter((letter) => kept.has(letter) && letter !== this.batch);
    const summed = inBoth.filter((letter) => !kept.has(letter));
    const rows = a.letters.filter((letter) => !b.letters.includes(letter) && letter !== this.batch);
    const columns = b.letters.filter((letter) => !a.letters.includes(letter));
    if (summed.includes(this.batch!)) throw opUnsupported(this.to.node, 'a sum over the batch');
    if (summed.length === 0 && columns.length === 0) {
      const spread = this.grouped(b, a.letters.map((letter) => (b.letters.includes(letter) ? [letter] : []))); // biome-ignore format: one call
      return { name: this.to.add('Mul', [a.name, spread]), letters: a.letters };
    }
    const lead = [...(this.batch !== undefined && a.letters.includes(this.batch) ? [this.batch] : []), ...shared];
    const ofB = lead.map((letter) => (b.letters.includes(letter) ? [letter] : []));
    // A matrix is shared by all that has the batch.
    const leadB = shared.length === 0 && ofB.every((group) => group.length === 0) ? [] : ofB;
    const groups = [...lead.map((letter) => [letter]), rows, summed];
    const inputs = [this.grouped(a, groups), this.grouped(b, [...leadB, summed, columns])];
    const product = this.to.add(summed.length === 0 ? 'Mul' : 'MatMul', inputs);
    const letters = [...lead, ...rows, ...columns];
    if (rows.length === 1 && columns.length === 1) return { name: product, letters };
    const shape = letters.map((letter) => this.sizes.get(letter)!);
    return { name: this.to.add('Reshape', [product, this.to.integers(...shape)]), letters };
  }
}

export function expandEinsum(to: Expansion): void {
  const { terms, result } = parse(to);
  const einsum = new Einsum(to, sizesOf(to, terms));
  const needed = (from: number): Set<string> => new Set([...result, ...terms.slice(from).flat()]);
  const [first, ...others] = terms.map((letters, index) => einsum.diagonal({ name: to.input(index), letters }));
  if (first === undefined) throw graphInvalid(to.node, 'it has no inputs.');
  let joined = einsum.summed(first, needed(1));
  for (const [index, term] of others.entries()) {
    const kept = needed(index + 2);
    const own = einsum.summed(term, new Set([...kept, ...joined.letters]));
    joined = einsum.product(einsum.summed(joined, new Set([...kept, ...own.letters])), own, kept);
  }
  to.give('Identity', [einsum.arranged(joined, result)]);
}
