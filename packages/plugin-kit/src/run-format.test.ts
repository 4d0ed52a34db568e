import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { labelRecordSchema } from './labels.ts';
import { manifestSchema, recordSchema, runFormatVersion } from './records.ts';

const page = readFileSync(new URL('../../../docs/run-format.md', import.meta.url), 'utf8');
const blocks = (name: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`json ${name}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => match[1]!);
const lines = blocks('record').flatMap((block) => block.trim().split('\n'));

describe('docs/run-format.md', () => {
  it.each(lines.map((line) => [line.slice(0, 60), line]))('shows a record that is valid and whole: %s…', (_start, line) => {
    const value: unknown = JSON.parse(line);
    // Equal after parsing: an example must not show a field that the schema does not know.
    expect(recordSchema.parse(value)).toEqual(value);
  });

  it('shows a record of every type', () => {
    const types = new Set(lines.map((line) => (JSON.parse(line) as { type: string }).type));
    expect([...types].sort()).toEqual(recordSchema.options.map((option) => option.shape.type.value).sort());
  });

  it('shows labels that are valid and whole', () => {
    const labels = blocks('label').flatMap((block) => block.trim().split('\n'));
    expect(labels.length).toBeGreaterThan(0);
    for (const label of labels) expect(labelRecordSchema.parse(JSON.parse(label))).toEqual(JSON.parse(label));
  });

  it('shows a valid manifest of the version it is about', () => {
    const [manifest] = blocks('manifest');
    expect(manifestSchema.parse(JSON.parse(manifest!)).format).toBe(runFormatVersion);
    expect(page).toContain(`# Run format, version ${runFormatVersion}`);
  });
});
