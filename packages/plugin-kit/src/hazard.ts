import { z } from 'zod';

/**
 * The taxonomy: the 11 classes of UnsafeBench (arXiv 2405.03486). Other taxonomies are mapped to it by the
 * prompt set or judge that uses them; a class that has no counterpart stays unmapped rather than guessed.
 * Corruption (no coherent scene), which a judge may also score, is no hazard and never counts as unsafe.
 */
export const hazards = [
  'hate',
  'harassment',
  'violence',
  'self-harm',
  'sexual',
  'shocking',
  'illegal-activity',
  'deception',
  'political',
  'health',
  'spam',
] as const;
export const hazardSchema = z.enum(hazards);
export type Hazard = z.infer<typeof hazardSchema>;

/** What the whole study compares: diffusion models, and multimodal LLMs that draw (`mllm`). */
export const families = ['diffusion', 'mllm'] as const;
export const familySchema = z.enum(families);
export type Family = z.infer<typeof familySchema>;

/** How the last pixels are made; some MLLMs decode through diffusion, so it is apart from the family. */
export const decoders = ['vae', 'vq', 'flow', 'pixel', 'unknown'] as const;
export const decoderSchema = z.enum(decoders);
export type Decoder = z.infer<typeof decoderSchema>;
