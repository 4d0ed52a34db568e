/**
 * Turns a study into running plugins. Every problem of every plugin is collected and thrown together, so that a
 * user cures a study in one round: first what can be known offline, then weights and runtime, then `create`.
 */
import {
  type AuthenticSet,
  DiptychError,
  type ErrorCode,
  type PluginKind,
  type PromptSet,
  type Rewriter,
  type RewriterTraits,
  type Runtime,
  type Study,
  type WeightsRef,
} from '@diptych/plugin-kit';
import { describeError } from '../text/describe-error.ts';
import { asDiptychError } from './check-needs.ts';
import { backendMissing, type Candidate, createPlugin, redactorOf, standIn } from './create-plugin.ts';
import { type AddProblem, findCandidates } from './find-candidates.ts';
import type { LoadPluginsOptions } from './load-options.ts';
import type {
  LoadedDetector,
  LoadedGenerator,
  LoadedJudge,
  LoadedPlugin,
  LoadedPromptRater,
  LoadedStudy,
} from './loaded-study.ts';
import { referenceFaults } from './study-references.ts';

export interface PluginProblem {
  /** `kind/alias`. */
  readonly plugin: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** Kinds that only list what they have; a plan needs them. */
const listedKinds: readonly PluginKind[] = ['prompt-set', 'authentic-set'];

/** Rejects with PLUGIN_PROBLEMS, whose `details.problems` is a `PluginProblem[]`. */
export async function loadPlugins(options: LoadPluginsOptions): Promise<LoadedStudy> {
  const problems: PluginProblem[] = [];
  let candidates: readonly Candidate[] = [];
  const add = (kind: PluginKind, alias: string, error: unknown): void => {
    const fault = asDiptychError(error);
    const secrets = candidates.flatMap(({ needs }) => needs.secrets ?? []);
    const { redact } = redactorOf(secrets, options.environment ?? process.env);
    problems.push({ plugin: `${kind}/${alias}`, code: fault.code, message: redact(fault.message) });
  };
  candidates = await findCandidates(options, add);
  checkStudyRules(options.study, candidates, problems);
  throwProblems(problems);
  if (options.purpose === 'plan') candidates = await withMissingWeights(options, candidates, add);
  else await fetchWeights(options, candidates, add);
  throwProblems(problems);
  return createAll(options, candidates, problems, add);
}

function checkStudyRules(study: Study, candidates: readonly Candidate[], problems: PluginProblem[]): void {
  const seen = new Set<string>();
  for (const { kind, alias } of candidates) {
    const key = `${kind}/${alias}`;
    if (seen.has(key))
      problems.push({
        plugin: key,
        code: 'STUDY_INVALID',
        message: `Expected unique names, ${alias} occurs twice. Give one of them another name with \`as\`.`,
      });
    seen.add(key);
  }
  const highest = Math.max(...study.levels);
  const rewriter = candidates.find(({ kind }) => kind === 'rewriter');
  const reach = rewriter ? Number(rewriter.found.plugin.maxLevel) : 0;
  if (highest > reach && !(study.rewriter && !rewriter)) {
    const got = rewriter ? `${rewriter.alias} reaches ${reach}` : 'the study has no rewriter';
    problems.push({
      plugin: `rewriter/${rewriter?.alias ?? 'none'}`,
      code: 'STUDY_INVALID',
      message: `Expected a rewriter for level ${highest}, ${got}. Lower \`levels\` or name another rewriter.`,
    });
  }
  // Judges that were not found have a problem of their own; their names count as known here.
  const judges = new Set([
    ...candidates.filter(({ kind }) => kind === 'safety-judge').map(({ alias }) => alias),
    ...study.safetyJudges.map(({ as, use }) => as ?? use.split('/').at(-1)!),
  ]);
  for (const { place, message } of referenceFaults(study, [...judges]))
    problems.push({ plugin: place, code: 'STUDY_INVALID', message });
}

function throwProblems(problems: readonly PluginProblem[]): void {
  if (problems.length === 0) return;
  const lines = problems.map(({ plugin, code, message }) => `  ${plugin}: ${code}: ${message}`);
  throw new DiptychError(
    'PLUGIN_PROBLEMS',
    `Expected every plugin of the study to be usable, found ${problems.length} problem(s):\n${lines.join('\n')}\nNothing was run.`,
    { details: { problems } },
  );
}

async function fetchWeights(
  { weightsStore, baseFolder }: LoadPluginsOptions,
  candidates: readonly Candidate[],
  add: AddProblem,
): Promise<void> {
  for (const { kind, alias, needs } of candidates) {
    for (const ref of needs.weights ?? [])
      await weightsStore?.ensure(ref, baseFolder).catch((error: unknown) => add(kind, alias, error));
  }
}

/** Which plugins a plan has to do without until weights are fetched. A file of the user's own is never fetched: its absence is a problem. */
function withMissingWeights(
  { weightsStore, baseFolder }: LoadPluginsOptions,
  candidates: readonly Candidate[],
  add: AddProblem,
): Promise<Candidate[]> {
  return Promise.all(
    candidates.map(async (candidate) => {
      const isListed = listedKinds.includes(candidate.kind) || candidate.found.plugin.mode === 'existing';
      const missing: WeightsRef[] = [];
      for (const ref of candidate.needs.weights ?? [])
        if ((await weightsStore?.status?.(ref, baseFolder))?.isPresent === false) missing.push(ref);
      for (const ref of missing.filter(({ source }) => source.startsWith('file:')))
        await weightsStore?.ensure(ref, baseFolder).catch((error: unknown) => add(candidate.kind, candidate.alias, error));
      return missing.length > 0 && !isListed ? { ...candidate, missingWeights: missing } : candidate;
    }),
  );
}

async function createAll(
  options: LoadPluginsOptions,
  candidates: readonly Candidate[],
  problems: PluginProblem[],
  add: AddProblem,
): Promise<LoadedStudy> {
  const stack = new AsyncDisposableStack();
  let runtime: Runtime | undefined;
  if (candidates.some(({ needs, missingWeights }) => !missingWeights && (needs.runtime || needs.backend))) {
    try {
      runtime = stack.use(await options.runtime!());
    } catch (error) {
      for (const { kind, alias, needs } of candidates)
        if (needs.runtime || needs.backend) add(kind, alias, backendMissing(needs, describeError(error)));
    }
  }
  const loaded: LoadedPlugin[] = [];
  for (const candidate of candidates) {
    if (candidate.missingWeights) {
      loaded.push(standIn(candidate, candidate.missingWeights));
      continue;
    }
    if ((candidate.needs.runtime || candidate.needs.backend) && !runtime) continue;
    try {
      loaded.push(await createPlugin(options, candidate, runtime, stack));
    } catch (error) {
      add(candidate.kind, candidate.alias, error);
    }
  }
  if (problems.length > 0) await stack.disposeAsync();
  throwProblems(problems);
  return assemble(options, { loaded, candidates, runtime }, stack);
}

interface Created {
  readonly loaded: readonly LoadedPlugin[];
  readonly candidates: readonly Candidate[];
  readonly runtime: Runtime | undefined;
}

function assemble(
  options: LoadPluginsOptions,
  { loaded, candidates, runtime }: Created,
  stack: AsyncDisposableStack,
): LoadedStudy {
  const environment = options.environment ?? process.env;
  const ofKind = <T>(kind: PluginKind): T[] => loaded.filter((plugin) => plugin.kind === kind) as T[];
  const generators = ofKind<LoadedGenerator>('generator').map(
    (plugin) => ({ ...plugin, mode: plugin.plugin.mode }) as LoadedGenerator,
  );
  return {
    study: options.study,
    baseFolder: options.baseFolder,
    generators,
    promptSets: ofKind<LoadedPlugin<PromptSet>>('prompt-set'),
    rewriter: ofKind<LoadedPlugin<Rewriter, RewriterTraits>>('rewriter')[0],
    promptRaters: ofKind<LoadedPromptRater>('prompt-rater'),
    judges: ofKind<LoadedJudge>('safety-judge'),
    detectors: ofKind<LoadedDetector>('detector'),
    authenticSets: ofKind<LoadedPlugin<AuthenticSet>>('authentic-set'),
    runtime: runtime?.info ?? null,
    resolved: loaded.map((plugin) => plugin.resolved),
    accepts: async (file) => (await options.weightsStore?.accepts(file)) ?? false,
    ...redactorOf(
      candidates.flatMap(({ needs }) => needs.secrets ?? []),
      environment,
    ),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
