/** What a step of the test command is, and the two plain kinds of it. */
import type { StepResult } from './results.ts';
import { runCommand } from './run-command.ts';

export interface Findings extends Omit<StepResult, 'step' | 'seconds'> {
  /** What the programs of a failed step printed; absent where it was shown as it came. */
  readonly output?: string;
}

export interface TestStep {
  readonly name: string;
  run(): Promise<Findings>;
}

/** A step that passes or fails as a whole. Its output is shown only when it fails. */
export const check = (name: string, ...command: string[]): TestStep => ({
  name,
  async run() {
    const { exitCode, output } = await runCommand(command);
    if (exitCode === 0) return { passed: 1, failed: 0, skipped: [], failures: [] };
    return { passed: 0, failed: 1, skipped: [], failures: [describeFailure(name, command, exitCode, output)], output };
  },
});

/** With the end of what the command printed: a log of CI may be read from its end alone. */
export function describeFailure(name: string, command: readonly string[], exitCode: number, output: string): string {
  const lines = output.trimEnd().split('\n');
  const end = lines.slice(-20).map((line) => `    ${line}`);
  return [`${name}: \`${command.join(' ')}\` ended with ${exitCode}`, ...end].join('\n');
}

export const skippedStep = (file: string, name: string, reason: string): Findings => ({
  passed: 0,
  failed: 0,
  skipped: [{ file, name, reason }],
  failures: [],
});
