/** One image of a loaded Janus-Pro, after the authors' generation_inference.py. */
import type { RasterImage } from '@diptych/plugin-kit';
import type { Random } from '../seeded.ts';
import { drawToken, keepOnly } from './draw-token.ts';
import type { JanusModel, ModelInputs, Processor, Tensor, TransformersJs } from './transformers-js.ts';

export interface Janus {
  readonly library: TransformersJs;
  readonly processor: Processor;
  readonly model: JanusModel;
}

export interface Settings {
  /** 1 is without classifier-free guidance: one row is run instead of two. */
  readonly guidance: number;
  readonly temperature: number;
  readonly random: Random;
}

function specialTokens({ tokenizer, image_start_tag, config }: Processor): { begin: number; pad: number } {
  const begin = tokenizer.bos_token_id;
  const pad = tokenizer.convert_tokens_to_ids(config.pad_tag ?? '<｜▁pad▁｜>'); // the authors' default
  if (begin === undefined || pad === undefined || tokenizer.convert_tokens_to_ids(image_start_tag) === undefined)
    throw new Error('Expected a tokenizer with tokens for the beginning of text, the beginning of an image, and padding.');
  return { begin, pad };
}

/** The prompt in the repository's conversation template, ending where the image begins. */
function tokensOf(processor: Processor, prompt: string): number[] {
  const text = `<|User|>: ${prompt}\n\n<|Assistant|>:${processor.image_start_tag}`;
  return [specialTokens(processor).begin, ...processor.tokenizer.encode(text, { add_special_tokens: false })];
}

/**
 * The second row, which guidance leads away from, keeps the first and last token with padding between, and all of it is
 * seen. transformers.js pads and hides the whole row instead, so its first step is corrected; see `correctGuidance`.
 */
function padBetween(first: ModelInputs, pad: number): void {
  const length = first.input_ids.dims[1]!;
  const [ids, mask] = [first.input_ids.data as BigInt64Array, first.attention_mask.data as BigInt64Array];
  mask.fill(1n);
  ids.copyWithin(length, 0, length);
  ids.fill(BigInt(pad), length + 1, 2 * length - 1);
}

/** To be called once for a model; without guidance there is one row, and nothing is corrected. */
export function correctGuidance({ model, processor }: Pick<Janus, 'model' | 'processor'>): void {
  const { pad } = specialTokens(processor);
  const original = model.prepare_inputs_for_generation;
  model.prepare_inputs_for_generation = (ids, inputs, config) => {
    const isFirst = inputs.past_key_values === undefined || inputs.past_key_values === null;
    const prepared = original.call(model, ids, inputs, config);
    if (isFirst && prepared.input_ids.dims[0] === 2) padBetween(prepared, pad);
    return prepared;
  };
}

/** RGB, each value cut to a whole byte as the authors do. Rejects with the signal's reason between two tokens. */
export async function makeImage(
  janus: Janus,
  prompt: string,
  settings: Settings,
  signal: AbortSignal,
): Promise<RasterImage> {
  const { library, processor, model } = janus;
  const { guidance, temperature, random } = settings;
  const ids = tokensOf(processor, prompt);
  const count = processor.num_image_tokens;
  const tensor = (type: string, data: ArrayLike<unknown>, dims: number[]): Tensor => new library.Tensor(type, data, dims);
  /** After guidance: draws by our own seed, and leaves the library nothing else to choose. */
  const choose = (_: unknown, scores: Tensor): Tensor => {
    signal.throwIfAborted();
    const logits = scores.data as Float32Array;
    keepOnly(logits, drawToken(logits, temperature, random));
    return scores;
  };
  const [image] = await model.generate_images({
    input_ids: tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
    attention_mask: tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
    images_seq_mask: tensor('bool', new Uint8Array(ids.length), [1, ids.length]),
    images_emb_mask: tensor('bool', new Uint8Array(0), [1, 0, count]),
    guidance_scale: guidance > 1 ? guidance : null,
    max_new_tokens: count,
    do_sample: false,
    // An image token may have the number of the end of text.
    eos_token_id: null,
    pad_token_id: specialTokens(processor).pad,
    logits_processor: [choose],
  });
  const { width, height, channels, data } = image!;
  return { width, height, channels: channels as 3, data: new Uint8Array(data) };
}
