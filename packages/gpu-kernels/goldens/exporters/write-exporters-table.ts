/**
 * Writes into docs/onnx-exporters.md what exporters, converters and quantisers wrote (README.md), on the native backend against
 * onnxruntime, and on WebGPU too with a second argument. Rows of files that FOLDER lacks stay.
 *
 *     node write-exporters-table.ts FOLDER [webgpu]
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDiptychError, type OnnxOptions, type Tensors } from '@diptych/plugin-kit';
import { openRuntime } from '../../src/index.ts';
import { cosine } from '../../src/onnx/golden-networks.ts';
import { openOnnxFile } from '../../src/onnx/open-onnx-file.ts';
import { planModel } from '../../src/onnx/plan-onnx.ts';
import { readOnnxModel } from '../../src/onnx/read/read-onnx-model.ts';
import { type Answers, type Run, runOn, tensorsOf } from '../recorded.ts';

interface Recorded {
  readonly inputs: Answers;
  readonly outputs: Answers;
  /** Of quantised networks: without onnxruntime's optimisations, and each item alone. */
  readonly plain?: Answers;
  readonly alone?: Answers;
}

/** Folder → what wrote it. */
const tools: Readonly<Record<string, string>> = {
  script: "torch's older exporter, opset 17", dynamo: "torch's newer exporter, its default opset",
  'dynamo-18': 'newer, opset 18', 'dynamo-21': 'newer, opset 21', 'dynamo-24': 'newer, opset 24', 'dynamo-23': 'newer, opset 23', 'dynamo-25': 'newer, opset 25, onnx 1.23.2', 'onnx-28': 'the same, converted by onnx 1.23.2 to opset 28', 'dynamo-plain': 'newer, opset 23, not optimised', 'script-open': 'older, length or sides open too',
  'dynamo-open': 'newer, length or sides open too', 'half-model': '`model.half()`, older exporter', 'half-dynamo': '`model.half()`, newer exporter',
  'bfloat16-model': '`model.bfloat16()`, older exporter', 'bfloat16-dynamo': '`model.bfloat16()`, newer exporter', 'half-keep': 'onnxconverter-common float16, types of inputs kept',
  'half-io': 'onnxconverter-common float16', mixed: 'onnxconverter-common auto_mixed_precision', 'ort-half': 'onnxruntime.transformers float16, types of inputs kept', 'ort-half-io': 'onnxruntime.transformers float16', 'half-extended': 'the same, then onnxruntime, level extended', slim: 'onnxslim', sim: 'onnxsim', onnxoptimizer: 'onnxoptimizer', surgeon: 'onnx-graphsurgeon', onnxscript: 'onnxscript, optimizer and rewriter', safetensors: 'onnx-safetensors, weights in a file beside it',
  'opset-21': 'version_converter to opset 21', 'opset-24': 'version_converter to opset 24', 'ort-basic': 'onnxruntime, level basic', 'ort-extended': 'onnxruntime, level extended', 'ort-all': 'onnxruntime, level all',
  transformer: 'onnxruntime.transformers optimizer', 'transformer-half': 'the same, float16', 'transformer-gpu': 'the same optimizer, multi-head attention and approximated Gelu', 'transformer-gpu-half': 'as before, float16', dynamic: 'quantize_dynamic', 'dynamic-channel': 'quantize_dynamic, per channel, reduced range',
  'dynamic-u8': 'quantize_dynamic, uint8 weights', qdq: 'quantize_static QDQ, uint8', 'qdq-s8': 'quantize_static QDQ, int8 symmetric, per channel', 'qdq-u16': 'quantize_static QDQ, uint16',
  qoperator: 'quantize_static QOperator, uint8', 'qoperator-s8': 'quantize_static QOperator, int8, per channel', int4: 'MatMulNBits, 4 bits', 'int4-sym': '4 bits, symmetric',
  'int4-acc': '4 bits, accuracy level 4', 'int4-qdq': '4 bits, QDQ', int8: 'MatMulNBits, 8 bits', int2: 'MatMulNBits, 2 bits', 'int4-gather': '4 bits, Gather too', 'int4-hqq': '4 bits, HQQ', 'int4-k': '4 bits, k-quant', 'int4-channel': '4 bits, QDQ, per channel', 'bnb-fp4': 'MatMulBnb4, FP4', 'bnb-nf4': 'MatMulBnb4, NF4', optimum: 'optimum, its default opset', 'qat-qnnpack': 'torch.ao, trained for qnnpack, QDQ', 'qat-x86': 'torch.ao, trained for x86, per channel, reduced range',
  'qat-pt2e': 'torchao, trained on a graph of torch.export, newer exporter', brevitas: 'brevitas, trained, quantise-clip-dequantise', 'olive-convert': 'Olive OnnxConversion, its default opset', 'olive-convert-dynamo': 'Olive OnnxConversion, newer exporter', 'olive-peephole': 'Olive OnnxPeepholeOptimizer', 'olive-fusion': 'Olive OnnxScriptFusion', 'olive-transformer': 'Olive OrtTransformersOptimization', 'olive-half': 'Olive OnnxFloatToFloat16', 'olive-half-io': 'the same, OnnxIODataTypeConverter', 'olive-mixed': 'Olive OrtMixedPrecision', 'olive-surgeries': 'Olive GraphSurgeries, seven of them', 'olive-gemm': 'Olive GraphSurgeries, MatMulAddToGemm', 'olive-dynamic': 'Olive OnnxDynamicQuantization', 'olive-qdq': 'Olive OnnxStaticQuantization', 'olive-qdq-u16': 'Olive OnnxStaticQuantization, uint16', 'olive-rtn': 'Olive OnnxBlockWiseRtnQuantization', 'olive-rtn-8': 'the same, 8 bits, zero points', 'olive-hqq': 'Olive OnnxHqqQuantization', 'olive-kquant': 'Olive OnnxKQuantQuantization', 'olive-kquant-8': 'Olive k-quant, 8 bits', 'olive-kquant-qdq': 'Olive k-quant, MatMulNBitsToQDQ', 'olive-rtn-qdq': 'Olive round to nearest, MatMulNBitsToQDQ, int4, transposed', 'olive-rtn-half': 'Olive round to nearest, then float16',
  nncf: 'NNCF, quantize', 'nncf-transformer': 'NNCF, quantize, of transformers, mixed preset', 'nncf-int8': 'NNCF, compress_weights, 8 bits', 'nncf-int8-sym': 'NNCF, compress_weights, 8 bits, symmetric', 'nncf-int4': 'NNCF, compress_weights, 4 bits', 'nncf-int4-sym': 'NNCF, compress_weights, 4 bits, symmetric', modelopt: 'NVIDIA modelopt, int8', 'modelopt-half': 'NVIDIA modelopt, int8, float16', 'modelopt-dq': 'NVIDIA modelopt, int8, weights stored so', 'modelopt-fp8': 'NVIDIA modelopt, float8', 'modelopt-int4': 'NVIDIA modelopt, int4 AWQ, clipped', 'modelopt-int4-lite': 'NVIDIA modelopt, int4 AWQ, scaled, zero points', 'modelopt-int4-dq': 'NVIDIA modelopt, int4, round to nearest', autocast: 'NVIDIA modelopt AutoCast, float16', 'autocast-bfloat16': 'NVIDIA modelopt AutoCast, bfloat16', 'quark-xint8': 'AMD Quark, XINT8, scales of powers of two', 'quark-vint8': 'AMD Quark, VINT8', 'quark-a8w8': 'AMD Quark, A8W8', 'quark-a16w8': 'AMD Quark, A16W8', 'quark-bf16-cast': 'AMD Quark, BF16 by Cast', qnn: 'onnxruntime, prepared for QNN', 'qnn-u16': 'the same, uint16, symmetric, per channel', 'qdq-mixed': 'quantize_static QDQ, some tensors of 16 bits', 'qdq-widest': 'quantize_static QDQ, pairs of weights too, contributed ops, no bias', fixed: 'onnxruntime.tools, a batch of two',
  keras: 'Keras, tf2onnx opset 15', 'keras-tensorflow': 'Keras, its own export, tensorflow', 'keras-jax': 'Keras, its own export, jax', 'keras-torch': 'Keras, its own export, torch', jax: 'Flax and JAX, jax2onnx', hummingbird: 'scikit-learn, xgboost and LightGBM by hummingbird',
  paddle: 'paddle.vision, paddle2onnx', sklearn: 'scikit-learn, skl2onnx', boosters: 'xgboost and LightGBM by onnxmltools, CatBoost', towers: 'towers of torch and heads on them, one file',
}; // biome-ignore format: a table

