/**
 * Stdout belongs to the result of a command: one text, or with `--json` one document. Whatever else writes there, such
 * as a plugin that prints, is led to stderr. A reader that leaves early (`| head -1`) is no fault.
 */
import { DiptychError } from '@diptych/plugin-kit/runtime';
import { reportError } from './report-error.ts';
import { printOut } from './result.ts';

let isClaimed = false;

/** From here on only `printOut` reaches stdout. */
function claimStdout(): void {
  if (isClaimed) return;
  isClaimed = true;
  process.stdout.write = process.stderr.write.bind(process.stderr) as typeof process.stdout.write;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.stderr.write(`diptych: cannot write the result: ${error.message}\n`);
    leave(error.code === 'EPIPE' ? Number(process.exitCode ?? 0) : 3);
  });
  // Nobody reads the progress any more; the run goes on.
  process.stderr.on('error', () => undefined);
}

let isEnded = true;

type FaultOfThrown = (error: unknown) => DiptychError | 'taken' | undefined;
let faultOfThrown: FaultOfThrown = () => undefined;

/** Core, which is not loaded before it is needed, knows which plugin threw, and whether a run stops for it. */
export function askBeforeLeaving(ask: FaultOfThrown): void {
  faultOfThrown = ask;
}

function leave(code: number): never {
  isEnded = true;
  process.exit(code);
}

/** Turns whatever ends a command without its result into a message and an exit code: `process.exit` in a plugin, an error thrown outside of any call, a promise that never settles. */
export function guardCommand(json: boolean): { end(): void } {
  claimStdout();
  isEnded = false;
  process.on('exit', (code) => {
    // 130: a second Ctrl-C leaves at once, on purpose.
    if (isEnded || code === 130) return;
    isEnded = true;
    const how = code === 0 ? '' : ` with exit code ${code}`;
    process.exitCode = reportError(
      new DiptychError(
        'PLUGIN_BROKE_CONTRACT',
        `Expected a result, the process ended${how} before there was one: a plugin called process.exit or waits for what never comes. Correct the plugin; what a run finished is kept for \`diptych resume\`.`,
      ),
      json,
    );
  });
  process.on('uncaughtException', (error: unknown) => {
    const known = faultOfThrown(error);
    if (known === 'taken') return;
    if (known !== undefined) leave(reportError(known, json));
    const cause = error instanceof Error ? error.message : 'a value that is no error';
    const fault = new DiptychError(
      'INVARIANT_BROKEN',
      `Expected every error to be thrown inside a call, one was thrown outside: ${cause}. Correct the plugin that throws it after its answer, or report it; what a run finished is kept for \`diptych resume\`.`,
      { cause: error },
    );
    leave(reportError(fault, json));
  });
  return {
    end() {
      isEnded = true;
    },
  };
}

/** A usage error as the one document that `--json` promises; commander has said it in words on stderr. */
export const printUsageError = (message: string): void =>
  printOut(`${JSON.stringify({ error: { code: 'USAGE', message, details: {} } })}\n`);
