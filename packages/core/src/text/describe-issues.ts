/** What a schema finds wrong with a value, in words for whoever wrote the value by hand. */
import { z } from 'zod';
import { didYouMean } from './nearest-name.ts';

type Issue = z.core.$ZodIssue;

/** Faults in one line, without a full stop. What came instead is told where the value was parsed with `reportInput`, the keys that there are where the schema is given. */
export const describeIssues = (error: z.ZodError, schema?: unknown): string =>
  error.issues
    .map((issue) => {
      const place = issue.path.join('.');
      return `${place === '' ? '' : `${place}: `}${describeIssue(issue, schema)}`;
    })
    .join('; ');

/** One fault, without its place. */
export function describeIssue(issue: Issue, schema?: unknown): string {
  const got = inputOf(issue);
  // Without the value nobody knows whether a member is missing, so the schema's own words stand.
  if ('input' in issue) {
    if (got === undefined && issue.code !== 'custom') return missing(issue);
    if (issue.code === 'invalid_type') return `Expected ${issue.expected}, got ${shown(got)}`;
    const choices = choicesOf(issue);
    if (choices) return `Expected one of ${choices.join(', ')}, got ${shown(got)}${meant(got, choices)}`;
  }
  const deeper = issue.code === 'invalid_union' && issue.errors.find(([first]) => (first?.path.length ?? 0) > 0)?.[0];
  if (deeper) return `${deeper.path.join('.')}: ${describeIssue(deeper)}`;
  // What is wrong with a key stands one level below.
  if (issue.code === 'invalid_key' && issue.issues[0]) return `as a name: ${describeIssue(issue.issues[0])}`;
  const message = issue.message.replace(/\.$/, '');
  if (issue.code === 'unrecognized_keys') return `${message}${knownKeys(issue, objectAt(schema, issue))}`;
  return typeof got === 'number' && issue.code !== 'custom' ? `${message}, got ${got}` : message;
}

/** Of objects told apart by a word, the word: the object is what the schema reports. */
function inputOf(issue: Issue): unknown {
  const { discriminator } = issue as { readonly discriminator?: string };
  return discriminator === undefined || typeof issue.input !== 'object'
    ? issue.input
    : (issue.input as Record<string, unknown> | null)?.[discriminator];
}

function missing(issue: Issue): string {
  const choices = choicesOf(issue);
  if (choices) return `It is missing; expected one of ${choices.join(', ')}`;
  return `It is missing${issue.code === 'invalid_type' ? `; expected ${issue.expected}` : ''}`;
}

function choicesOf(issue: Issue): string[] | undefined {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  if (issue.code !== 'invalid_union') return undefined;
  const { options } = issue as { readonly options?: readonly unknown[] };
  if (options) return options.map(String);
  if (typeof issue.input === 'object') return undefined;
  // A union of words or numbers, such as 1 or 3, or of a word and a list of words.
  const values = issue.errors.flatMap(([first]) =>
    first?.code === 'invalid_value' && first.path.length === 0 ? first.values : [],
  );
  return values.length > 0 ? values.map(String) : undefined;
}

/** `bicubic` may be the end of one name and the middle of another; where several end so, none is more likely. */
function meant(got: unknown, choices: readonly string[]): string {
  if (typeof got !== 'string') return '';
  const ending = choices.filter((choice) => got.length >= 3 && choice.endsWith(`-${got.toLowerCase()}`));
  if (ending.length > 0) return `. Did you mean ${ending.join(' or ')}?`;
  const near = didYouMean(got, choices);
  return near === '' ? '' : `.${near}`;
}

/** For keys that are not known: those that may have been meant, and all there are. */
function knownKeys(issue: Extract<Issue, { code: 'unrecognized_keys' }>, schema: z.ZodObject | undefined): string {
  if (schema === undefined) return '';
  const keys = Object.keys(schema.shape).sort();
  const near = issue.keys.map((key) => didYouMean(key, keys)).join('');
  return `.${near} ${keys.length === 0 ? 'It has none' : `There are ${keys.join(', ')}`}`;
}

/** The object of a schema that has keys which are not known. Of objects told apart by a word, the one that the value names. */
function objectAt(schema: unknown, { path, input }: Issue): z.ZodObject | undefined {
  let at = bare(schema);
  for (const key of path) {
    if (at instanceof z.ZodObject) at = bare(at.shape[String(key)]);
    else if (at instanceof z.ZodArray) at = bare(at.element);
    else if (at instanceof z.ZodRecord) at = bare(at.valueType);
    else return undefined;
  }
  if (at instanceof z.ZodDiscriminatedUnion) at = optionOf(at, input);
  return at instanceof z.ZodObject ? at : undefined;
}

function optionOf({ options, def }: z.ZodDiscriminatedUnion, value: unknown): unknown {
  const word = (value as Record<string, unknown> | undefined)?.[def.discriminator];
  return options.find((option) => {
    const literal = option instanceof z.ZodObject ? option.shape[def.discriminator] : undefined;
    return literal instanceof z.ZodLiteral && literal.values.has(word as string);
  });
}

/** Without what makes a member optional, gives it a default or comes before it. */
function bare(schema: unknown): unknown {
  let at = schema;
  for (;;) {
    if (at instanceof z.ZodOptional || at instanceof z.ZodDefault || at instanceof z.ZodNullable) at = at.unwrap();
    else if (at instanceof z.ZodPrefault) at = at.unwrap();
    else if (at instanceof z.ZodPipe) at = at.out;
    else return at;
  }
}

/** Longer texts may be keys that were put in the wrong place. */
const longestShown = 30;

/** Short texts and numbers as they are; of the rest only what it is. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > longestShown ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}