interface Difference {
  readonly cosine: number;
  readonly largest: number;
  readonly of: number;
}

/** Of all outputs the lowest cosine and the largest difference. */
function compared(actual: Tensors, expected: Answers): Difference {
  const found = Object.entries(tensorsOf(expected)).map(([name, { data }]): Difference => {
    const own = actual[name]!.data;
    const largest = data.reduce((most, value, i) => (Object.is(value, own[i]) ? most : Math.max(most, Math.abs(value - own[i]!))), 0);
    return { cosine: largest === 0 ? 1 : cosine(own, data), largest, of: data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
  }); // biome-ignore format: long lines
  return { cosine: Math.min(...found.map((one) => one.cosine)), largest: Math.max(...found.map((one) => one.largest)), of: Math.max(...found.map((one) => one.of)) }; // biome-ignore format: one expression
}

/** The nearest of onnxruntime's answers. */
function nearest(together: Tensors, { outputs, plain, alone }: Recorded): Difference {
  const answers = [outputs, plain, alone].flatMap((answer) => (answer === undefined ? [] : [compared(together, answer)]));
  return answers.toSorted((a, b) => (b.cosine || 0) - (a.cosine || 0))[0]!;
}

async function measured(file: string, before: string): Promise<readonly string[]> {
  const recorded = JSON.parse(readFileSync(file.replace(/onnx$/, 'json'), 'utf8')) as Recorded;
  const { bytes, readExternal } = await openOnnxFile(file);
  const inputs = tensorsOf(recorded.inputs);
  const items = Object.values(inputs)[0]!.shape[0]!;
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape.slice(1)]));
  const options: OnnxOptions = { batch: items, shapes, readExternal };
  const { planned } = await planModel(readOnnxModel(bytes), options);
  const { together, isSame } = await runOn(native, bytes, options, inputs);
  const best = nearest(together, recorded);
  const cells = [String(planned.plan.steps.length), best.cosine.toFixed(7), `${best.largest.toExponential(1)} of ${best.of.toPrecision(3)}`, isSame ? 'to the bit' : 'no']; // biome-ignore format: one row
  if (webgpu === undefined) return [...cells, before, ''];
  const found = await runOn(webgpu, bytes, options, inputs).catch((error: unknown) => {
    if (isDiptychError(error)) return error;
    throw error;
  });
  return [...cells, isDiptychError(found) ? `refused: ${found.message.replaceAll('|', '\\|')}` : webgpuCell(found, together, recorded), '']; // biome-ignore format: one row
}

