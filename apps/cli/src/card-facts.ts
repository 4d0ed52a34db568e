/** What a card says of its ONNX file and the file can tell, in the form of a card. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import type { OnnxReport, ReadExternal } from '@diptych/gpu-kernels/onnx';
import { isDiptychError } from '@diptych/plugin-kit';
import { printable } from './output/table.ts';

export interface CardFacts {
  /** Absent where the file has several. */
  readonly input?: string;
  readonly output?: string;
  /** Where the file gives scores itself. Absent: it gives numbers of which nobody but its maker knows what they are. */
  readonly activation?: 'none';
  readonly sha256: string;
  /** Without a digest where the file cannot be read. */
  readonly files: readonly { readonly path: string; readonly sha256?: string }[];
}

async function digestOf(content: string | Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  if (typeof content !== 'string') return hash.update(content).digest('hex');
  for await (const chunk of createReadStream(content)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

export async function cardFactsOf(file: string, report: OnnxReport, readExternal: ReadExternal): Promise<CardFacts> {
  const [input, ...otherInputs] = report.inputs;
  const [output, ...otherOutputs] = report.outputs;
  const files: { path: string; sha256?: string }[] = [];
  for (const path of report.externalFiles) {
    // Weights within the file are told like those beside it.
    if (path === basename(file)) continue;
    const content = await readExternal(path).catch((error: unknown) => {
      // What is wrong with it is the report's problem.
      if (!isDiptychError(error)) throw error;
      return undefined;
    });
    files.push({ path, ...(content && { sha256: await digestOf('path' in content ? content.path : content) }) });
  }
  return {
    ...(input !== undefined && otherInputs.length === 0 && { input: input.name }),
    ...(output !== undefined && otherOutputs.length === 0 && { output: output.name }),
    ...(otherOutputs.length === 0 && output?.activation !== undefined && { activation: 'none' as const }),
    sha256: await digestOf(file),
    files,
  };
}

const quoted = (name: string): string => (/^[A-Za-z_][\w./-]*$/.test(name) ? name : JSON.stringify(name));

export function renderCard({ input, output, activation, sha256, files }: CardFacts, report: OnnxReport): string {
  const oneOf = (values: readonly { readonly name: string }[]): string =>
    `# one of ${values.map(({ name }) => quoted(name)).join(', ')}`;
  return [
    'For a card (docs/guides/cards.md):',
    `  input: ${input === undefined ? oneOf(report.inputs) : quoted(input)}`,
    `  output: ${output === undefined ? oneOf(report.outputs) : quoted(output)}`,
    `  activation: ${activation ?? '# sigmoid or softmax where the output is logits'}`,
    `  sha256: ${sha256}`,
    ...(files.length === 0 ? [] : ['  files:', ...files.map(({ path, sha256: digest }) => `    - { path: ${quoted(path)}, sha256: ${digest ?? '…'} }`)]), // biome-ignore format: one choice
  ]
    .map(printable)
    .join('\n');
}
