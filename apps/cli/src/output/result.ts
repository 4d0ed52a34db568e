/** Results go to stdout: text for people, one JSON document with `--json`. */
export interface OutputOptions {
  readonly json?: boolean;
  readonly progress?: 'auto' | 'live' | 'plain' | 'json' | 'none';
}

export function printResult(options: OutputOptions, data: unknown, text: () => string): void {
  process.stdout.write(options.json ? `${JSON.stringify(data, null, 2)}\n` : `${text()}\n`);
}

export const note = (message: string): void => {
  process.stderr.write(`${message}\n`);
};
