/** How images are presented to detectors: names, ranges, and what a name means. `core/images` does the work. */
import { z } from 'zod';

/** The ways to show images to detectors that are no perturbation; ARCHITECTURE.md, "Protocols", says what each does. */
export const protocols = ['as-received', 'fakes-matched', 'all-recompressed'] as const;
export const baseProtocolSchema = z.enum(protocols);
export type BaseProtocol = z.infer<typeof baseProtocolSchema>;

interface AmountRule {
  /** The whole range, as in the message. */
  readonly range: string;
  /** The same as a pattern without leading or trailing zeros, so that one change has one name. */
  readonly pattern: string;
}

const whole1To100 = '(?:100|[1-9][0-9]?)';
/** Ends chosen so that every change is one that images meet in the wild, and that no image vanishes or outgrows memory. */
export const perturbationAmounts = {
  jpeg: { range: 'a whole quality from 1 to 100, such as jpeg-75', pattern: whole1To100 },
  webp: { range: 'a whole quality from 1 to 100, such as webp-80', pattern: whole1To100 },
  resize: {
    range: 'a whole percentage of each side from 5 to 400, such as resize-50',
    pattern: '(?:[5-9]|[1-9][0-9]|[1-3][0-9]{2}|400)',
  },
  blur: {
    range: 'a sigma from 0.3 to 20 pixels with at most two decimals, such as blur-1',
    pattern: '(?:0\\.(?:[3-9]|[3-9][1-9])|(?:[1-9]|1[0-9])(?:\\.[0-9]?[1-9])?|20)',
  },
  noise: {
    range: 'a sigma from 0.5 to 100 levels of 255 with at most one decimal, such as noise-4',
    pattern: '(?:0\\.[5-9]|(?:[1-9]|[1-9][0-9])(?:\\.[1-9])?|100)',
  },
  crop: { range: 'a whole percentage of each side from 5 to 99, such as crop-80', pattern: '(?:[5-9]|[1-9][0-9])' },
} as const satisfies Record<string, AmountRule>;

export type PerturbationKind = keyof typeof perturbationAmounts;
const kinds = Object.keys(perturbationAmounts) as PerturbationKind[];

/** One change to every image of both classes; docs/report.md says what each does. */
export type PerturbationName = `${PerturbationKind}-${number}` | 'screenshot';
export type Protocol = BaseProtocol | PerturbationName;

const pattern = new RegExp(
  `^(?:${protocols.join('|')}|screenshot|${kinds.map((kind) => `${kind}-${perturbationAmounts[kind].pattern}`).join('|')})$`,
);

function faultOf(input: unknown): string {
  const kind = kinds.find((name) => typeof input === 'string' && (input === name || input.startsWith(`${name}-`)));
  if (kind !== undefined)
    return `Expected ${kind}- to be followed by ${perturbationAmounts[kind].range}, got ${JSON.stringify(input)}. Change the number.`;
  return (
    `Expected a protocol, got ${JSON.stringify(input)}. Use ${protocols.join(', ')}, screenshot, or one of ` +
    `${kinds.map((name) => `${name}-N`).join(', ')}.`
  );
}

/** One pattern for the whole name, so that the published JSON Schema holds the ranges too. */
export const protocolSchema = z.string({ error: ({ input }) => faultOf(input) }).regex(pattern, {
  error: ({ input }) => faultOf(input),
}) as unknown as z.ZodType<Protocol, Protocol>;

export type Perturbation =
  | { readonly kind: PerturbationKind; readonly amount: number }
  | { readonly kind: 'screenshot'; readonly amount: null };

/** What a perturbation's name says; null for the base protocols. The name is one that `protocolSchema` accepts. */
export function perturbationOf(protocol: Protocol): Perturbation | null {
  if (protocol === 'screenshot') return { kind: 'screenshot', amount: null };
  const kind = kinds.find((name) => protocol.startsWith(`${name}-`));
  return kind === undefined ? null : { kind, amount: Number(protocol.slice(kind.length + 1)) };
}

/** Whether the name is one of `protocols`, and no perturbation. */
export const isBaseProtocol = (protocol: Protocol): protocol is BaseProtocol => perturbationOf(protocol) === null;
