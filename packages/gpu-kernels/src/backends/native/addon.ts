/** Loads the Rust addon through the loader that napi-rs generates. Plans cross N-API as JSON once, numbers as typed arrays. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { DiptychError } from '@diptych/plugin-kit/runtime';

export type { CompiledPlan, RasterImage, StoredWeight } from '../../../native/addon/loader.gen.cjs';

/** What the backend uses of the addon. Errors are thrown with a message that starts with an error code and a colon. */
export type Addon = Pick<typeof import('../../../native/addon/loader.gen.cjs'), (typeof used)[number]>;

const used = ['version', 'cpuName', 'bfloat16Parts', 'checkPlan', 'compilePlan', 'disposePlan'] as const;

const packageFolder = new URL('../../../', import.meta.url);
const generatedLoader = fileURLToPath(new URL('native/addon/loader.gen.cjs', packageFolder));

/**
 * The addon that was built here, else the npm package of this platform. Throws BACKEND_UNAVAILABLE with the reason where
 * neither is there, where it does not load, or where it is of another version than this code.
 */
export function loadAddon(loader = generatedLoader, canBuild = existsSync(new URL('native/kernels', packageFolder))): Addon {
  let addon: Partial<Addon>;
  try {
    addon = createRequire(import.meta.url)(loader) as Addon;
  } catch (cause) {
    throw unavailable(cause, canBuild);
  }
  const cure = canBuild
    ? 'run `npm run setup` to build it anew'
    : 'install its package in the version of @diptych/gpu-kernels';
  const missing = used.filter((name) => typeof addon[name] !== 'function');
  const [theirs, ours] = [addon.version?.() ?? 'unknown', ownVersion()];
  if (missing.length === 0 && theirs === ours) return addon as Addon;
  const lacks = missing.length === 0 ? '' : `, it lacks ${missing.join(', ')}`;
  throw new DiptychError('BACKEND_UNAVAILABLE', `addon is of version ${theirs}, not ${ours}${lacks}: ${cure}`);
}

const ownVersion = (): string =>
  (JSON.parse(readFileSync(new URL('package.json', packageFolder), 'utf8')) as { readonly version: string }).version;

/** The loader reports each place where it looked as the cause of the next; its own advice is about npm. */
function unavailable(cause: unknown, canBuild: boolean): DiptychError {
  const reasons = causesOf(cause).map(({ message }) => message.split('\n')[0]!);
  const broken = reasons.find((reason) => !/^Cannot find (module|native binding)/.test(reason));
  if (broken !== undefined) {
    const cure = canBuild ? 'run `npm run setup` to build it for this machine' : 'install the package of this platform';
    return new DiptychError('BACKEND_UNAVAILABLE', `addon does not load: ${broken}; ${cure}`, { cause });
  }
  const [, name] =
    reasons.map((reason) => /'(@diptych\/(?!.*-wasm32)[^'/]+)/.exec(reason)).find((found) => found !== null) ?? [];
  const absent = `addon absent: the package ${name ?? 'of this platform'} is not installed`;
  return new DiptychError(
    'BACKEND_UNAVAILABLE',
    canBuild
      ? `${absent}, and none was built here: run \`npm run setup\` with cargo installed`
      : `${absent}; install it beside @diptych/gpu-kernels, in the same version`,
    { cause },
  );
}

function causesOf(error: unknown): readonly Error[] {
  return error instanceof Error ? [...causesOf(error.cause), error] : [];
}
