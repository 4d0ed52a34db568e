/**
 * Writes into docs/onnx-architectures.md what `sweep.py` recorded and `check-sweep.ts` found in FOLDER, on each backend. Other rows
 * stay, and of a row the results of backends that FOLDER has none of.
 *
 *     python sweep.py FOLDER && node check-sweep.ts FOLDER && node write-architectures-table.ts FOLDER
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { halfLimits } from '../../src/half/half-loss.ts';
import { largestHalf, type Reached } from './largest-values.ts';

interface Exported {
  readonly library: string;
  readonly family?: string;
  readonly model: string;
  readonly options: Readonly<Record<string, string>>;
  readonly exporter: string;
  readonly size?: number;
  readonly parameters?: number;
  readonly batch?: 'open' | 'one';
  readonly error?: string;
}

interface Found {
  readonly stem: string;
  readonly problem?: string;
  readonly steps?: number;
  readonly importSeconds?: number;
  readonly cosine?: number | null;
  readonly difference?: number | null;
  readonly largest?: number;
  readonly isSameAlone?: boolean;
  readonly scores?: number | null;
  /** Half precision that lost half of what is allowed, or more: what the network was computed in where loading checks that, as it does unless told not to. */
  readonly checked?: Found & { readonly computedIn: string };
  /** Where half precision gives NaN: the first step of which float32 has a number that float16 has not. */
  readonly beyond?: Reached;
  /** The day and hour in UTC, and the processor. */
  readonly on?: string;
  readonly processor?: string;
  readonly adapter?: string;
}

const columns = [
  'library', 'family', 'network', 'exporter', 'M parameters', 'batch', 'steps', 'cosine', 'largest difference', 'alone = in a batch',
  'run on', 'WebGPU, float32', 'WebGPU, float16', 'WebGPU on', 'why not',
] as const; // biome-ignore format: a table
type Row = Readonly<Record<(typeof columns)[number], string>>;
const toTheRight: readonly string[] = ['M parameters', 'steps', 'cosine', 'largest difference'];

const folder = process.argv[2] ?? '';
if (folder === '') throw new Error('Name the folder that sweep.py wrote.');

const page = new URL('../../../../docs/onnx-architectures.md', import.meta.url);
/** The last line of a file counts. */
function foundIn(name: string): Map<string, Found> {
  const path = join(folder, name);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter((line) => line !== '') : []; // biome-ignore format: one expression
  return new Map(lines.map((line) => JSON.parse(line) as Found).map((line) => [line.stem, line]));
}
const onNative = foundIn('results.jsonl');
const inFloats = foundIn('results-webgpu.jsonl');
const inHalves = foundIn('results-webgpu-f16.jsonl');

const escaped = (row: Partial<Row>): Partial<Row> =>
  Object.fromEntries(Object.entries(row).map(([name, text]) => [name, text.replaceAll('|', '\\|').replaceAll('\n', ' ')]));
const short = (problem: string): string =>
  problem.replace(/^Node "[^"]*" /, '').replace(/\. Nothing was approximated.*$/, '');
const notExported = 'not exported: ';
const notRun = 'not run';
const refused = 'refused: ';
const inFloat32 = 'computed in float32:';
/** As good as allowed with the images here, but not with those that loading compares by. */
const tooNear = 'near the limit,';
const keptHalves = 'kept on loading';
const batchShows = 'depends on its batch';
const cosineOf = (cosine: number | null | undefined): string => cosine?.toFixed(9) ?? 'NaN';

const noResult = { steps: '', cosine: '', 'largest difference': '', 'alone = in a batch': '' };

const runOn = ({ on, processor }: Found): string => [on, processor].filter((text) => text !== undefined).join(', ');

/** What the native backend found. */
function nativeCells(found: Found): Partial<Row> {
  const { problem, steps, cosine, difference, largest, isSameAlone } = found;
  if (problem !== undefined) return { ...noResult, 'run on': runOn(found), 'why not': short(problem) };
  return {
    steps: String(steps),
    cosine: cosineOf(cosine),
    'largest difference': `${difference?.toExponential(1) ?? 'NaN'} of ${largest?.toPrecision(3)}`,
    'alone = in a batch': isSameAlone === true ? 'to the bit' : 'no',
    'run on': runOn(found),
    'why not': '',
  };
}

/** What WebGPU found in float32: its cosine, and what else is to say. */
const webgpuCell = ({ problem, cosine, isSameAlone }: Found): string =>
  problem === undefined
    ? [cosineOf(cosine), ...(isSameAlone === true ? [] : [batchShows])].join(', ')
    : `${refused}${short(problem)}`;

