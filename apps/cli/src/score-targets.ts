/** What `judge` and `detect` share: more scorers over a finished run, or over single images without any run. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOfReason, type FileScores, loadStudy, scoreFiles, studyOfScorers } from '@diptych/core/scorers';
import {
  DiptychError,
  exitCodeOf,
  needsOf,
  type Plugin,
  type PluginKind,
  type PluginUse,
  type Study,
  studySchema,
} from '@diptych/plugin-kit';
import { builtInPlugins } from './built-in-plugins.ts';
import { note, printResult } from './output/result.ts';
import { printable } from './output/table.ts';
import type { ScoreOptions, Scorers } from './score-options.ts';
import { interruptSignal } from './signals.ts';
import { loadStudyPlugins } from './wire.ts';

async function isRunFolder(path: string): Promise<boolean> {
  return stat(join(path, 'manifest.json')).then(
    (found) => found.isFile(),
    () => false,
  ); // absent is the answer, not a fault
}

/** Images never leave the machine, and nothing is paid, unless the user named the plugin that does it. */
function callsService(plugin: Plugin, options: unknown): boolean {
  const { hosts = [], secrets = [] } = needsOf(plugin, options);
  return hosts.length > 0 || secrets.length > 0;
}

/** Every built-in plugin of the kind that needs no option and no service, but for those that only read simulated pictures. */
export async function defaultUses(kind: PluginKind): Promise<PluginUse[]> {
  const plugins: (Plugin & { simulated?: boolean })[] = await builtInPlugins(kind);
  return plugins
    .filter((plugin) => {
      if (plugin.simulated || plugin.name.includes('simulated')) return false;
      const parsed = plugin.options.safeParse({});
      return parsed.success && !callsService(plugin, parsed.data);
    })
    .map(({ name }) => ({ use: name, options: {} }));
}

/** Those of a study that are named, by the names they have there. */
export function namedUses(uses: readonly PluginUse[], names: readonly string[], study: string): PluginUse[] {
  const known = uses.map(({ use, as }) => as ?? use);
  return names.map((name) => {
    const found = uses[known.indexOf(name)];
    if (found) return found;
    throw new DiptychError(
      'USAGE',
      `Expected --with to name plugins of ${study}, which has ${known.join(', ') || 'none'}, received "${name}". Correct it, or leave out --study.`,
    );
  });
}

async function chosenUses(kind: Scorers['kind'], options: ScoreOptions): Promise<{ uses: PluginUse[]; baseFolder: string }> {
  const names = options.with
    ?.split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (options.study !== undefined) {
    const { study, baseFolder } = await loadStudy(options.study);
    const uses = kind === 'detector' ? study.detectors : study.safetyJudges;
    return { uses: names ? namedUses(uses, names, options.study) : uses, baseFolder };
  }
  return { uses: names ? names.map((use) => ({ use, options: {} })) : await defaultUses(kind), baseFolder: process.cwd() };
}

/** A study is only the carrier of the scorers here; it never runs a generator. */
function carrierStudy(kind: Scorers['kind'], uses: readonly PluginUse[]): Study {
  const study = studySchema.parse({ name: 'single-images', generators: ['folder'] });
  return studyOfScorers(kind === 'detector' ? { study, detectors: uses } : { study, safetyJudges: uses });
}

export async function scoreTargets(
  targets: readonly string[],
  { kind, render }: Scorers,
  options: ScoreOptions,
): Promise<void> {
  const { uses, baseFolder } = await chosenUses(kind, options);
  const runs = await Promise.all(targets.map(isRunFolder));
  const [first] = targets;
  if (runs.some(Boolean)) {
    if (targets.length > 1 || first === undefined)
      throw new DiptychError(
        'USAGE',
        `Expected one run folder, or images, received ${targets.length} targets with a run among them. Score each run by itself.`,
      );
    const { scoreRun } = await import('./score-run.ts'); // it brings all of runs and reports
    await scoreRun(resolve(first), { kind, uses, baseFolder }, options);
    return;
  }
  await scoreImages(targets, { uses, baseFolder, kind, render }, options);
}

/** That of the first fault: a file's own, else a scorer's, which ends in `error` or `timeout`. An abstention is an answer. */
export function exitCodeOfFiles(files: readonly FileScores[]): number {
  const unread = files.find(({ error }) => error)?.error;
  if (unread) return exitCodeOf(unread.code);
  const failed = files
    .flatMap(({ verdicts, detections }) => [...verdicts, ...detections])
    .find(({ status }) => status === 'error' || status === 'timeout');
  if (failed === undefined) return 0;
  const code = codeOfReason(failed.reason ?? '');
  return code === undefined ? 3 : exitCodeOf(code);
}

const toldEveryMs = 10_000;

/** All results, with a line every ten seconds, since the table comes at the end. */
export async function told(
  results: AsyncIterable<FileScores>,
  { json, progress }: Pick<ScoreOptions, 'json' | 'progress'>,
  { say, now }: { say: (line: string) => void; now: () => number } = { say: note, now: Date.now },
): Promise<FileScores[]> {
  const files: FileScores[] = [];
  let toldAt = now();
  for await (const result of results) {
    files.push(result);
    if (json || progress === 'none' || now() - toldAt < toldEveryMs) continue;
    toldAt = now();
    say(`${files.length} files done, the last ${printable(result.path)}`);
  }
  return files;
}

async function scoreImages(
  paths: readonly string[],
  scorers: Scorers & { uses: readonly PluginUse[]; baseFolder: string },
  options: ScoreOptions,
): Promise<void> {
  const interrupt = interruptSignal();
  try {
    await using loaded = await loadStudyPlugins(carrierStudy(scorers.kind, scorers.uses), scorers.baseFolder, options);
    const onWarning = (subject: string, message: string): void =>
      note(`warning: ${printable(subject)}: ${printable(message)}`);
    const files = await told(scoreFiles({ paths, loaded, signal: interrupt.signal, onWarning }), options);
    printResult(options, { files }, () => scorers.render(files));
    // A file that could not be read or scored is a result in the table; the exit code says that something was wrong.
    process.exitCode = exitCodeOfFiles(files);
  } finally {
    interrupt.release();
  }
}
