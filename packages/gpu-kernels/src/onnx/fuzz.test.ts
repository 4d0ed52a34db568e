/** Damaged files give a DiptychError or load as something valid: never another exception, a hang, or a read outside the file. */
import { isDiptychError } from '@diptych/plugin-kit';
import { expect, it, vi } from 'vitest';
import { openReference } from '../backends/reference/reference-backend.ts';
import { sizeOf } from '../graph/shapes.ts';
import { randomNumbers } from '../kernels/case.ts';
import { architectureBytes, drawnWeights } from './golden-architectures.ts';
import { goldenBytes, goldenNames, readGoldenExternal } from './golden-networks.ts';
import { planOnnx } from './plan-onnx.ts';
import { attribute, body, graph, modelOf, node, value } from './write-onnx.ts';

vi.setConfig({ testTimeout: 60_000 });
const mutations = 2_000;
/** A function that is called twice, and a branch in it: each mutation may hit a name. */
function withFunction(): Uint8Array {
  const branch = (op: string) => graph({ nodes: [node({ op, inputs: ['a'], outputs: ['r'] })], outputs: [value('r', ['n', 2])] });
  const branches = [attribute('then_branch', branch('Relu'), true), attribute('else_branch', branch('Neg'), true)];
  const nodes = [
    node({ op: 'Constant', outputs: ['c'], attributes: [attribute('value_int', 1)] }),
    node({ op: 'Cast', inputs: ['c'], outputs: ['d'], attributes: [attribute('to', 9)] }),
    node({ op: 'If', inputs: ['d'], outputs: ['b'], attributes: branches }),
  ];
  const calls = [['x', 't'], ['t', 'y']].map(([from, to]) => ({ op: 'f', domain: 'test', inputs: [from!], outputs: [to!] }));
  return modelOf(calls, [2], [body({ name: 'f', inputs: ['a'], outputs: ['b'], nodes })]);
} // biome-ignore format: long lines

const quantised = ['convolutions-operator', 'convolutions-dynamic', 'tokens-qdq'].map((name) => `quantised/${name}`);
const ops = ['frequencies', 'sequencer', 'video', 'decoder', 'folds', 'deformable'].map((name) => `ops/${name}`);
const files = [
  ...[...goldenNames, ...quantised, ...ops, 'residual-half', 'residual-external'].map((name) => goldenBytes(name)),
  ...['clip-text', 'clip-text-masked'].map(architectureBytes),
  withFunction(),
  withFunction(),
];
const random = randomNumbers(mutations * 16, 20_260_101, [0, 1]);
/** Varints that lie: 2^63 − 1, −1, 2^31, 2^53. */
const lies = ['ffffffffffffffff7f', 'ffffffffffffffffff01', '8080808008', '8080808080808010'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

/** A path of drawn weights that a flip made absurd is a file that is not there. */
const readExternal = (path: string): Promise<Uint8Array> =>
  /^uniform\/\d{1,4}\/[-\d.e]+\/[-\d.e]+\/\d{1,5}$/.test(path) ? drawnWeights(path) : readGoldenExternal(path);

/** The file inside a larger buffer full of 0xAA, so that a read beyond its end would find something. */
function enclosed(bytes: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 64).fill(0xaa);
  buffer.set(bytes, 32);
  return buffer.subarray(32, 32 + bytes.length);
}

function mutate(index: number): Uint8Array {
  let next = index * 16;
  const below = (limit: number): number => Math.floor(random[next++]! * limit);
  const bytes = new Uint8Array(files[index % files.length]!);
  const kind = below(5);
  if (kind === 0) return bytes.subarray(0, below(bytes.length));
  if (kind === 1) {
    const at = below(bytes.length);
    return Uint8Array.from([...bytes.subarray(0, at), ...lies[below(lies.length)]!, ...bytes.subarray(at + 1)]);
  }
  if (kind === 2) {
    // A stretch of the file elsewhere: whole fields twice, names that meet, nodes that read themselves.
    const [from, to, length] = [below(bytes.length), below(bytes.length), below(80)];
    bytes.set(
      bytes.slice(from, Math.min(from + length, bytes.length - Math.max(0, to - from))).subarray(0, bytes.length - to),
      to,
    );
    return bytes;
  }
  // Near the front and the back lie names, shapes and inputs; the middle is mostly weights.
  const span = kind === 3 ? bytes.length : Math.min(bytes.length, 1_500);
  const start = below(2) === 0 ? 0 : bytes.length - span;
  for (let flips = 1 + below(6); flips > 0; flips--) bytes[start + below(span)]! ^= 1 << below(8);
  return bytes;
}

it(`${mutations} damaged files give a DiptychError or a plan that runs`, async () => {
  const counts = { refused: 0, planned: 0, ran: 0 };
  const reference = openReference();
  for (let index = 0; index < mutations; index++) {
    const outcome = await planOnnx(enclosed(mutate(index)), { batch: 1, readExternal }).catch((error: unknown) => error);
    if (outcome instanceof Error) {
      // A path that names no file is the reader's error, which is passed on.
      const isExpected = isDiptychError(outcome) || (outcome as NodeJS.ErrnoException).code === 'ENOENT';
      expect(isExpected, `mutation ${index}: ${outcome.stack}`).toBe(true);
      counts.refused++;
      continue;
    }
    const { planned } = outcome as Awaited<ReturnType<typeof planOnnx>>;
    counts.planned++;
    const size = planned.plan.values.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    if (size > 30_000 || counts.planned % 4 !== 0) continue;
    await using executable = await reference.compile(planned.plan, planned.weights);
    const inputs = Object.entries(planned.plan.inputs).map(([name, id]) => {
      const shape = [1, ...planned.plan.values[id]!.shape];
      return [name, { shape, data: new Float32Array(sizeOf(shape)) }] as const;
    });
    await executable.run(Object.fromEntries(inputs));
    counts.ran++;
  }
  expect(counts.refused).toBeGreaterThan(mutations / 4);
  expect(counts.ran).toBeGreaterThan(20);
});
