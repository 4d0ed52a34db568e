/** Options that all worker plugins share: what to run, with which environment, and how long to wait. */
import { resolve } from 'node:path';
import type { Needs, PluginContext } from '@diptych/plugin-kit';
import { z } from 'zod';
import { hubHosts } from '../hub-hosts.ts';
import { childEnvironment } from './child-environment.ts';
import type { WorkerKind } from './protocol.ts';
import { pythonFolder } from './ready-workers.ts';
import { WorkerHost } from './worker-host.ts';

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/, 'Expected the name of an environment variable.');
const seconds = z.number().positive().max(604_800);
const program = z.string().min(1).max(4096);

export const workerFields = {
  /** The program with its arguments. A first word with a slash is relative to the study file. */
  command: z.array(program).min(1).max(200).optional(),
  /** A Python script, relative to the study file; it finds the SDK by itself. */
  script: program.optional(),
  /** The interpreter for `script` or `model`, such as `.venv/bin/python`. One with a slash is relative to the study file. */
  python: program.default('python3'),
  args: z.array(z.string().max(4096)).max(200).default([]),
  /** Names of further environment variables to hand over; secrets belong under `secrets`. */
  environment: z.array(variable).max(50).default([]),
  /** Names of environment variables with secrets to hand over, such as HF_TOKEN for a gated model. */
  secrets: z.array(variable).max(20).default([]),
  /** Lets the worker fetch weights from the Hugging Face hub. Without it the hub's libraries stay offline. */
  download: z.boolean().default(false),
  /** Until the process has said what it is. */
  startSeconds: seconds.default(60),
  /** Until the model is loaded; it counts from the first call. */
  loadSeconds: seconds.default(3600),
  /** One call, without loading. A worker that takes longer is ended and started again. */
  callSeconds: seconds.default(1800),
  /** After a cancelled call. */
  cancelSeconds: seconds.default(10),
  /** Starts again after a crash or a hang, and loads again after a failed one, in a row without a good answer between them. */
  restarts: z.int().min(0).max(100).default(3),
  /** Workers with the same word, such as `gpu0`, are loaded one at a time: one waits until the other was idle. */
  turn: z.string().min(1).max(100).optional(),
  turnIdleSeconds: seconds.default(15),
};

const shape = z.strictObject(workerFields);
export type WorkerFields = z.output<typeof shape>;

/** Exactly one of the ways to say what to run. */
export const oneWay = (options: Partial<Record<'command' | 'script' | 'model', unknown>>): boolean =>
  [options.command, options.script, options.model].filter((way) => way !== undefined).length === 1;
export const oneWayMessage = 'Expected exactly one of `model`, `command` and `script` (judges and detectors: the last two).';

export function workerNeeds({ secrets, download }: Pick<WorkerFields, 'secrets' | 'download'>): Needs {
  return { secrets, ...(download ? { hosts: hubHosts } : {}) };
}

/** What is run for the options: the command line, and the script where there is one. */
function commandOf(
  { command, script, python, args }: Pick<WorkerFields, 'command' | 'script' | 'python' | 'args'>,
  baseFolder: string,
): { command: string; args: string[]; script?: string } {
  const program = (word: string): string => (/[\\/]/.test(word) ? resolve(baseFolder, word) : word);
  if (command !== undefined) return { command: program(command[0]!), args: [...command.slice(1), ...args] };
  const path = resolve(baseFolder, script!);
  return { command: program(python), args: [path, ...args], script: path };
}

export function openWorker(
  options: WorkerFields,
  kind: WorkerKind,
  { baseFolder, log, secret }: PluginContext,
): Promise<WorkerHost> {
  const found = commandOf(options, baseFolder);
  const environment = childEnvironment(process.env, {
    names: options.environment,
    values: Object.fromEntries(options.secrets.map((name) => [name, secret(name)])),
    download: options.download,
  });
  return WorkerHost.open({
    ...found,
    // The SDK is importable by name from anywhere.
    environment: { ...environment, PYTHONPATH: [pythonFolder, environment.PYTHONPATH].filter(Boolean).join(':') },
    shown: options.script ?? options.command!.join(' ').slice(0, 200),
    kind,
    workingFolder: baseFolder,
    helloMs: options.startSeconds * 1000,
    loadMs: options.loadSeconds * 1000,
    callMs: options.callSeconds * 1000,
    cancelGraceMs: options.cancelSeconds * 1000,
    endGraceMs: 10_000,
    restarts: options.restarts,
    turn: options.turn,
    turnIdleMs: options.turnIdleSeconds * 1000,
    log,
  });
}
