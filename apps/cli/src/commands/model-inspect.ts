/** `diptych model inspect`: what an ONNX file holds and costs, what a card says of it, and what is missing to run it. Runs nothing. */
import { inspectOnnx, type OnnxReport, openOnnxFile } from '@diptych/gpu-kernels/onnx';
import { cardFactsOf, renderCard } from '../card-facts.ts';
import { type NetworkOptions, onnxOptions } from '../network-options.ts';
import { type OutputOptions, printResult } from '../output/result.ts';
import { bytes, printable, renderTable } from '../output/table.ts';

export default async function modelInspect(file: string, options: OutputOptions & NetworkOptions): Promise<void> {
  const given = onnxOptions(options);
  const { bytes: content, readExternal } = await openOnnxFile(file);
  const report = await inspectOnnx(content, { ...given, readExternal });
  const card = await cardFactsOf(file, report, readExternal);
  printResult(options, { ...report, card }, () => `${render(report)}\n\n${renderCard(card, report)}`);
  if (report.problem !== undefined) process.exitCode = report.problem.code === 'GRAPH_INVALID' ? 2 : 4;
}

const showShape = (shape: readonly (number | string)[] | undefined): string =>
  shape === undefined ? 'unknown' : `[${shape.map((size) => (size === '' ? '?' : size)).join(', ')}]`;

/** `1234567` → `1.23 M`. */
function count(value: number): string {
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  const power = value < 1000 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), units.length - 1);
  return `${power === 0 ? value : (value / 1000 ** power).toPrecision(3)}${units[power]}`;
}

const supportText = { yes: '', constants: 'on constants only', no: 'missing' } as const;

function render(report: OnnxReport): string {
  const { cost, problem } = report;
  const values = [
    ...report.inputs.map(({ name, shape }) => ['input', name, showShape(shape)]),
    ...report.outputs.map(({ name, shape, activation }) => [
      'output',
      name,
      `${showShape(shape)}${activation ? `, by ${activation}` : ''}`,
    ]),
  ];
  const costs =
    cost === undefined
      ? []
      : [
          `FLOPs            ${count(cost.flopsPerItem)} an item (2 × multiply-accumulates of convolutions and matrix products)`,
          `activations      ${bytes(cost.activationBytes)} for a batch of ${report.batch}, float32`,
          `weights          ${bytes(cost.weightBytes)} as planned, float32`,
          `steps            ${cost.steps}`,
          ...(report.items === 'graph' ? ['items            one run of the whole graph is one item'] : []),
          ...(report.quantisation === 'weights-only'
            ? ['quantisation     of weights only, not what the file computes']
            : []),
        ];
  const backends = report.backends.map(({ backend, missing, reason }) => [
    backend,
    missing === undefined ? 'not here' : missing.length === 0 ? 'runs' : 'missing',
    missing === undefined ? reason : missing.map(({ step, op, reason: why }) => `"${step}" (${op}): ${why}`).join('; '),
  ]);
  return [
    printable(`${report.name}: opset ${report.opset}, written by ${report.producer || 'an unnamed exporter'}`),
    '',
    renderTable(['', 'name', 'shape'], values),
    '',
    renderTable(['op', 'count', 'support'], report.ops.map(({ op, count: times, support }) => [op, times, supportText[support]])), // biome-ignore format: one table
    '',
    `parameters       ${count(report.parameters)}`,
    ...costs,
    '',
    problem === undefined ? renderTable(['backend', 'state', 'why'], backends) : printable(`Cannot be run on any backend: ${problem.message}`), // biome-ignore format: one choice
  ].join('\n');
}