/** Whether half precision is as good as it allows with the images here. Written so that NaN is not. */
const isWithinLimits = ({ cosine, scores }: Found): boolean =>
  Number(cosine ?? Number.NaN) >= halfLimits.cosine && Number(scores ?? Number.NaN) <= halfLimits.score;

/** The same in half precision, and what becomes of the network where that is not enough. */
function halfCell({ checked, ...found }: Found): string {
  if (found.problem !== undefined) return webgpuCell(found);
  const isGood = isWithinLimits(found);
  const instead = checked?.computedIn === 'f32' ? `${isGood ? `${tooNear} ` : ''}${inFloat32} ${webgpuCell(checked)}` : keptHalves; // biome-ignore format: one choice
  return [
    webgpuCell(found),
    `scores ${found.scores?.toExponential(1) ?? 'NaN'} apart`,
    ...(found.beyond === undefined ? [] : [`"${found.beyond.step}" reaches ${found.beyond.largest.toPrecision(3)} and float16 only ${largestHalf}`]), // biome-ignore format: one list
    ...(isGood && instead === keptHalves ? [] : [instead]),
  ].join(', ');
}

const empty = Object.fromEntries(columns.map((name) => [name, ''])) as Row;
const neverRun: Partial<Row> = { 'WebGPU, float32': notRun, 'WebGPU, float16': notRun };

/** What a file is, whatever it was run on. */
function fileCells(exported: Exported): Partial<Row> & Pick<Row, 'library' | 'network' | 'exporter'> {
  const { library, family = '', model, options, exporter, size, parameters, batch = '', error } = exported;
  const cut = Object.entries(options).map(([name, value]) => `${name} ${value.replaceAll(' ', '')}`);
  return {
    library,
    family,
    network: [model, ...(size === undefined ? [] : [`at ${size}`]), ...cut].join(', '),
    exporter: exporter === 'script' ? 'older' : 'dynamo',
    'M parameters': parameters === undefined ? '' : (parameters / 1e6).toFixed(1),
    batch,
    ...(error === undefined ? neverRun : { 'why not': `${notExported}${error.replace(/ from \S*\//, ' from ')}` }),
  };
}

/** What FOLDER has of a file's runs. */
function resultCells(stem: string): Partial<Row> {
  const [native, floats, halves] = [onNative.get(stem), inFloats.get(stem), inHalves.get(stem)];
  const last = halves ?? floats;
  return {
    ...(native && nativeCells(native)),
    ...(floats && { 'WebGPU, float32': webgpuCell(floats) }),
    ...(halves && { 'WebGPU, float16': halfCell(halves) }),
    ...(last && { 'WebGPU on': runOn(last) }),
  };
}

const keyOf = ({ library, network, exporter }: Pick<Row, 'library' | 'network' | 'exporter'>): string =>
  [library, network, exporter].join(' ');
const textOfPage = readFileSync(page, 'utf8');
const rowsOfPage = textOfPage
  .split('\n')
  .filter((line) => /^\| (timm|torchvision) \|/.test(line))
  .map((line) => line.slice(2, -2).split(/(?<!\\) \| /).map((text) => text.trim())) // biome-ignore format: one chain
  .map((cells) => Object.fromEntries(columns.map((name, at) => [name, cells[at]])) as Row);
const rows = new Map(rowsOfPage.map((row) => [keyOf(row), row]));
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const stem = basename(file, '.json');
  const exported = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Exported;
  const wasRun = [onNative, inFloats, inHalves].some((found) => found.has(stem));
  if (exported.error === undefined && !wasRun) continue;
  const start = fileCells(exported);
  const before = exported.error === undefined ? rows.get(keyOf(start)) : undefined;
  rows.set(keyOf(start), { ...empty, ...escaped(start), ...before, ...escaped(resultCells(stem)) });
}
const nameOf = ({ library, family, network, exporter }: Row): string => `${library} ${family} ${network} ${exporter}`;
const sorted = [...rows.values()].toSorted((a, b) => nameOf(a).localeCompare(nameOf(b), 'en'));

const count = (list: readonly Row[], holds: (row: Row) => boolean): number => list.filter(holds).length;
const tried = sorted.filter((row) => !row['why not'].startsWith(notExported));
const good = count(tried, (row) => Number(row.cosine) >= 0.99999 && row['alone = in a batch'] === 'to the bit');
const refusals = count(tried, (row) => row['why not'] !== '');
const ofNewer = count(tried, (row) => row.exporter === 'dynamo');
const planned = [...onNative.values()].filter(({ importSeconds }) => importSeconds !== undefined);
const [slowest] = planned.toSorted((a, b) => b.importSeconds! - a.importSeconds!);
const slowestWords = slowest
  ? ` Of the ${planned.length} that were run last, the import that took longest is that of ${slowest.stem}: ${slowest.importSeconds} s of CPU.`
  : (/ Of the \d+ that were run last, .* s of CPU\./.exec(textOfPage)?.[0] ?? '');
