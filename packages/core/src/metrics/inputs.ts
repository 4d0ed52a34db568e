/** Checks that every metric shares. A metric never returns NaN: what it is not defined on is thrown here or returned as a reason. */
import { DiptychError } from '@diptych/plugin-kit';

/** Throws `METRIC_INPUT_INVALID` with the message formula "Expected …, received …. cure". */
export function invalidInput(expected: string, received: string, cure: string): never {
  throw new DiptychError('METRIC_INPUT_INVALID', `Expected ${expected}, received ${received}. ${cure}`, {
    details: { expected, received },
  });
}

/** A copy as Float64Array; throws `METRIC_INPUT_INVALID` at the first NaN or infinity, naming its index. */
export function finiteCopy(values: ArrayLike<number>, name: string): Float64Array {
  // Not `Float64Array.from`, which asks an iterator for each number and takes ten times as long.
  const copy = new Float64Array(values);
  for (let index = 0; index < copy.length; index++)
    if (!Number.isFinite(copy[index]))
      invalidInput(`finite numbers in ${name}`, `${copy[index]} at index ${index}`, 'Leave out samples that have no score.');
  return copy;
}

/** A finite copy in rising order. Typed arrays sort numerically, so a million scores take well under a second. */
export const sortedCopy = (values: ArrayLike<number>, name: string): Float64Array => finiteCopy(values, name).sort();

/** Throws METRIC_INPUT_INVALID, naming all lengths. */
export function requireSameLength(lengths: Readonly<Record<string, number>>): void {
  const entries = Object.entries(lengths);
  if (new Set(entries.map(([, length]) => length)).size > 1)
    invalidInput(
      `${entries.map(([name]) => name).join(', ')} of one length`,
      entries.map(([name, length]) => `${name}: ${length}`).join(', '),
      'Give one entry a sample to each.',
    );
}

/** Both ends are allowed; NaN and anything else outside throws METRIC_INPUT_INVALID. */
export function requireWithin(value: number, low: number, high: number, name: string): void {
  if (!(value >= low && value <= high))
    invalidInput(`${name} in [${low}, ${high}]`, String(value), 'Give a value inside the range.');
}

/** Confidence levels are open at both ends: 0 and 1 give no interval or an infinite one. */
export function requireConfidence(confidence: number): void {
  if (!(confidence > 0 && confidence < 1))
    invalidInput('confidence strictly between 0 and 1', String(confidence), 'Give a share such as 0.95.');
}

/** Throws METRIC_INPUT_INVALID. */
export function requireCount(value: number, least: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < least)
    invalidInput(`${name} to be a whole number of at least ${least}`, String(value), 'Give a whole number in range.');
}
