import { join } from 'node:path';
import { DiptychError, type Needs, type WeightsRef } from '@diptych/plugin-kit';
import type { LicensedFile } from '../weights/licences.ts';
import { findPackage } from './resolve-plugin.ts';

/** What core asks of the weights cache; `openWeightsStore` gives one. */
export interface WeightsSource {
  /** Throws WEIGHTS_SOURCE_INVALID or WEIGHTS_LICENCE_NOT_ACCEPTED; contacts no network. */
  check(ref: WeightsRef, baseFolder: string): Promise<void>;
  /** Bytes with the pinned digest, fetched when not cached. */
  read(ref: WeightsRef, baseFolder: string): Promise<Uint8Array>;
  /** Whether the user accepted the licence of a file, now or before. */
  accepts(file: LicensedFile): Promise<boolean>;
  /** Whether the file is there; contacts no network. */
  status?(ref: WeightsRef, baseFolder: string): Promise<{ readonly isPresent: boolean }>;
  /** Fetches when not cached. Throws WEIGHTS_MISSING or WEIGHTS_DIGEST_MISMATCH. */
  ensure(ref: WeightsRef, baseFolder: string): Promise<void>;
}
export type Environment = Readonly<Record<string, string | undefined>>;

export interface NeedsContext {
  readonly baseFolder: string;
  readonly environment: Environment;
  readonly weightsStore: WeightsSource | undefined;
  /** Whether the app handed in a runtime at all. */
  readonly hasRuntime: boolean;
}

/** Everything about a plugin's needs that can be known without network, GPU or running its code. */
export async function checkNeeds(needs: Needs, context: NeedsContext): Promise<DiptychError[]> {
  const problems: DiptychError[] = [];
  for (const name of needs.secrets ?? []) {
    if (!context.environment[name]) {
      problems.push(
        new DiptychError('PLUGIN_SECRET_MISSING', `Expected the environment variable ${name}, it is not set. Set it.`),
      );
    }
  }
  for (const name of needs.packages ?? []) {
    if (!findPackage(name, import.meta.filename) && !findPackage(name, join(context.baseFolder, 'study.yaml'))) {
      problems.push(
        new DiptychError(
          'PLUGIN_PACKAGE_MISSING',
          `Expected the npm package ${name}, it is not installed. Run \`npm install ${name}\`.`,
        ),
      );
    }
  }
  if ((needs.runtime || needs.backend) && !context.hasRuntime) {
    problems.push(new DiptychError('PLUGIN_BACKEND_MISSING', 'Expected a runtime, none was given. Run `diptych doctor`.'));
  }
  const names = (needs.weights ?? []).map(({ name }) => name);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  // A plugin asks for weights by name: of two it would get the first in place of both.
  if (twice !== undefined)
    problems.push(
      new DiptychError('PLUGIN_INVALID', `Expected unique names in needs.weights, "${twice}" occurs twice. Rename one.`),
    );
  for (const ref of needs.weights ?? []) {
    const problem = await context.weightsStore?.check(ref, context.baseFolder).then(() => undefined, asDiptychError);
    if (problem) problems.push(problem);
    if (!context.weightsStore)
      problems.push(new DiptychError('WEIGHTS_MISSING', `Expected weights ${ref.name}, no weights cache was given.`));
  }
  return problems;
}

/** Ours as it is; anything else wrapped, since it came from code of a plugin. */
export function asDiptychError(error: unknown): DiptychError {
  if (error instanceof DiptychError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DiptychError('PLUGIN_INVALID', `Expected the plugin to be created, got: ${message}`, { cause: error });
}

const secretKey = /^(.*_)?(api_?key|secret|access_?token|auth_?token|token|password|passwd|credentials?)$/i;

/** Secrets come from the environment only: options land in the manifest, so anything that looks like one is refused. */
export function findSecretOptions(options: unknown, secretValues: readonly string[], path = ''): string[] {
  if (typeof options === 'string')
    return secretValues.some((value) => value.length >= 8 && options.includes(value)) ? [path] : [];
  if (typeof options !== 'object' || options === null) return [];
  return Object.entries(options).flatMap(([key, value]) => {
    const here = path ? `${path}.${key}` : key;
    const snake = key.replace(/([a-z])([A-Z])/g, '$1_$2');
    if (typeof value === 'string' && value !== '' && secretKey.test(snake)) return [here];
    return findSecretOptions(value, secretValues, here);
  });
}
