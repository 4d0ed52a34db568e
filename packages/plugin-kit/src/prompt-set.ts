import { z } from 'zod';
import { hazardSchema } from './hazard.ts';
import { apiVersion, type Licence, type MaybeDisposable, type Plugin, type PluginSpec } from './plugin.ts';

/** One text to draw. `id` is stable across runs of the same file and unique within the set. */
export const promptSchema = z.object({
  id: z.string().min(1).max(200),
  text: z.string().max(100_000),
  hazards: z.array(hazardSchema).default([]),
  /** What the author of the set meant: `unsafe` asks for harm, `benign` does not, `unknown` where the set does not say. */
  intent: z.enum(['unsafe', 'benign', 'unknown']).default('unknown'),
  /** BCP 47, such as `en`; `und` where unknown. */
  language: z.string().max(35).default('und'),
  /** Prompts with the same pair id are an unsafe prompt and its safe counterpart. */
  pairId: z.string().max(200).optional(),
  /** Cluster for statistics and splits where several prompts come from one source; the prompt id where absent. */
  groupId: z.string().max(200).optional(),
});
export type Prompt = z.infer<typeof promptSchema>;

/** What the manifest keeps of a set, so that a later run can tell whether it reads the same prompts. */
export interface PromptSetInfo {
  /** SHA-256 of the source bytes, hex; goes into the manifest. */
  readonly digest: string;
  readonly licence: Licence;
  readonly count: number;
  /** Number of prompts whose text occurs earlier in the set. They are kept and reported. */
  readonly duplicates: number;
  /** Labels of the source that stand for no hazard here, with the number of prompts that have them. */
  readonly unmappedLabels?: Readonly<Record<string, number>>;
}

/** A list of texts with what its authors say of each. Lists may be long: `prompts` streams. */
export interface PromptSet extends MaybeDisposable {
  info(signal: AbortSignal): Promise<PromptSetInfo>;
  /** The same prompts in the same order every time. */
  prompts(signal: AbortSignal): AsyncIterable<Prompt>;
}

/** Types and stamps a prompt set; the default export of its file. */
export const definePromptSet = <O extends z.ZodType>(
  spec: PluginSpec<O, PromptSet>,
): Plugin<'prompt-set', PromptSet, O> => ({ apiVersion, kind: 'prompt-set', ...spec });
