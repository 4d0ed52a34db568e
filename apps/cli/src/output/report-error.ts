/** Prints an error for people (stderr) or machines (stdout) and gives the exit code that docs/errors.md documents. */
import { exitCodeOf, exitCodeOfError, isDiptychError } from '@diptych/plugin-kit/runtime';
import { printableLines, printOut } from './result.ts';

export function reportError(error: unknown, json: boolean): number {
  const known = isDiptychError(error) ? error : undefined;
  const code = known?.code ?? 'INVARIANT_BROKEN';
  const message = error instanceof Error ? error.message : String(error);
  if (json) printOut(`${JSON.stringify({ error: { code, message, details: known?.details ?? {} } })}\n`);
  else
    process.stderr.write(`diptych: ${printableLines(message)}\n${known ? `  ${code}, explained in docs/errors.md\n` : ''}`);
  if (!known && process.env['DIPTYCH_DEBUG'] && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return known ? exitCodeOfError(known) : exitCodeOf(code);
}
