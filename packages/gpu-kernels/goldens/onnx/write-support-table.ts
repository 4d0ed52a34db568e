/** Writes docs/onnx-support.md from a run of ONNX's node tests: `DIPTYCH_ONNX_TESTS=… node …/write-support-table.ts`. */
import { writeFileSync } from 'node:fs';
import { expandedOps } from '../../src/onnx/expand/expand-table.ts';
import { newestOpset, oldestOpset } from '../../src/onnx/import-model.ts';
import { lowerTable } from '../../src/onnx/lower/lower-table.ts';
import { listNodeTests, listVersions, type NodeTestResult, runNodeTest } from '../../src/onnx/node-tests.ts';
import { backendNames, tryOpen } from '../../src/open-backend.ts';

const folder = process.env.DIPTYCH_ONNX_TESTS;
if (folder === undefined) throw new Error('DIPTYCH_ONNX_TESTS must name the folder of node tests; see README.md here.');

const runs = new Map<string, readonly NodeTestResult[]>();
for (const name of backendNames) {
  const opened = await tryOpen(name, {});
  if (typeof opened === 'string') throw new Error(`The table needs every backend, ${name} did not open: ${opened}`);
  const results: NodeTestResult[] = [];
  for (const test of listNodeTests(folder)) results.push(await runNodeTest(test, opened.backend));
  runs.set(name, results);
  await opened.backend[Symbol.asyncDispose]();
}

/** The worst that any backend did with a test is what the table counts. */
const severity = ['network', 'folded', 'unsupported', 'failed'] as const;
const [first = []] = runs.values();
const merged = first.map((result, index) => {
  const all = [...runs.values()].map((results) => results[index]!);
  return all.reduce(
    (worst, next) => (severity.indexOf(next.status) > severity.indexOf(worst.status) ? next : worst),
    result,
  );
});
const byOp = Map.groupBy(merged, ({ op }) => op);
const cell = (text: string): string => text.replace(/\s+/g, ' ').replaceAll('|', '\\|');

function row(op: string, results: readonly NodeTestResult[]): string {
  const count = (status: NodeTestResult['status']): number => results.filter((result) => result.status === status).length;
  const unsupported = Map.groupBy(results.filter(({ status }) => status === 'unsupported' || status === 'failed'), ({ reason }) => reason.replace(/the op is not implemented; .*/, 'the op is not implemented').replace(/, got \[.*/, '')); // biome-ignore format: one expression
  const reasons = [...unsupported].toSorted((a, b) => b[1].length - a[1].length).slice(0, 3);
  const text = reasons.map(([reason, tests]) => `${tests.length}: ${cell(reason)}`).join('; ');
  return `| ${cell(op)} | ${count('network')} | ${count('folded')} | ${count('unsupported')} | ${count('failed')} | ${text} |`;
}

const ops = [...byOp].toSorted(([a], [b]) => a.localeCompare(b, 'en'));
const table = (wanted: (results: readonly NodeTestResult[]) => boolean): string =>
  ops.flatMap(([op, results]) => (wanted(results) ? [row(op, results)] : [])).join('\n');
const head =
  '| op | as network | at import | unsupported | failed | why not (the most frequent reasons) |\n| --- | --: | --: | --: | --: | --- |';
const runsAs = (status: NodeTestResult['status']) => (results: readonly NodeTestResult[]) => results.some((result) => result.status === status); // biome-ignore format: one line
const total = (status: NodeTestResult['status']): number => merged.filter((result) => result.status === status).length;
const [newest, ...older] = listVersions(folder);
const ofDomain = (domain: string): string =>
  [...new Set([...expandedOps, ...Object.keys(lowerTable)])]
    .flatMap((key) => (key.startsWith(`${domain}.`) ? [key.slice(domain.length + 1)] : []))
    .toSorted((a, b) => a.localeCompare(b, 'en'))
    .join(', ');

writeFileSync(
  new URL('../../../../docs/onnx-support.md', import.meta.url),
  `# ONNX support

Opset ${oldestOpset} to ${newestOpset} of the default domain. Below are the results of ${merged.length} backend node tests on all backends (${backendNames.join(', ')}):
those of the Python package onnx ${newest}, and of ${older.join(' and ')} where an op has changed since. A test counts as what the worst backend made
of it. Written by \`packages/gpu-kernels/goldens/onnx/write-support-table.ts\`, not by hand.

- *as network*: runs on every backend, within the tolerance of ONNX's own runner, of float16 within two units in its last place. The
  first dimension of inputs is the batch, or with \`items: 'graph'\` the whole graph is one item; parameters such as the weights of
  Conv must be constants.
- *at import*: only where all inputs are constants, as in the shape arithmetic of exporters.
- *unsupported*: refused with OP_UNSUPPORTED or GRAPH_INVALID before memory is taken. Nothing is approximated.

Together: ${total('network')} as network, ${total('folded')} at import, ${total('unsupported')} unsupported, ${total('failed')} failed.
float16 and bfloat16 are computed in float32, and a Cast to them rounds. Numbers of uint8 and int8 are computed as quantised files
ask. Sums of other integers are exact below 2^24, and NaN beyond. Many tests are in a form that no batched network has (scalars,
reductions over the first dimension), so an op with unsupported tests may still run every network. Tests of And, Not, Or and Xor are
of older opsets, in which these ops meant the same. Lists of tensors are followed where import knows their entries; ONNX's tests of them
have lists as inputs and outputs, which are not read. Ops of onnxruntime (domain com.microsoft) have no tests here; these run:
${ofDomain('com.microsoft')}. Of the domain ai.onnx.ml, which heads of scikit-learn use:
${ofDomain('ai.onnx.ml')}. Weights of 2 and 4 bits (uint2, int2, uint4,
int4, float4e2m1) and floats of 8 bits are read. Functions of a file are written out, and an If whose condition is known at import is its branch;
Loop, Scan and SequenceMap are their bodies as often as import knows that they turn, up to 4096 times.
\`diptych model inspect FILE.onnx\` says whether a file can be run.

## Ops that run

${head}
${table(runsAs('network'))}

## Ops on constants only

${head}
${table((results) => !runsAs('network')(results) && runsAs('folded')(results))}

## Ops that are refused

${head}
${table((results) => !runsAs('network')(results) && !runsAs('folded')(results))}
`,
);
console.log(merged.filter(({ status }) => status === 'failed'));
