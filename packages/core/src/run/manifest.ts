import { join, relative, resolve } from 'node:path';
import {
  DiptychError,
  type Manifest,
  manifestSchema,
  readableFormats,
  runFormatVersion,
  type Study,
} from '@diptych/plugin-kit';
import { IrregularFile, readRegularText } from '../files/regular-file.ts';
import { writeDurably } from '../files/write-durably.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import type { LoadedStudy } from '../plugins/loaded-study.ts';
import { canonicalJson, sha256Hex } from '../text/canonical-json.ts';
import { describeError, systemCode } from '../text/describe-error.ts';
import { describeIssues } from '../text/describe-issues.ts';
import { diptychVersion } from '../version.ts';

/** SHA-256 in hex of the study's canonical JSON, all defaults filled in: equal where studies are. */
export const studyDigest = (study: Study): string => sha256Hex(canonicalJson(study));

/** What is known of the runtime once every plugin has loaded its networks. */
export const recordedRuntime = ({ runtime }: LoadedStudy): Manifest['runtime'] =>
  runtime === null ? null : (structuredClone(runtime) as Manifest['runtime']);

/** Manifests of older releases say `1 threads`. */
const sameWords = (adapter: string): string => adapter.replace(/\b1 threads$/, '1 thread');

/** The same with the runtime of a call that goes on with the run; itself where it is one that the manifest knows. */
export function withRuntime(manifest: Manifest, loaded: LoadedStudy): Manifest {
  const now = recordedRuntime(loaded);
  if (now === null) return manifest;
  if (manifest.runtime === null) return { ...manifest, runtime: now };
  const { laterRuntimes = [] } = manifest;
  const isNow = ({ backend, adapter, precision = 'f32' }: typeof now): boolean =>
    backend === now.backend && sameWords(adapter) === sameWords(now.adapter) && precision === (now.precision ?? 'f32');
  return [manifest.runtime, ...laterRuntimes].some(isNow)
    ? manifest
    : { ...manifest, laterRuntimes: [...laterRuntimes, now] };
}

/** Everything that affects a result, before the first call is made. */
export function createManifest(id: string, loaded: LoadedStudy, plan: RunPlan, runFolder: string): Manifest {
  return {
    format: runFormatVersion,
    id,
    createdAt: new Date().toISOString(),
    diptych: diptychVersion,
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    study: loaded.study,
    studyDigest: studyDigest(loaded.study),
    baseFolder: relative(resolve(runFolder), loaded.baseFolder) || '.',
    plugins: [...plan.plugins],
    runtime: recordedRuntime(loaded),
    ...(plan.shard ? { shard: plan.shard } : {}),
    planned: { samples: plan.samples, authentic: plan.authentic.length },
  };
}

/** On the disk when it resolves, whole or not at all. Rejects with STORE_WRITE_FAILED. */
export async function writeManifest(runFolder: string, manifest: Manifest): Promise<void> {
  const path = join(runFolder, 'manifest.json');
  await writeDurably(path, `${JSON.stringify(manifestSchema.parse(manifest), null, 2)}\n`).catch((cause: unknown) => {
    throw new DiptychError(
      'STORE_WRITE_FAILED',
      `Expected to write ${path}, got: ${describeError(cause)}. Free space or rights, then try again.`,
      { cause },
    );
  });
}

const isReadable = (format: number): boolean => (readableFormats as readonly number[]).includes(format);

/** Rejects with RUN_NOT_FOUND, RUN_FORMAT_UNSUPPORTED or MANIFEST_INVALID. */
export async function readManifest(runFolder: string): Promise<Manifest> {
  const path = join(runFolder, 'manifest.json');
  const text = await readRegularText(path).catch((cause: unknown) => {
    const why =
      systemCode(cause) === 'ENOENT'
        ? 'it has no manifest.json'
        : cause instanceof IrregularFile
          ? `its manifest.json is ${cause.message}`
          : describeError(cause);
    throw new DiptychError('RUN_NOT_FOUND', `Expected ${runFolder} to be a run folder, ${why}. Give the path of a run.`, {
      cause,
    });
  });
  let value: { format?: unknown } | null;
  try {
    value = JSON.parse(text) as { format?: unknown } | null;
  } catch (cause) {
    throw new DiptychError(
      'MANIFEST_INVALID',
      `Expected ${path} to be JSON, got: ${describeError(cause)}. Restore it from a copy.`,
      { cause },
    );
  }
  if (typeof value?.format === 'number' && !isReadable(value.format)) {
    throw new DiptychError(
      'RUN_FORMAT_UNSUPPORTED',
      `Expected run format ${readableFormats.join(' or ')} in ${path}, got ${value.format}. Use the release that wrote it.`,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DiptychError(
    'MANIFEST_INVALID',
    `Expected ${path} to match the manifest schema: ${describeIssues(parsed.error)}. Restore it from a copy.`,
  );
}

/** The study and its folder as a run recorded them, to resume or replay it. */
export function studyFromManifest(
  manifest: Manifest,
  runFolder: string,
): { readonly study: Study; readonly baseFolder: string } {
  return { study: manifest.study, baseFolder: resolve(runFolder, manifest.baseFolder ?? '.') };
}

/** Throws RUN_CHANGED when plugins, weights or inputs are no longer those of the manifest: two halves of a run must be one run. */
export function checkUnchanged(manifest: Manifest, plan: RunPlan, runtime: Manifest['runtime']): void {
  const now = new Map(plan.plugins.map((plugin) => [`${plugin.kind}/${plugin.as}`, plugin]));
  const changes = manifest.plugins.flatMap((before) => {
    const key = `${before.kind}/${before.as}`;
    const after = now.get(key);
    if (!after) return [`${key} is gone`];
    if (after.packageVersion !== before.packageVersion)
      return [`${key} was ${before.packageVersion}, is ${after.packageVersion}`];
    if (after.digest !== before.digest) return [`the input of ${key} has another digest`];
    if (before.listDigest !== undefined && after.listDigest !== before.listDigest) return [`what ${key} lists differs`];
    if (canonicalJson(after.weights) !== canonicalJson(before.weights)) return [`the weights of ${key} differ`];
    if (canonicalJson(after.options) !== canonicalJson(before.options)) return [`the options of ${key} differ`];
    if (canonicalJson(after.facts ?? {}) !== canonicalJson(before.facts ?? {}))
      return [`what ${key} says of itself differs, such as the model behind it`];
    return [];
  });
  // Backends agree within a tolerance, so that a lost GPU does not end a run; half precision is another computation.
  const [before, after] = [manifest.runtime, runtime].map((each) => each && (each.precision ?? 'f32'));
  if (before && after && before !== after) changes.push(`networks were computed in ${before}, now in ${after}`);
  if (manifest.planned.samples !== plan.samples)
    changes.push(`${manifest.planned.samples} samples were planned, now ${plan.samples}`);
  if (manifest.planned.authentic !== plan.authentic.length)
    changes.push(`${manifest.planned.authentic} authentic images were planned, now ${plan.authentic.length}`);
  if (changes.length === 0) return;
  throw new DiptychError(
    'RUN_CHANGED',
    `Expected what the run started with, found changes: ${changes.join('; ')}. Restore it, or start a new run.`,
    { details: { changes } },
  );
}
