/** More scorers over what a run collected, for `judge` and `detect`. */
import { extendRun } from '@diptych/core';
import type { PluginUse } from '@diptych/plugin-kit';
import { watched } from './run-study.ts';
import type { ScoreOptions, Scorers } from './score-options.ts';
import { loadStudyPlugins } from './wire.ts';

export async function scoreRun(
  runFolder: string,
  { kind, uses, baseFolder }: Pick<Scorers, 'kind'> & { readonly uses: readonly PluginUse[]; readonly baseFolder: string },
  options: ScoreOptions,
): Promise<void> {
  await watched(options, ({ signal, onEvent }) =>
    extendRun({
      runFolder,
      signal,
      onEvent,
      // Relative options of an extension are kept in the run's manifest, so they must not depend on where the user stood.
      loadAgain: (study, base) => loadStudyPlugins(study, options.study ? baseFolder : base, options),
      ...(kind === 'detector' ? { detectors: uses } : { safetyJudges: uses }),
    }),
  );
}
