/**
 * The one error class of Diptych. Every fault a user can meet has a stable code from `error-table.ts`;
 * the message says what was expected, of what, what came instead, and then what to do.
 */
import { type ErrorCode, type ErrorKind, errorTable, exitCodeOf } from './error-table.ts';

const marker = Symbol.for('diptych.error');

/** `details` are facts for scripts, printed by `--json`; `cause` is what was caught. Neither may hold a secret. */
export interface DiptychErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A fault with a stable code. Construct it with a message after the formula above; `kind` follows from the code. */
export class DiptychError extends Error {
  readonly [marker] = true;
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: DiptychErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DiptychError';
    this.code = code;
    this.details = options.details ?? {};
  }

  get kind(): ErrorKind {
    return errorTable[this.code].kind;
  }
}

/** True for our errors even when two copies of this package are loaded, as happens with third-party plugins. */
export function isDiptychError(value: unknown): value is DiptychError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true;
}

/** Of several problems, what only a change of the study or of Diptych cures comes before what another machine or day may cure. */
const exitOrder = [1, 2, 4, 3];

/** Several problems in one error. */
const collections: readonly ErrorCode[] = ['PLUGIN_PROBLEMS', 'PLUGIN_FAILED'];

/** Process exit code of an error. One of several problems has that of the gravest, so that a missing GPU or key is no bad study. */
export function exitCodeOfError({ code, details }: Pick<DiptychError, 'code' | 'details'>): number {
  const problems = collections.includes(code) && Array.isArray(details['problems']) ? details['problems'] : [];
  const found = problems.flatMap(({ code: own }: { code?: string }) =>
    own !== undefined && Object.hasOwn(errorTable, own) ? [exitCodeOf(own as ErrorCode)] : [],
  );
  return exitOrder.find((exitCode) => found.includes(exitCode)) ?? exitCodeOf(code);
}

/**
 * What a plugin throws for an infrastructure fault. Core retries it with backoff, honouring `retryAfterMs`
 * (the provider's Retry-After), and records outcome `error` once attempts are used up.
 * A refusal, a filter or an empty answer is never thrown: it is a `Generation`.
 */
export class InfrastructureError extends Error {
  readonly retryAfterMs: number | undefined;
  /** False for faults that no repetition cures, such as a rejected key. */
  readonly retryable: boolean;
  /** True for the service's own signal of too many calls (429, or 503 with Retry-After); core then slows down. */
  readonly rateLimited: boolean;

  constructor(
    message: string,
    options: { retryAfterMs?: number; retryable?: boolean; rateLimited?: boolean; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'InfrastructureError';
    this.retryAfterMs = options.retryAfterMs;
    this.retryable = options.retryable ?? true;
    this.rateLimited = options.rateLimited ?? false;
  }
}

/** Throws `INVARIANT_BROKEN` when a condition that our own code guarantees does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition)
    throw new DiptychError(
      'INVARIANT_BROKEN',
      `${message} This is a bug in Diptych; please report it with the command you ran.`,
    );
}
