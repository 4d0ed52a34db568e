/** Numbers on the command line. */
import { DiptychError } from '@diptych/plugin-kit/runtime';

export function wholeNumber(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new DiptychError('USAGE', `Expected a whole number for ${option}, received "${text}". Correct it.`);
}

/** A number in [0, 1]. */
export function share(text: string, option: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0 && value <= 1) return value;
  throw new DiptychError('USAGE', `Expected a number from 0 to 1 for ${option}, received "${text}". Correct it.`);
}
