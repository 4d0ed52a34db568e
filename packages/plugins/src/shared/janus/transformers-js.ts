/** What is used of transformers.js, and loading a Janus-Pro with it. The types say only what the code here relies on. */
import { requireOptional } from '../optional-package.ts';

export interface Tensor {
  readonly data: Float32Array | BigInt64Array | Uint8Array;
  readonly dims: readonly number[];
}
export interface ModelInputs {
  input_ids: Tensor;
  attention_mask: Tensor;
  readonly past_key_values?: unknown;
}
export interface RawImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}
export interface Processor {
  readonly num_image_tokens: number;
  readonly image_start_tag: string;
  readonly config: { readonly pad_tag?: string };
  readonly tokenizer: {
    readonly bos_token_id?: number;
    encode(text: string, options: { add_special_tokens: false }): number[];
    convert_tokens_to_ids(token: string): number | undefined;
  };
}
export interface JanusModel {
  /** Called before every step; the first step has no past. */
  prepare_inputs_for_generation(ids: bigint[][], inputs: ModelInputs, config: unknown): ModelInputs;
  generate_images(options: Record<string, unknown>): Promise<RawImage[]>;
  dispose(): Promise<unknown>;
}

interface Environment {
  readonly version: string;
  allowRemoteModels: boolean;
  fetch: typeof globalThis.fetch;
  cacheDir: string | null;
}
interface FromPretrained<T> {
  from_pretrained(model: string, options: Record<string, unknown>): Promise<T>;
}
export interface TransformersJs {
  readonly env: Environment;
  readonly Tensor: new (type: string, data: ArrayLike<unknown>, dims: readonly number[]) => Tensor;
  readonly AutoProcessor: FromPretrained<Processor>;
  readonly MultiModalityCausalLM: FromPretrained<JanusModel>;
}

export const packageName = '@huggingface/transformers';

export const requireTransformersJs = (baseFolder: string): TransformersJs =>
  requireOptional<TransformersJs>(
    { name: packageName, install: `npm install ${packageName}@4 --ignore-scripts` },
    baseFolder,
  );

export interface Source {
  /** Name on the hub, or an absolute path. */
  readonly model: string;
  /** On the hub: a commit. */
  readonly revision?: string;
  readonly cacheFolder: string;
  readonly dtype: Readonly<Record<string, string>>;
  readonly device: Readonly<Record<string, string>>;
  readonly fetch: typeof globalThis.fetch;
}

/** The settings of the library are the module's, so models are loaded one after the other, each under its own. */
let turn: Promise<unknown> = Promise.resolve();

export function loadJanus(library: TransformersJs, source: Source): Promise<{ processor: Processor; model: JanusModel }> {
  const mine = turn.then(() => loadNow(library, source));
  turn = mine.catch(() => {}); // whoever waits next is not concerned
  return mine;
}

async function loadNow({ env, AutoProcessor, MultiModalityCausalLM }: TransformersJs, source: Source) {
  const before = { allowRemoteModels: env.allowRemoteModels, fetch: env.fetch, cacheDir: env.cacheDir };
  const isRemote = source.revision !== undefined;
  // Some look-ups of the library ignore the options of the call, but not these.
  Object.assign(env, { allowRemoteModels: isRemote, fetch: withoutToken(source.fetch), cacheDir: source.cacheFolder });
  const where = isRemote ? { revision: source.revision } : { local_files_only: true };
  try {
    const processor = await AutoProcessor.from_pretrained(source.model, where);
    const options = { ...where, dtype: source.dtype, device: source.device };
    return { processor, model: await MultiModalityCausalLM.from_pretrained(source.model, options) };
  } finally {
    Object.assign(env, before);
  }
}

/** The library sends the token that it finds in the environment; a public model needs none, and none was declared. */
function withoutToken(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return (input, init) => {
    const headers = new Headers(init?.headers);
    headers.delete('authorization');
    return fetch(input, { ...init, headers });
  };
}
