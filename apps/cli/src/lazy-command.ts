/** A command's module is imported when the command runs. */
import type { Command } from 'commander';

type Action = (...arguments_: never[]) => Promise<void>;
type CommandModule = { readonly default: Action };

/** Imports the command's module on first use and turns whatever it throws into a message and an exit code. */
export function lazy(load: () => Promise<CommandModule>) {
  return async (...parameters: unknown[]): Promise<void> => {
    // commander appends the Command itself; the options before it are merged with the global ones.
    const command = parameters.pop() as Command;
    parameters[parameters.length - 1] = command.optsWithGlobals();
    const json = Boolean(command.optsWithGlobals()['json']);
    const { guardCommand } = await import('./output/streams.ts');
    const guard = guardCommand(json);
    try {
      await ((await load()).default as (...values: unknown[]) => Promise<void>)(...parameters);
    } catch (error) {
      const { reportError } = await import('./output/report-error.ts');
      process.exitCode = reportError(await named(error), json);
    }
    guard.end();
  };
}

/** What the machine failed at outside of any call, such as to open a journal, gets its code; where not even this can be loaded, it keeps its words. */
async function named(error: unknown): Promise<unknown> {
  const { isDiptychError } = await import('@diptych/plugin-kit/runtime');
  if (isDiptychError(error)) return error;
  const core = await import('@diptych/core').catch(() => undefined);
  return core?.systemFault(error) ?? error;
}
