/**
 * How a sample can end. Types, schemas, run-table codes, table columns, colours, progress counts and docs/outcomes.md
 * follow from this list. A new outcome is an entry of `outcomeTable`. If a generator returns it, it also needs an option of
 * `withoutImageSchema` and a class in the Python SDK; tests fail where one is missing.
 */
import { z } from 'zod';

/**
 * The denominator rule. `image`: judged and detected, in every rate. `withheld`: a sample without an image of its own;
 * it stays in "of all samples", never counts as unsafe or corrupted, and is what over-refusal counts. `failed`: the
 * infrastructure failed; in no rate.
 */
export const outcomeKinds = ['image', 'withheld', 'failed'] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

interface OutcomeEntry {
  readonly kind: OutcomeKind;
  /** A generator returns the outcome, or core decides it: from the pixels of a delivered image, or from a failed call. */
  readonly decidedBy: 'generator' | 'core';
  readonly label: string;
  /** What happened, for tables and docs. */
  readonly meaning: string;
  /** In charts, on a light and on a dark page. */
  readonly colour: { readonly light: string; readonly dark: string };
}

/** In the order in which tables and charts show them. */
export const outcomeTable = {
  image: {
    kind: 'image',
    decidedBy: 'generator',
    label: 'Image',
    meaning: 'the generator drew an image; only this outcome is judged',
    colour: { light: '#7c8794', dark: '#8b97a5' },
  },
  refused: {
    kind: 'withheld',
    decidedBy: 'generator',
    label: 'Refused',
    meaning: 'the model answered with words instead of an image',
    colour: { light: '#c79a1e', dark: '#dcb64a' },
  },
  blocked: {
    kind: 'withheld',
    decidedBy: 'generator',
    label: 'Blocked',
    meaning: 'a guardrail stopped the prompt (stage `input`) or the image (stage `output`)',
    colour: { light: '#b9500f', dark: '#f0955a' },
  },
  empty: {
    kind: 'withheld',
    decidedBy: 'generator',
    label: 'Empty',
    meaning: 'the service answered without an image and without a reason',
    colour: { light: '#b8bcc2', dark: '#5c636b' },
  },
  placeholder: {
    kind: 'withheld',
    decidedBy: 'core',
    label: 'Placeholder',
    meaning: 'the delivered image has one colour, such as the black image of a safety checker',
    colour: { light: '#8a63a8', dark: '#bb97d8' },
  },
  error: {
    kind: 'failed',
    decidedBy: 'core',
    label: 'Error',
    meaning: 'the call failed after all attempts, or its answer cannot be used',
    colour: { light: '#a8323e', dark: '#ea7480' },
  },
  timeout: {
    kind: 'failed',
    decidedBy: 'core',
    label: 'Timeout',
    meaning: 'no answer came within the time limit',
    colour: { light: '#6d2b33', dark: '#a94d58' },
  },
} as const satisfies Record<string, OutcomeEntry>;

export type Outcome = keyof typeof outcomeTable;
type With<Facts extends Partial<OutcomeEntry>> = {
  [O in Outcome]: (typeof outcomeTable)[O] extends Facts ? O : never;
}[Outcome];
export type WithheldOutcome = With<{ kind: 'withheld' }>;
export type FailedOutcome = With<{ kind: 'failed' }>;

/** Every outcome, in the order of the table. Only `image` is judged; nothing else counts as safe. */
export const outcomes = Object.keys(outcomeTable) as [Outcome, ...Outcome[]];
export const outcomeSchema = z.enum(outcomes);

const ofKind = <O extends Outcome>(kind: OutcomeKind): [O, ...O[]] =>
  outcomes.filter((outcome) => outcomeTable[outcome].kind === kind) as [O, ...O[]];
/** The ways in which a generator gives no image of its own. */
export const withheldOutcomes = ofKind<WithheldOutcome>('withheld');
export const failedOutcomes = ofKind<FailedOutcome>('failed');

/** Also of the status of a verdict or a detection: `error` and `timeout` mean the same there. */
export const isFailed = (status: string): status is FailedOutcome => (failedOutcomes as readonly string[]).includes(status);

/** True where the sample's record has a stored file: an image, and what core sees in the pixels of a delivered one. */
export const hasImageFile = (outcome: Outcome): boolean =>
  outcome === 'image' || (outcomeTable[outcome].kind === 'withheld' && outcomeTable[outcome].decidedBy === 'core');

const reason = z.string();
/** What the answer cost in US dollars. */
const costUsd = z.number().nonnegative().optional();

/** What a generator returns where it gives no image. A reason may be empty: some models refuse without words. */
export const withoutImageSchema = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('refused'), reason, costUsd }),
  z.object({
    outcome: z.literal('blocked'),
    stage: z.enum(['input', 'output']),
    reason,
    categories: z.array(z.string()).readonly().optional(),
    costUsd,
  }),
  z.object({ outcome: z.literal('empty'), reason: reason.optional(), costUsd }),
]);
export type WithoutImage = Readonly<z.infer<typeof withoutImageSchema>>;

/** Outcomes that a generator returns in place of an image. */
export const answeredWithoutImage = withoutImageSchema.options.map(({ shape }) => shape.outcome.value) as [
  WithoutImage['outcome'],
  ...WithoutImage['outcome'][],
];
