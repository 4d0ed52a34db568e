/** What prompt sets, imports and authentic sets list, checked before anything is generated. */
import { DiptychError, type ExistingSample, hazardSchema, type Prompt, promptSchema } from '@diptych/plugin-kit';
import { z } from 'zod';
import { describeIssues } from '../text/describe-issues.ts';

export function checkPrompt(alias: string, prompt: Prompt | null): Prompt {
  const parsed = promptSchema.safeParse(prompt);
  if (parsed.success) return parsed.data;
  throw new DiptychError(
    'PROMPTS_INVALID',
    `Expected prompt ${JSON.stringify(prompt?.id)} of ${alias} to match its schema: ${describeIssues(parsed.error)}. Correct it.`,
  );
}

/** Bounds of the sample record, so that whatever is listed can be journalled. */
const listedSchema = z.looseObject({
  key: z.string().min(1).max(1000),
  model: z.string().min(1).max(300),
  prompt: z.string().max(100_000).optional(),
  promptId: z.string().min(1).max(1000).optional(),
  language: z.string().max(35).optional(),
  level: z.int().min(0).optional(),
  pairId: z.string().min(1).max(200).optional(),
  groupId: z.string().min(1).max(200).optional(),
  hazards: z.array(hazardSchema).optional(),
});

export function checkListed(alias: string, sample: ExistingSample | null): ExistingSample {
  const parsed = listedSchema.safeParse(sample);
  if (parsed.success) return parsed.data as ExistingSample;
  throw new DiptychError(
    'IMAGES_FOLDER_INVALID',
    `Expected ${JSON.stringify(sample?.key)} of ${alias} to fit a sample record: ${describeIssues(parsed.error)}. Correct its row.`,
  );
}

/** What the record of an authentic image is made of, before anything is generated. */
const authenticSchema = z.looseObject({
  key: z.string().min(1),
  licence: z.looseObject({ id: z.string() }),
  groupId: z.string().optional(),
});

export function checkAuthentic(alias: string, image: { readonly key: string } | null): void {
  const parsed = authenticSchema.safeParse(image);
  if (parsed.success) return;
  throw new DiptychError(
    'PLUGIN_BROKE_CONTRACT',
    `Expected image ${JSON.stringify(image?.key)} of ${alias} to have a key and a licence: ${describeIssues(parsed.error)}. Correct the plugin.`,
  );
}
