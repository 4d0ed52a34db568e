/** Writes the JSON Schemas of everything that Diptych reads from or writes to disk. */
import { publishedSchemas } from '@diptych/plugin-kit';
import { z } from 'zod';
import { type GeneratedFile, origin } from './generated-file.ts';

export function writeJsonSchemas(): Promise<readonly GeneratedFile[]> {
  const files = Object.entries(publishedSchemas).map(([name, schema]) => {
    // `input`: what a person may write, defaults left out. For records both sides are equal.
    const json = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' });
    const text = `${JSON.stringify({ $comment: origin('json-schemas.ts'), ...json }, null, 2)}\n`;
    return { path: `packages/plugin-kit/schemas/${name}.schema.json`, text };
  });
  return Promise.resolve(files);
}
