/** Writes docs/onnx-cards.md: what the guard of the runtime found of the networks of our cards and of libraries' real exports. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type GeneratedFile, origin } from './generated-file.ts';

interface Found {
  readonly name: string;
  readonly ops: readonly string[];
  readonly parameters: number;
  readonly steps: number;
  readonly apart: number;
}
interface Guarded {
  readonly found: readonly Found[];
  readonly absent: readonly { readonly name: string; readonly reason: string }[];
}

const plugins = 'packages/plugins/src';
const guard = 'packages/gpu-kernels/goldens/networks/real-exports.gen.json';
/** Networks that are published as ONNX, by their card. */
const published: Readonly<Record<string, string>> = {
  nudenet: 'published.nudenet-320n',
  'open-nsfw': 'published.open-nsfw',
};
const tower = 'card.clip-vit-l-14';

/** Names of the cards that use an ONNX file. */
function onnxCards(root: string): readonly string[] {
  return ['detectors', 'safety-judges'].flatMap((folder) =>
    readdirSync(join(root, plugins, folder))
      .filter((file) => file.endsWith('.yaml'))
      .filter((file) => /^use: onnx$/m.test(readFileSync(join(root, plugins, folder, file), 'utf8')))
      .map((file) => basename(file, '.yaml'))
      .toSorted(),
  );
}

const cells = ({ ops, parameters, steps, apart }: Found): string =>
  `${(parameters / 1e6).toFixed(2)} | ${steps} | ${apart.toExponential(1)} | ${ops.join(', ')} |`;

function cardRow(card: string, found: ReadonlyMap<string, Found>): string {
  const network = found.get(published[card] ?? `card.${card}`);
  if (network === undefined)
    throw new Error(`Expected a network of the card ${card} in ${guard}, found none. Give it a method in packages/plugins/python/export, then run check-real-exports.ts.`); // biome-ignore format: one message
  return `| ${card} | ${cells(network)}`;
}

function libraryTable({ found }: Guarded): string {
  const byNetwork = Map.groupBy(
    found.filter(({ name }) => !/^(card|published)\./.test(name)),
    ({ name }) => name.slice(0, name.lastIndexOf('.')),
  );
  const exporters = ['script-17', 'dynamo-20', 'dynamo-23'];
  const rows = [...byNetwork].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([network, files]) => {
    const each = exporters.map((exporter) => {
      const file = files.find(({ name }) => name === `${network}.${exporter}`);
      return file === undefined ? '' : `${file.steps} steps, ${file.apart.toExponential(1)}`;
    });
    return `| ${network.replace('.', ' | ')} | ${each.join(' | ')} |`;
  }); // biome-ignore format: one chain
  return rows.join('\n');
}

export async function writeNetworkDocs(root: string): Promise<readonly GeneratedFile[]> {
  const guarded = JSON.parse(readFileSync(join(root, guard), 'utf8')) as Guarded;
  const found = new Map(guarded.found.map((each) => [each.name, each]));
  const ops = [...new Set(guarded.found.flatMap((each) => each.ops))].toSorted();
  const absent = guarded.absent.map(({ name, reason }) => `- ${name}: ${reason}`).join('\n');
  const text = `# Networks of cards and libraries

<!-- ${origin('network-docs.ts')} -->

Every network here is exported with seeded random weights (OpenNSFW and NudeNet as published) and gives on the native backend what
onnxruntime gives, each item alone as in a batch. \`packages/gpu-kernels/goldens/networks/check-real-exports.ts\` compares them, by hand and
in the nightly workflow. *Apart*: the largest difference of any output, over the largest number of that output.

Together they use ${ops.length} ops: ${ops.join(', ')}.

## Networks of the cards

As the scripts of \`packages/plugins/python/export\` write them, shrunk: parameters are of the small network. The judges on a tower of CLIP
have a row for their head; the tower is the last row.

| card | M parameters | steps | apart | ops of the file |
| --- | --: | --: | --: | --- |
${onnxCards(root).map((card) => cardRow(card, found)).join('\n')}
| tower (CLIP ViT-L/14) | ${cells(found.get(tower)!)}

## Networks of libraries

Steps of the plan and largest difference, by torch's older exporter (\`script\`) and its newer one (\`dynamo\`), with the opset. A network of
our own has the published shape of YOLOv8.

| library | network | script, 17 | dynamo, 20 | dynamo, 23 |
| --- | --- | --- | --- | --- |
${libraryTable(guarded)}

Not exported by torch:

${absent}
`; // biome-ignore format: one page
  return [{ path: 'docs/onnx-cards.md', text }];
}
