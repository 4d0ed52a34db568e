/**
 * ONNX's own backend node tests, which `goldens/onnx/write-node-tests.py` writes: one model and its data each. Our networks
 * take a batch of items and constant parameters, so each test runs in several readings: all inputs computed, those that
 * lead with the batch of the first, the first alone, those after a table that is gathered from; the whole graph as one item, with
 * all inputs or the first; and none computed, which is folding. What is not computed is constant. A test passes if at least one
 * reading is supported and every supported one gives the expected numbers.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDiptychError, type Tensor, type Tensors } from '@diptych/plugin-kit/runtime';
import type { Backend } from '../backends/backend.ts';
import { planGraph } from '../graph/planner.ts';
import { type Constant, decodeTensor } from './constant.ts';
import { newestOpset, oldestOpset } from './import-model.ts';
import { foldOnnx, importOnnx } from './import-onnx.ts';
import type { ElementType, OnnxModel, OnnxTensor } from './onnx-model.ts';
import { readOnnxModel } from './read/read-onnx-model.ts';
import { readTensor } from './read/read-tensor.ts';

export interface NodeTestResult {
  readonly test: string;
  readonly op: string;
  readonly opset: number;
  /** `network`: ran as a network; `folded`: only as a constant, computed at import. */
  readonly status: 'network' | 'folded' | 'unsupported' | 'failed';
  /** Of `unsupported` and `failed`. */
  readonly reason: string;
}

/** Paths of the tests in `folder`, in which those of each version of the package lie in a folder of its name. */
export const listNodeTests = (folder: string): string[] =>
  listVersions(folder).flatMap((version) =>
    readdirSync(join(folder, version))
      .toSorted()
      .map((test) => join(folder, version, test)),
  );

/** Newest first. */
export const listVersions = (folder: string): string[] =>
  readdirSync(folder).toSorted((a, b) => b.localeCompare(a, 'en', { numeric: true }));

type Outcome =
  | { readonly passed: true }
  | { readonly passed: false; readonly reason: string }
  | { readonly unsupported: string };

/**
 * Relative tolerances of ONNX's own runner, which are two units in the last place for bfloat16. They are so for float16 here: expected
 * numbers were rounded to it after every node of a function, ours are computed in float32.
 */
const tolerances: Readonly<Partial<Record<ElementType, number>>> = { bfloat16: 2 ** -6, float16: 2 ** -9 };

/** As there, 1e-7 more; and one float32 rounding of the largest number. */
function compare(actual: Constant | Tensor, expected: Constant): Outcome {
  if (actual.shape.join() !== expected.shape.join())
    return { passed: false, reason: `shape [${actual.shape.join(', ')}], expected [${expected.shape.join(', ')}]` };
  const relative = tolerances[expected.type] ?? 1e-3;
  let largest = 0;
  for (const value of expected.data) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  for (const [index, value] of expected.data.entries()) {
    const got = actual.data[index]!;
    if (Object.is(got, value) || got === value) continue;
    const allowed = 1e-7 + relative * Math.abs(value) + largest * 2 ** -23;
    if (!(Math.abs(got - value) <= allowed)) return { passed: false, reason: `${got} at ${index}, expected ${value}` };
  }
  return { passed: true };
}

interface NodeTest {
  readonly model: OnnxModel;
  readonly inputs: readonly OnnxTensor[];
  readonly expected: readonly Constant[];
}

/** Ops that mean in the oldest opset that we read what they meant in that of their tests, 1 or 7. */
const unchanged: ReadonlySet<string> = new Set(['And', 'Not', 'Or', 'Xor']);

const raised = (model: OnnxModel): OnnxModel =>
  model.nodes.every(({ op }) => unchanged.has(op)) ? { ...model, opset: Math.max(model.opset, oldestOpset) } : model;

function readNodeTest(folder: string): NodeTest {
  const data = join(folder, 'test_data_set_0');
  const read = (name: string): OnnxTensor => readTensor(readFileSync(join(data, name)), name);
  const model = raised(readOnnxModel(readFileSync(join(folder, 'model.onnx'))));
  const inputs = model.inputs.map((input, index) => {
    const file = `input_${index}.pb`;
    return { ...(existsSync(join(data, file)) ? read(file) : { type: 0, shape: [] }), name: input.name };
  });
  return {
    model,
    inputs,
    expected: model.outputs.map((_, index) => decodeTensor(read(`output_${index}.pb`), `output ${index}`)),
  };
}

/** What is not ours to support throws a DiptychError of these codes; anything else is a failure of ours. */
function unsupportedReason(error: unknown): string {
  if (isDiptychError(error) && (error.code === 'OP_UNSUPPORTED' || error.code === 'GRAPH_INVALID'))
    return typeof error.details['reason'] === 'string' ? error.details['reason'] : error.message;
  throw error;
}

