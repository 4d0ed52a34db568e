import { type ErrorCode, errorTable, isDiptychError } from '@diptych/plugin-kit';

/**
 * One line about anything thrown, with our code in front where it is ours, cut to `limit` characters. What a plugin
 * threw is given with the `redact` of its study: a secret that is cut in half can no longer be found.
 */
export function describeError(error: unknown, limit = 2000, redact: (text: string) => string = (text) => text): string {
  const text = redact(textOf(error));
  const line = text.replace(/\s*\n\s*/g, ' | ').trim() || 'no message';
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

/** The code in front of a line that `describeError` made of one of our errors; undefined for any other line. */
export function codeOfReason(reason: string): ErrorCode | undefined {
  const [, code] = /^([A-Z_]+): /.exec(reason) ?? [];
  return code !== undefined && Object.hasOwn(errorTable, code) ? (code as ErrorCode) : undefined;
}

/** A plugin may throw anything, even a value whose members throw when they are read. */
function textOf(error: unknown): string {
  try {
    return isDiptychError(error) ? `${error.code}: ${error.message}` : plainText(error);
  } catch {
    return 'a thrown value that cannot be read';
  }
}

function plainText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A wrapper often quotes what it wraps.
  const isNew = error.cause instanceof Error && !error.message.includes(error.cause.message);
  const cause = isNew ? ` (${(error.cause as Error).message})` : '';
  return `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}${cause}`;
}

/** The `code` of a Node system error, such as ENOENT; undefined for anything else. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
