/** The guide to cards names every field that a card may have. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import detector from '../detectors/onnx.ts';
import judge from '../safety-judges/onnx/index.ts';

const guide = readFileSync(new URL('../../../../docs/guides/cards.md', import.meta.url), 'utf8');

interface Schema {
  readonly properties: Readonly<Record<string, Schema>>;
}

describe('docs/guides/cards.md', () => {
  it.each([
    ['detector/onnx', detector],
    ['safety-judge/onnx', judge],
  ])('has all options of %s', (_, plugin) => {
    const { properties } = z.toJSONSchema(plugin.options, { io: 'input' }) as unknown as Schema;
    const inTable = Object.keys(properties['card']!.properties).map((field) => `\n| \`${field}\` | `);
    const beside = Object.keys(properties).map((option) => `\`${option}\``);
    for (const expected of [...inTable, ...beside]) expect(guide).toContain(expected);
  });
});
