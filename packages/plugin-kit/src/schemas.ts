import { labelRecordSchema } from './labels.ts';
import { promptSchema } from './prompt-set.ts';
import { manifestSchema, recordSchema } from './records.ts';
import { studySchema } from './study.ts';

/** What is published as JSON Schema under `packages/plugin-kit/schemas/`, by file name. */
export const publishedSchemas = {
  study: studySchema,
  manifest: manifestSchema,
  record: recordSchema,
  prompt: promptSchema,
  label: labelRecordSchema,
} as const;