/** The cosine, or that no number differs from those of the native backend. */
function webgpuCell({ together, isSame }: Run, native: Tensors, recorded: Recorded): string {
  const isEqual = Object.entries(native).every(([name, { data }]) => data.every((value, i) => value === together[name]!.data[i] || Object.is(value, together[name]!.data[i]))); // biome-ignore format: one condition
  const batch = isSame ? [] : ['depends on its batch'];
  return [nearest(together, recorded).cosine.toFixed(7), ...(isEqual ? [equal] : []), ...batch].join(', ');
}

async function row(folder: string, name: string, before: string | undefined): Promise<string> {
  const onWebgpu = before?.slice(2, -2).split(' | ')[5]?.trim();
  try {
    return `| ${[name, ...(await measured(join(root, folder, `${name}.onnx`), onWebgpu || notRun))].join(' | ')} |`;
  } catch (error) {
    if (!isDiptychError(error)) throw error;
    const { op, reason: given } = error.details;
    const reason = (typeof given === 'string' ? given : error.message).split('; implemented are ')[0]!.replaceAll('|', '\\|');
    return `| ${[name, '', '', '', '', '', `${typeof op === 'string' ? op : ''}: ${reason}`].join(' | ')} |`;
  } // biome-ignore format: long lines
}

const root = process.argv[2] ?? '';
if (root === '') throw new Error('Name the folder that the scripts beside this one wrote.');
const native = await openRuntime({ prefer: 'native' });
const webgpu = process.argv[3] === 'webgpu' ? await openRuntime({ prefer: 'webgpu' }) : undefined;
const notRun = 'not run';
const equal = 'as native';
const page = new URL('../../../../docs/onnx-exporters.md', import.meta.url);
const capital = (title: string): string => `${title[0]!.toUpperCase()}${title.slice(1)}`;
const nameOf = (line: string): string => line.slice(2).split(' | ')[0]!;
/** Heading → rows by name. */
const present = new Map(
  readFileSync(page, 'utf8').split('\n## ').slice(1).map((part) => {
    const [title = '', ...lines] = part.split('\n');
    return [title, new Map(lines.filter((line) => /^\| (?!network |---)/.test(line)).map((line) => [nameOf(line), line]))];
  }),
); // biome-ignore format: one expression
const parts: string[] = [];
let [run, all] = [0, 0];
const onWebgpu: string[] = [];
for (const [folder, title] of Object.entries(tools)) {
  const rows = new Map(present.get(capital(title)));
  const files = existsSync(join(root, folder)) ? readdirSync(join(root, folder)).filter((file) => file.endsWith('.json')) : []; // biome-ignore format: one list
  for (const file of files)
    rows.set(basename(file, '.json'), await row(folder, basename(file, '.json'), rows.get(basename(file, '.json'))));
  if (rows.size === 0) continue;
  const lines = [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
  run += lines.filter((line) => line.endsWith('|  |')).length;
  all += lines.length;
  onWebgpu.push(
    ...lines.flatMap((line) => line.slice(2, -2).split(' | ')[5]?.trim() || []).filter((text) => text !== notRun),
  );
  parts.push(`## ${capital(title)}\n\n| network | steps | cosine | largest difference | alone = in a batch | WebGPU | why not |\n| --- | --: | --: | --: | --- | --- | --- |\n${lines.join('\n')}\n`); // biome-ignore format: one section
  process.stdout.write(`${folder} ${files.length}\n`);
}
const versions = readFileSync(new URL('requirements.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => line.replace(/^#.*: /, '').replace('==', ' ')).join(', '); // biome-ignore format: one expression
writeFileSync(
  page,
  `# Exporters and quantisers

What users bring besides torchvision and timm: small networks with random weights of transformers, diffusers, Keras, Flax and Paddle, heads of
scikit-learn and boosted trees, as ${parts.length} exporters, converters, optimisers and quantisers write them, on the native backend
against onnxruntime. Written by \`packages/gpu-kernels/goldens/exporters/write-exporters-table.ts\`, not by hand (README.md there says how to make each file), last on
${new Date().toISOString().slice(0, 10)}: ${versions}. ${run} of ${all} files run; the reason stands beside each other one. Files that
a tool could not write, or that onnxruntime itself did not load, are not listed.

On WebGPU (software Vulkan, float32) ran ${onWebgpu.length} of them: ${onWebgpu.filter((text) => text.includes(equal)).length} with the numbers of the native backend, and
${onWebgpu.filter((text) => !text.includes(equal) && Number.parseFloat(text) >= 0.99999).length} others with a cosine of at least 0.99999.

- *steps*: of the plan, views among them. *alone = in a batch*: whether each of two items has the same outputs alone and with the other.
- *WebGPU*: the cosine there, *as native* where no number differs from the native backend's; items do not depend on their batch unless the cell says so.
- *cosine*, *largest difference*: lowest and largest of all outputs. Of quantised networks onnxruntime gives up to three answers (with
  its optimisations, without, each item alone); the nearest is taken. Where a sum lies on the half between two numbers of the grid, it
  may round the other way here, and the steps behind amplify that ([decision](decisions/quantised-networks.md)): of mobilevit
  in int8 QDQ it is 3 of the 65536 numbers of the first convolution. A Resize to fewer numbers has most of them: of 378 numbers 60 lie
  exactly on a half, and onnxruntime takes 10 of these to the odd side (\`resize_ties.py\` beside the writer). Scales of powers of two, as
  of AMD Quark, put many numbers there: of convnextv2 in VINT8 the first to part is 1 of 4096 of a LayerNormalization. Of int8 in float16
  (modelopt) onnxruntime's own two answers have a cosine of 0.9976 for llama and 0.9984 for vit. With accuracy level 4 onnxruntime rounds activations to 8 bits; here
  they are float32. Of bfloat16 onnxruntime computes little on the CPU: beside it stands what it computes of the same file written in
  float32, with a Cast to bfloat16 rounding as before. Beside files of jax2onnx with a MaxPool of four dimensions, which onnxruntime lacks,
  stands what JAX computes. Half precision is rounded at other places than
  onnxruntime rounds ([decision](decisions/onnx-import.md#numbers)).

${parts.join('\n')}`,
);
await native[Symbol.asyncDispose]();
await webgpu?.[Symbol.asyncDispose]();
