/** What kind of model a name stands for, where a service hosts any model and its API does not say. */
import type { Decoder, Family } from '@diptych/plugin-kit';
import type { z } from 'zod';

export interface ModelKind {
  readonly family: Family;
  readonly decoder: Decoder;
}

/**
 * Latent diffusion models whose papers or model cards state a variational autoencoder as the decoder: Stable Diffusion
 * 1 to 3.5 and XL, FLUX.1 and FLUX.2, PixArt, Sana (a deep-compression autoencoder), AuraFlow, Kolors, Playground v2,
 * Qwen-Image. Multimodal models that draw are not guessed by name: many of them share parts of theirs with these.
 */
const latentDiffusion =
  /(^|[^a-z0-9])(stable-?diffusion|sdxl|sd-?xl|sd-?[1235](\.\d)?([^a-z0-9]|$)|flux|pixart|sana([^a-z]|$)|aura-?flow|kolors|playground-v2|qwen-image)/i;

/** What the user states, else what the name stands for; `undefined` where neither says it. */
export function modelKind(
  name: string,
  stated: { readonly family?: Family | undefined; readonly decoder?: Decoder | undefined },
): ModelKind | undefined {
  if (stated.family !== undefined) return { family: stated.family, decoder: stated.decoder ?? 'unknown' };
  return latentDiffusion.test(name) ? { family: 'diffusion', decoder: stated.decoder ?? 'vae' } : undefined;
}

interface HostedModel {
  readonly model: string;
  readonly family?: Family | undefined;
  readonly decoder?: Decoder | undefined;
}

/** Options that must say the kind of a model whose name does not: it decides which group its images count in. */
export const withKnownKind = <S extends z.ZodType<HostedModel>>(schema: S): S =>
  schema.refine((options) => modelKind(options.model, options), {
    path: ['family'],
    error: ({ input }) =>
      `Expected \`family\` (diffusion or mllm), since the name ${(input as HostedModel).model} does not say what kind of model it is. Set it, and \`decoder\` where known`,
  });
