/** Loading of studies with a detector that is made for a test. */
import { DiptychError, defineDetector, type Needs, type PluginContext, type StudyInput } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { LoadPluginsOptions } from '../plugins/load-options.ts';
import { loadPlugins, type PluginProblem } from '../plugins/load-plugins.ts';
import { parseStudyValue } from '../study/load-study.ts';
import { fakeRegistry } from './fake-plugins.ts';

const study = (input: Partial<StudyInput>) =>
  parseStudyValue({ name: 'test', promptSets: ['counted'], generators: ['fake'], ...input });
/** Loads a study over the fakes that has the given parts. */
export const load = (input: Partial<StudyInput>, options: Partial<LoadPluginsOptions> = {}) =>
  loadPlugins({ study: study(input), baseFolder: '/', registry: fakeRegistry, environment: {}, ...options });

/** A detector with the given needs that does what is asked on creation. */
export const needy = (needs: Needs, create: (context: PluginContext) => unknown = () => undefined, name = 'needy') =>
  defineDetector({
    name,
    summary: 'For this test.',
    trainedOn: [],
    control: false,
    options: z.looseObject({}),
    needs,
    async create(_options, context) {
      await create(context);
      return { maxBatch: 1, detect: async () => [] };
    },
  });
/** `detector/needy` beside the fakes. */
export const registryWith = (plugin: unknown) => ({ ...fakeRegistry, 'detector/needy': async () => ({ default: plugin }) });

/** Those that loading ends with; throws where the study loads, or fails of anything else. */
export async function problemsOf(loading: Promise<unknown>): Promise<readonly PluginProblem[]> {
  const fault = await loading.then(
    () => new Error('the study loaded, though a problem was expected'),
    (error: unknown) => error,
  );
  if (!(fault instanceof DiptychError) || fault.code !== 'PLUGIN_PROBLEMS') throw fault;
  return fault.details.problems as PluginProblem[];
}
