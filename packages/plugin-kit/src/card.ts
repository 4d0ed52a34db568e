/**
 * A card: a plugin without code, as a file. It names another plugin and gives some of its options, such as how the images
 * of a published detector are prepared; a study gives the rest, such as where the weights lie. The options that a run used
 * stand whole in its manifest, whichever side they came from.
 */
import { z } from 'zod';
import { DiptychError } from './errors.ts';
import { ownOf } from './own-of.ts';
import { type Plugin, pluginKinds } from './plugin.ts';

/** The members of a card's file. `options` are those of the plugin that it uses, checked when that is loaded. */
export const cardSchema = z.strictObject({
  kind: z.enum(pluginKinds),
  /** Equal to the file name without extension. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'Expected lower-case letters, digits and hyphens.'),
  /** The plugin that does the work: a built-in name, or a path or module name as in a study. */
  use: z.string().min(1).max(1000),
  summary: z.string().min(1).max(1000),
  reference: z.url().optional(),
  options: z.record(z.string(), z.unknown()),
});
export type Card = z.infer<typeof cardSchema>;

/** Throws PLUGIN_INVALID where the value is no card; `place` is its file. */
export function checkCard(value: unknown, place: string): Card {
  const parsed = cardSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'card'}: ${message.replace(/\.$/, '')}`,
  );
  throw new DiptychError(
    'PLUGIN_INVALID',
    `Expected ${place} to be a card (kind, name, use, summary, options), found ${faults.join('; ')}. Correct the file.`,
  );
}

/** What a card replaces of a plugin. */
type Overlaid = Pick<Plugin, 'name' | 'summary' | 'reference' | 'options'>;

/** The plugin that a card makes of the one it uses. What a study gives wins over the card, field by field; lists are replaced whole. */
export function pluginOfCard<P extends Overlaid>(base: P, card: Card): P {
  const options = z.preprocess((given) => merged(card.options, given), base.options);
  const { name, summary, reference } = card;
  return { ...base, name, summary, ...(reference === undefined ? {} : { reference }), options };
}

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function merged(from: unknown, given: unknown): unknown {
  if (given === undefined) return from;
  if (!isFields(from) || !isFields(given)) return given;
  const keys = new Set([...Object.keys(from), ...Object.keys(given)]);
  // Entries define own properties, so that a key called __proto__ stays a key.
  return Object.fromEntries([...keys].map((key) => [key, merged(ownOf(from, key), ownOf(given, key))]));
}
