/**
 * Writes into docs/onnx-architectures.md what `sweep.py` recorded and `check-sweep.ts` found in FOLDER. Other rows stay.
 *
 *     python sweep.py FOLDER && node check-sweep.ts FOLDER && node write-architectures-table.ts FOLDER
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { basename, join } from 'node:path';

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
  /** The day. */
  readonly on?: string;
}

const folder = process.argv[2] ?? '';
if (folder === '') throw new Error('Name the folder that sweep.py wrote.');

const page = new URL('../../../../docs/onnx-architectures.md', import.meta.url);
const linesOf = (name: string): Found[] => {
  const path = join(folder, name);
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Found) : []; // biome-ignore format: one expression
};
/** The last line of a file counts. */
const found = new Map(linesOf('results.jsonl').map((line) => [line.stem, line]));
const onWebgpu = new Map(linesOf('results-webgpu.jsonl').map((line) => [line.stem, line]));
const records = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => basename(file, '.json'))
  .map((stem) => ({ stem, exported: JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8')) as Exported }))
  .filter(({ stem, exported }) => exported.error !== undefined || found.has(stem));

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const short = (problem: string): string =>
  problem.replace(/^Node "[^"]*" /, '').replace(/\. Nothing was approximated.*$/, '');
const notExported = 'not exported: ';

function rowOf({ stem, exported }: (typeof records)[number]): string[] {
  const { library, family = '', model, options, exporter, size, parameters, batch, error } = exported;
  const cut = Object.entries(options).map(([name, value]) => `${name} ${value.replaceAll(' ', '')}`);
  const name = [model, ...(size === undefined ? [] : [`at ${size}`]), ...cut].join(', ');
  const start = [library, family, name, exporter === 'script' ? 'older' : 'dynamo', parameters === undefined ? '' : (parameters / 1e6).toFixed(1), batch ?? '']; // biome-ignore format: one list
  const result = found.get(stem);
  if (error !== undefined) return [...start, '', '', '', '', '', `${notExported}${error.replace(/ from \S*\//, ' from ')}`];
  if (result?.problem !== undefined) return [...start, '', '', '', '', result.on ?? '', short(result.problem)];
  const { steps, cosine, difference, largest, isSameAlone, on } = result!;
  return [
    ...start,
    String(steps),
    cosine == null ? 'NaN' : cosine.toFixed(9),
    `${difference?.toExponential(1) ?? 'NaN'} of ${largest?.toPrecision(3)}`,
    isSameAlone === true ? 'to the bit' : 'no',
    on ?? '',
    '',
  ];
}

/** Rows of the page as it is, which stay where FOLDER has no such network of that exporter. */
const keyOf = (row: readonly string[]): string => [row[0], row[2], row[3]].join(' ');
const present = readFileSync(page, 'utf8')
  .split('\n')
  .filter((line) => /^\| (timm|torchvision) \|/.test(line))
  .map((line) => line.slice(2, -2).split(' | ').map((text) => text.trim())); // biome-ignore format: one list
const rows =
  [...new Map([...present, ...records.map((record) => rowOf(record).map(cell))].map((row) => [keyOf(row), row])).values()] // biome-ignore format: one list
    .toSorted((a, b) => `${a[0]} ${a[1]} ${a[2]} ${a[3]}`.localeCompare(`${b[0]} ${b[1]} ${b[2]} ${b[3]}`, 'en'));

const isGood = (row: readonly string[]): boolean => Number(row[7]) >= 0.99999 && row[9] === 'to the bit';
const tried = rows.filter((row) => !row.at(-1)!.startsWith(notExported));
const good = tried.filter(isGood);
const refused = tried.filter((row) => row.at(-1) !== '');
const ofNewer = tried.filter((row) => row[3] === 'dynamo').length;
const [slowest] = [...found.values()].toSorted((a, b) => (b.importSeconds ?? 0) - (a.importSeconds ?? 0));
const head = ['library', 'family', 'network', 'exporter', 'M parameters', 'batch', 'steps', 'cosine', 'largest difference', 'alone = in a batch', 'run on', 'why not']; // biome-ignore format: one list
const webgpu = [...onWebgpu.values()].map((result) => `${result.stem} (${result.problem === undefined ? `cosine ${result.cosine?.toFixed(9)}` : short(result.problem)})`); // biome-ignore format: one list
const versions = Object.fromEntries(
  readFileSync(new URL('requirements.txt', import.meta.url), 'utf8').trim().split('\n').map((line) => line.split('==') as [string, string]), // biome-ignore format: one list
);

writeFileSync(
  page,
  `# Architectures of timm and torchvision

Small networks of the families of timm ${versions['timm']} and torchvision ${versions['torchvision']} with random weights, exported by torch ${versions['torch']} with its older exporter
(opset 17) and with its newer one (\`dynamo\`, opset 20), on the native backend against onnxruntime ${versions['onnxruntime']}. Written by
\`packages/gpu-kernels/goldens/networks/write-architectures-table.ts\`, not by hand: ${cpus()[0]?.model}, Linux ${release()}.

- The two inputs are smooth random images, computed as a batch of two and the second one alone.
- *network*: the size of its images, and what was cut so that the file stays small; *batch*: left open by the file, or of one image.
- *largest difference*: of any output, beside the largest output. Random weights make numbers that trained ones do not.
- *alone = in a batch*: whether an image has the same outputs alone and in the batch.

Of ${tried.length} files ${good.length} have a cosine of at least 0.99999 and items that do not depend on their batch, and ${refused.length} ${refused.length === 1 ? 'is' : 'are'} refused. Of the ${found.size} that were run last, the import that took longest is that of ${slowest?.stem}: ${slowest?.importSeconds} s of CPU.
${ofNewer} of the files are of the newer exporter, which takes several times as long: families without such a row were not exported with it.
${rows.length - tried.length} exports failed in torch or onnxruntime; their rows say how.${webgpu.length === 0 ? '' : ` On WebGPU (software Vulkan) ran: ${webgpu.join(', ')}.`}

| ${head.join(' | ')} |
| ${head.map((_, at) => (at >= 4 && at <= 8 && at !== 5 ? '--:' : '---')).join(' | ')} |
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}
`,
);
process.stdout.write(
  `${tried.length} files, ${good.length} good, ${refused.length} refused, ${rows.length - tried.length} not exported\n`,
);
