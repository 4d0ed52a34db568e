/** Which files of a Janus-Pro in ONNX transformers.js opens, by precision. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';

/** The six networks, by the names of their files. */
export const networks = [
  'prepare_inputs_embeds',
  'language_model',
  'lm_head',
  'gen_head',
  'gen_img_embeds',
  'image_decode',
] as const;

/** Suffixes of file names by precision: DEFAULT_DTYPE_SUFFIX_MAPPING of transformers.js 4.3.1. */
const suffixes = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
  bnb4: '_bnb4',
} as const;

const precision = z.enum(Object.keys(suffixes) as [keyof typeof suffixes]);
const deviceName = z.enum(['cpu', 'webgpu', 'cuda', 'dml', 'coreml']);
const network = z.enum(networks);

/** One for all networks, or by network; a network that is not named has fp32. */
export const dtypeSchema = z.union([precision, z.partialRecord(network, precision)]);
/** One for all networks, or by network; a network that is not named runs on the CPU. */
export const deviceSchema = z.union([deviceName, z.partialRecord(network, deviceName)]);

/** A choice for every network, spelled out, so that no default of the library can decide. */
export function forEachNetwork<T extends string>(given: T | Partial<Record<string, T>>, fallback: T): Record<string, T> {
  return Object.fromEntries(networks.map((name) => [name, typeof given === 'string' ? given : (given[name] ?? fallback)]));
}

const configs = [
  'config.json',
  'preprocessor_config.json',
  'processor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
];

export interface FileFact {
  readonly file: string;
  readonly bytes: number;
  /** Of the configuration files; networks have gigabytes, and data files beside them. */
  readonly sha256?: string;
}

/** Files of a local folder, for the manifest. Throws WEIGHTS_MISSING and names those that are not there. */
export async function checkModelFolder(
  folder: string,
  dtype: Readonly<Record<string, keyof typeof suffixes>>,
): Promise<FileFact[]> {
  const wanted = [...configs, ...networks.map((name) => `onnx/${name}${suffixes[dtype[name]!]}.onnx`)];
  const found = await Promise.all(wanted.map((file) => factOf(folder, file)));
  const missing = wanted.filter((_, i) => found[i] === undefined);
  // A network above 2 GB keeps its weights beside it; small ones have no such file.
  const beside = await Promise.all(wanted.map((file) => factOf(folder, `${file}_data`)));
  if (missing.length === 0) return [...found, ...beside].flatMap((fact) => fact ?? []);
  throw new DiptychError(
    'WEIGHTS_MISSING',
    `Expected a Janus-Pro in ONNX files in ${folder}, not found: ${missing.join(', ')}. Copy the whole repository there, or choose a \`dtype\` that it has.`,
    { details: { missing } },
  );
}

async function factOf(folder: string, file: string): Promise<FileFact | undefined> {
  const path = join(folder, file);
  const facts = await stat(path).catch(() => undefined); // what cannot be read is named as missing
  if (!facts?.isFile()) return undefined;
  if (!configs.includes(file)) return { file, bytes: facts.size };
  return {
    file,
    bytes: facts.size,
    sha256: createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  };
}
