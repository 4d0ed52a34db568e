/** Results go to stdout: text for people, one JSON document with `--json`. */
import { printable } from './table.ts';

export interface OutputOptions {
  readonly json?: boolean;
  readonly progress?: 'auto' | 'live' | 'plain' | 'json' | 'none';
}

/** The real stdout, also after `guardCommand` has led all other writers to stderr. */
export const printOut: (text: string) => void = process.stdout.write.bind(process.stdout);

export function printResult(options: OutputOptions, data: unknown, text: () => string): void {
  printOut(options.json ? `${JSON.stringify(data, null, 2)}\n` : `${text()}\n`);
}

/** A message may quote files and plugins, and a terminal must not obey what they hold. */
export const printableLines = (text: string): string => text.split('\n').map(printable).join('\n');

export const note = (message: string): void => {
  process.stderr.write(`${printableLines(message)}\n`);
};