const versions = Object.fromEntries(
  readFileSync(new URL('requirements.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => line.split('==') as [string, string]), // biome-ignore format: one list
);

/** How many files ran on WebGPU, and how. */
function webgpuWords(): string {
  const floats = tried.map((row) => row['WebGPU, float32']).filter((text) => text !== notRun);
  const halves = tried.map((row) => row['WebGPU, float16']).filter((text) => text !== notRun);
  const isGood = (text: string): boolean => Number.parseFloat(text) >= 0.99999 && !text.includes(batchShows);
  const countOf = (holds: (text: string) => boolean): number => halves.filter(holds).length;
  const careful = countOf((text) => text.includes(tooNear));
  const fallen = countOf((text) => text.includes(inFloat32)) - careful;
  const kept = countOf((text) => Number.parseFloat(text) >= halfLimits.cosine && ![batchShows, inFloat32, keptHalves].some((words) => text.includes(words))); // biome-ignore format: one condition
  const older = count(tried, (row) => row['WebGPU, float16'] !== notRun && !/ \d\dh, /.test(row['WebGPU on']));
  const olderWords = older === 0 ? '' : ` ${older} of these, those without an hour, ran before the last changes of [what half precision keeps](decisions/half-precision.md#values-that-stay-float32) and [how it is judged](decisions/half-precision.md#the-check-on-loading); such a row says what half precision lost then.`; // biome-ignore format: one choice
  return `On WebGPU ran ${floats.length} of them in float32, ${floats.filter(isGood).length} with a cosine of at least 0.99999 and items that do not depend on their batch. In half precision ran ${halves.length}: ${kept} are as good as it allows, ${fallen} lose more and are computed in float32 when they are loaded, ${careful} lose no more with these images, but do with those that loading compares by and so are computed in float32 too, and ${countOf((text) => text.includes(keptHalves))} lose more with these images alone and stay in half precision.${olderWords}`;
}

const adaptersOfPage = /on WebGPU \((.*)\) against/.exec(textOfPage)?.[1] ?? [];
const adapters = new Set([adaptersOfPage, ...[...inFloats.values(), ...inHalves.values()].map(({ adapter }) => adapter ?? [])].flat()); // biome-ignore format: one set
const lines = [columns, columns.map((name) => (toTheRight.includes(name) ? '--:' : '---')), ...sorted.map((row) => columns.map((name) => row[name]))]; // biome-ignore format: one list

writeFileSync(
  page,
  `# Architectures of timm and torchvision

Small networks of the families of timm ${versions['timm']} and torchvision ${versions['torchvision']} with random weights, exported by torch ${versions['torch']} with its older exporter
(opset 17) and with its newer one (\`dynamo\`, opset 20), on the native backend and on WebGPU${adapters.size === 0 ? '' : ` (${[...adapters].join('; ')})`} against onnxruntime ${versions['onnxruntime']}.
Written by \`packages/gpu-kernels/goldens/networks/write-architectures-table.ts\`, not by hand; rows name the processor that ran them.

- The two inputs are smooth random images, computed as a batch of two and the second one alone.
- *network*: the size of its images, and what was cut so that the file stays small; *batch*: left open by the file, or of one image.
- *steps* to *run on* (the day, in newer rows the hour in UTC, and the processor) are of the native backend. *largest difference*: of any output, beside the largest output. Random weights make
  numbers that trained ones do not.
- *alone = in a batch*: whether an image has the same outputs alone and in the batch.
- *WebGPU, float32* and *float16*: the cosine, with items that do not depend on their batch, to the bit, unless the cell says otherwise.
  Half precision is as good as it allows with a cosine of at least 0.999 and scores at most 0.001 apart, where outputs that are no
  scores are seen through the logistic function. A network that loses half of that, or more, is loaded again with the check that every
  loading makes; the cell says where it is computed in float32 then, and with which cosine.

Of ${tried.length} files ${good} have on the native backend a cosine of at least 0.99999 and items that do not depend on their batch, and ${refusals} ${refusals === 1 ? 'is' : 'are'} refused.${slowestWords}
${ofNewer} of the files are of the newer exporter, which takes several times as long: families without such a row were not exported with it.
${sorted.length - tried.length} exports failed in torch or onnxruntime; their rows say how.
${webgpuWords()}

${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}
`,
);
process.stdout.write(
  `${tried.length} files, ${good} good, ${refusals} refused, ${sorted.length - tried.length} not exported\n${webgpuWords()}\n`,
);
