/** Finds and loads the Rust addon. Its surface is small: plans cross N-API as JSON once, numbers as typed arrays. */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DiptychError } from '@diptych/plugin-kit/runtime';

export interface AddonImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
  readonly view?: number;
  /** Read where it is until the run has ended, in place of a copy made at its start. */
  readonly isLent?: boolean;
}

/** Float32 as matrices `[rows][columns]`, which the weight holds turned: bytes in memory, or `length` bytes of a file. */
export interface AddonWeight {
  readonly bytes?: Uint8Array;
  readonly path?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly rows: number;
  readonly columns: number;
}

export interface CompiledPlan {
  /** Tensors in the order of sorted input names, images in the order of image steps; outputs in the order of sorted names. */
  run(items: number, tensors: readonly Float32Array[], images: readonly (readonly AddonImage[])[]): Promise<Float32Array[]>;
  /** Milliseconds that each step took in all runs so far, of all threads together, by the value it writes. */
  stepMilliseconds(): number[];
}

/** What the addon exports. Errors are thrown with a message that starts with an error code and a colon. */
export interface Addon {
  cpuName(): string;
  /** Precisions that are faster than `f32` on this processor: 0 none, 1 `bf16`, 2 `bf16` and `bf16x2`. */
  bfloat16Parts(): number;
  /** JSON list of `{ step, op, reason }`: what the addon cannot run. */
  checkPlan(planJson: string): string;
  /** Weights in the order of `plan.weights`, read while this runs and not kept; 0 threads means all cores. */
  compilePlan(
    planJson: string,
    weights: readonly AddonWeight[],
    threads: number,
    precision: 'f32' | 'bf16' | 'bf16x2',
  ): CompiledPlan;
  /** Frees its weights and buffers, now or when its runs under way have ended. It cannot be run again. */
  disposePlan(plan: CompiledPlan): void;
}

/** What one that was built here before the sources changed may lack. */
const exported = [
  'cpuName',
  'bfloat16Parts',
  'checkPlan',
  'compilePlan',
  'disposePlan',
] as const satisfies readonly (keyof Addon)[];

/** What napi-rs calls a platform: `linux-x64-gnu`, `linux-arm64-musl`, `darwin-arm64`, `win32-x64-msvc`. */
export function addonTarget(): string {
  const abi = process.platform === 'linux' ? (hasGlibc() ? 'gnu' : 'musl') : process.platform === 'win32' ? 'msvc' : '';
  return [process.platform, process.arch, abi].filter((part) => part !== '').join('-');
}

/** Node's own interpreter tells; a report of the whole process, which tells too, takes as long as compiling a small network. */
function hasGlibc(): boolean {
  const head = new Uint8Array(4096);
  const file = openSync(process.execPath, 'r');
  readSync(file, head);
  closeSync(file);
  const text = Buffer.from(head.buffer).toString('latin1');
  if (text.includes('/ld-linux') !== text.includes('/ld-musl')) return text.includes('/ld-linux');
  const report = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return report.header.glibcVersionRuntime !== undefined;
}

const versionIn = (manifest: string | URL): string =>
  (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;

const builtHere = fileURLToPath(
  new URL(`../../../native/artifacts/diptych-kernels.${process.platform}-${process.arch}.node`, import.meta.url),
);

/**
 * The prebuilt package of this platform where it is installed and of our version, else what was built here. Throws
 * BACKEND_UNAVAILABLE with the reasons where neither is there, or the one that is does not load. `from` is the file from
 * which packages are looked for.
 */
export function loadAddon(from: string | URL = import.meta.url, built = builtHere): Addon {
  const require = createRequire(from);
  const name = `@diptych/gpu-kernels-${addonTarget()}`;
  const prebuilt = findPrebuilt(require, name);
  const path = 'path' in prebuilt ? prebuilt.path : existsSync(built) ? built : undefined;
  if (path === undefined) {
    const reason = 'reason' in prebuilt ? prebuilt.reason : '';
    throw new DiptychError(
      'BACKEND_UNAVAILABLE',
      existsSync(dirname(dirname(built)))
        ? `addon absent: ${reason}, and none was built here: run \`npm run setup\` with cargo installed`
        : `addon absent: ${reason}; install it beside @diptych/gpu-kernels, in the same version`,
      { details: { package: name, path: built } },
    );
  }
  let addon: Addon;
  try {
    addon = require(path) as Addon;
  } catch (cause) {
    throw new DiptychError(
      'BACKEND_UNAVAILABLE',
      `addon does not load: ${String(cause)}; run \`npm run setup\` to build it for this machine`,
      { cause },
    );
  }
  const missing = exported.filter((name) => typeof addon[name] !== 'function');
  if (missing.length === 0) return addon;
  throw new DiptychError(
    'BACKEND_UNAVAILABLE',
    `addon is of another version, it lacks ${missing.join(', ')}: run \`npm run setup\` to build it anew`,
    { details: { path } },
  );
}

function findPrebuilt(require: NodeJS.Require, name: string): { readonly path: string } | { readonly reason: string } {
  let manifest: string;
  try {
    manifest = require.resolve(`${name}/package.json`);
  } catch {
    return { reason: `the package ${name} is not installed` }; // resolving has no other way to say so
  }
  const [theirs, ours] = [versionIn(manifest), versionIn(new URL('../../../package.json', import.meta.url))];
  if (theirs !== ours) return { reason: `the package ${name} is of version ${theirs}, not ${ours}` };
  return { path: require.resolve(name) };
}