/** Inputs `computed` are given to the run, the others are constants. */
async function asNetwork(
  { model, inputs, expected }: NodeTest,
  computed: readonly number[],
  backend: Backend,
  items: 'batch' | 'graph' = 'batch',
): Promise<Outcome> {
  const isComputed = (index: number): boolean => computed.includes(index);
  const tensors = computed.map((index) => decodeTensor(inputs[index]!, inputs[index]!.name));
  const batch = items === 'graph' ? 1 : (tensors[0]?.shape[0] ?? 0);
  if (items === 'batch' && tensors.some(({ shape }) => shape.length === 0 || shape[0] !== batch))
    return { unsupported: 'its inputs do not share a batch' };
  if (items === 'batch' && expected.some(({ shape }) => shape[0] !== batch))
    return { unsupported: 'its output does not keep the batch' };
  const bound = {
    ...model,
    inputs: model.inputs.filter((_, index) => isComputed(index)),
    initializers: [...model.initializers, ...inputs.filter((_, index) => !isComputed(index))],
  };
  const { graph, weights } = importOnnx(bound, { items });
  const planned = planGraph(graph, weights, Math.max(1, batch));
  const [missing] = backend.check(planned.plan);
  if (missing !== undefined) return { unsupported: missing.reason };
  await using executable = await backend.compile(planned.plan, planned.weights);
  const given = tensors.map(
    ({ shape, data }, index) =>
      [
        inputs[computed[index]!]!.name,
        { shape: items === 'graph' ? [1, ...shape] : shape, data: Float32Array.from(data) },
      ] as const,
  );
  const actual: Tensors = await executable.run(Object.fromEntries(given));
  const ofOne = ({ shape, data }: Tensor): Tensor => ({ shape: items === 'graph' ? shape.slice(1) : shape, data });
  const outcomes = model.outputs.map(({ name }, index) => compare(ofOne(actual[name]!), expected[index]!));
  return outcomes.find((outcome) => !('passed' in outcome && outcome.passed)) ?? { passed: true };
}

function asConstant({ model, inputs, expected }: NodeTest): Outcome {
  const results = foldOnnx({ ...model, inputs: [], initializers: [...model.initializers, ...inputs] });
  const outcomes = results.map((result, index) => compare(result, expected[index]!));
  return outcomes.find((outcome) => !('passed' in outcome && outcome.passed)) ?? { passed: true };
}

export async function runNodeTest(folder: string, backend: Backend): Promise<NodeTestResult> {
  const test = folder.split('/').at(-1)!;
  let head = { test, op: '?', opset: 0 };
  let nodeTest: NodeTest;
  try {
    const model = raised(readOnnxModel(readFileSync(join(folder, 'model.onnx'))));
    head = {
      test,
      op: test.includes('_expanded') ? 'function bodies' : (model.nodes.at(-1)?.op ?? '?'),
      opset: model.opset,
    };
    // Older opsets are tested by the package's own converter only; their ops have changed since.
    if (model.opset < oldestOpset || model.opset > newestOpset)
      return { ...head, status: 'unsupported', reason: `opset ${model.opset}` };
    nodeTest = readNodeTest(folder);
  } catch (error) {
    return { ...head, status: 'unsupported', reason: unsupportedReason(error) };
  }
  const all = nodeTest.inputs.map((_, index) => index);
  const batched = all.filter((index) => nodeTest.inputs[index]!.shape[0] === nodeTest.inputs[0]!.shape[0]);
  const attempt = async (read: () => Outcome | Promise<Outcome>): Promise<Outcome> => {
    try {
      return await read();
    } catch (error) {
      return { unsupported: unsupportedReason(error) };
    }
  };
  const networks: Outcome[] = [];
  const afterTable = head.op.startsWith('Gather') ? all.slice(1) : [];
  const readings = new Map([all.slice(0, 1), batched, all, afterTable].map((computed) => [computed.join(), computed]));
  for (const computed of readings.values())
    if (computed.length > 0) networks.push(await attempt(() => asNetwork(nodeTest, computed, backend)));
  // The whole graph as one item: all inputs, or the first.
  for (const computed of all.length > 1 ? [all.slice(0, 1), all] : [all])
    if (computed.length > 0) networks.push(await attempt(() => asNetwork(nodeTest, computed, backend, 'graph')));
  const folded = await attempt(() => asConstant(nodeTest));
  const failure = [...networks, folded].find((outcome) => 'passed' in outcome && !outcome.passed);
  if (failure !== undefined && 'reason' in failure) return { ...head, status: 'failed', reason: failure.reason };
  if (networks.some((outcome) => 'passed' in outcome)) return { ...head, status: 'network', reason: '' };
  if ('passed' in folded) return { ...head, status: 'folded', reason: '' };
  const reasons = [...networks, folded].flatMap((outcome) => ('unsupported' in outcome ? [outcome.unsupported] : []));
  // That a reading has no batch says less than what stops another.
  const reason = reasons.find((text) => !text.endsWith(' batch')) ?? reasons[0] ?? '';
  return { ...head, status: 'unsupported', reason };
}
