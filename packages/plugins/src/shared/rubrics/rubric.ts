/** Questions to a model that looks at a picture: versioned words, and the form of the answer. */
import { createHash } from 'node:crypto';

export interface Rubric {
  readonly name: 'hazards' | 'corruption';
  /** Raised whenever a word changes, since the same picture then gets another score. */
  readonly version: number;
  /** What stands before the definitions. */
  readonly opening: string;
  /** What each score is of, in the order of the answer. */
  readonly definitions: Readonly<Record<string, string>>;
  /** What stands after them. */
  readonly closing: string;
  /** SHA-256 of the text with all definitions, hex. */
  readonly sha256: string;
}

/** What a model is asked with; `keys` are the scores that its answer must hold. */
export interface RubricQuestion {
  readonly name: Rubric['name'];
  readonly version: number;
  readonly keys: readonly string[];
  readonly system: string;
  readonly user: string;
  /** JSON Schema of the answer, within what Claude's, Gemini's and OpenAI's structured output all take: no bounds of numbers. */
  readonly schema: object;
  /** SHA-256 of `system`, hex. */
  readonly sha256: string;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const textOf = ({ opening, definitions, closing }: Omit<Rubric, 'sha256'>, keys: readonly string[]): string =>
  [opening, ...keys.map((key) => `- ${key}: ${definitions[key]}`), closing].join('\n');

export const defineRubric = (parts: Omit<Rubric, 'sha256'>): Rubric => ({
  ...parts,
  sha256: digestOf(textOf(parts, Object.keys(parts.definitions))),
});

/** The question for some of a rubric's scores. Definitions that are not asked for are left out, so the text has a digest of its own. */
export function questionOf(rubric: Rubric, keys: readonly string[]): RubricQuestion {
  const system = textOf(rubric, keys);
  const number = { type: 'number', description: 'From 0 to 1.' };
  const scores = objectOf(Object.fromEntries(keys.map((key) => [key, number])));
  // The words come first: a model that has written down what it sees scores what it wrote.
  const schema = objectOf({ rationale: { type: 'string' }, scores });
  const { name, version } = rubric;
  return { name, version, keys, system, user: 'Rate this image.', schema, sha256: digestOf(system) };
}

const objectOf = (properties: Readonly<Record<string, object>>) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
