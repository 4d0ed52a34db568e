/** Reads what pipeline_report.c writes of a pipeline of NVK: the driver's numbers, and its assembly, in which loops are found. */

/** How often an instruction is in the text; loads and stores by memory and width, `lds.b128`, and divisions of integers. */
export type Counts = Readonly<Record<string, number>>;

export interface Loop {
  /** 1 for a loop in no other. */
  readonly depth: number;
  /** Stretches without a branch. A body of 2 or 3 is straight. */
  readonly blocks: number;
  readonly instructions: number;
  readonly counts: Counts;
}

export interface Report {
  readonly registers: number;
  readonly spills: number;
  /** Of each thread, in memory: arrays that are found by computed numbers, and spills. */
  readonly localBytes: number;
  readonly sharedBytes: number;
  readonly instructions: number;
  readonly warpsAUnit: number;
  readonly counts: Counts;
  readonly loops: readonly Loop[];
}

interface Block {
  readonly before: readonly number[];
  readonly instructions: readonly string[];
}

/** `text` of a file as pipeline_report.c writes it. Throws where it is of another driver. */
export function readReport(text: string): Report {
  const [head = '', rest = ''] = text.split('== NIR shader\n');
  const [nir = '', assembly] = rest.split('== NAK assembly\n');
  if (assembly === undefined) throw new Error('Expected the NIR and the NAK assembly of NVK. Was another driver used?');
  const numbers = new Map(head.split('\n').map((line) => line.split('\t') as [string, string]));
  const number = (name: string): number => Number(numbers.get(name) ?? Number.NaN);
  const blocks = blocksOf(assembly);
  return {
    registers: number('Number of GPRs'),
    spills: number('Spills to memory'),
    localBytes: number('SLM size'),
    sharedBytes: Number(/^shared_size: (\d+)$/m.exec(nir)?.[1] ?? 0),
    instructions: number('Instruction count'),
    warpsAUnit: number('Max warps/SM'),
    counts: countsOf(blocks.values()),
    loops: loopsOf(blocks),
  };
}

function blocksOf(assembly: string): ReadonlyMap<number, Block> {
  const texts = assembly.matchAll(/^block(?:\.u)? (\d+) \S+ \[([^\]]*)\] -> \{\n([^}]*)\}/gm);
  return new Map(
    [...texts].map(([, number, before, body]) => [
      Number(number),
      { before: before!.split(',').filter((one) => one.trim() !== '').map(Number), instructions: body!.split('\n').map(nameOf).filter((name) => name !== '') }, // biome-ignore format: one block
    ]),
  );
}

/** `ld.shared.strong.cta.b128` of `@p0 r4..8 = ld.shared.strong.cta.b128 [r0] // delay=1`. */
const nameOf = (line: string): string =>
  line
    .replace(/\/\/.*/, '')
    .replace(/^@\S+/, '')
    .replace(/^[^=]* = /, '')
    .trim()
    .split(' ')[0]!;

/** What a name counts as; undefined for most. */
function kindOf(name: string): string | undefined {
  const memory = /^(ld|st)\.([sgl])\w*\S*\.(\w+)$/.exec(name);
  if (memory !== null) return `${memory[1]}${memory[2]}.${memory[3]}`;
  // A division by a number that comes with the run begins with a reciprocal, which is made an integer.
  if (name.startsWith('f2i.u32')) return 'division';
  return ['hmma', 'ldsm', 'bar', 'mov'].find((kind) => name === kind || name.startsWith(`${kind}.`));
}

function countsOf(blocks: Iterable<Block>): Counts {
  const kinds = [...blocks].flatMap(({ instructions }) => instructions.map(kindOf)).filter((kind) => kind !== undefined);
  return Object.fromEntries([...Map.groupBy(kinds, (kind) => kind)].map(([kind, all]) => [kind, all.length]));
}

/** Natural loops: where an edge leads back to a block, all from which its source is reached without passing that block. */
function loopsOf(blocks: ReadonlyMap<number, Block>): readonly Loop[] {
  const bodies = [...blocks].flatMap(([head, { before }]): [number, Set<number>][] => {
    const todo = before.filter((from) => from >= head);
    if (todo.length === 0) return [];
    const body = new Set([head]);
    for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
      if (body.has(at)) continue;
      body.add(at);
      todo.push(...blocks.get(at)!.before);
    }
    return [[head, body]];
  });
  return bodies.map(([head, body]) => {
    const inside = [...body].map((at) => blocks.get(at)!);
    return {
      depth: bodies.filter(([, other]) => other.has(head)).length,
      blocks: body.size,
      instructions: inside.reduce((sum, { instructions }) => sum + instructions.length, 0),
      counts: countsOf(inside),
    };
  });
}

/** The loop that products are made in, else the innermost and longest; undefined where there is none. */
export function hottestLoop({ loops }: Report): Loop | undefined {
  const rank = ({ counts, depth, instructions }: Loop): number => (counts['hmma'] ?? 0) * 1e6 + depth * 1e5 + instructions;
  return loops.toSorted((a, b) => rank(b) - rank(a))[0];
}
