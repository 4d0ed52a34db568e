/** Finds and loads the Rust addon. Its surface is small: plans cross N-API as JSON once, numbers as typed arrays. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { DiptychError } from '@diptych/plugin-kit';

export interface AddonImage {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
  readonly view?: number;
}

export interface CompiledPlan {
  /** Tensors in the order of sorted input names, images in the order of image steps; outputs in the order of sorted names. */
  run(items: number, tensors: readonly Float32Array[], images: readonly (readonly AddonImage[])[]): Promise<Float32Array[]>;
}

/** What the addon exports. Errors are thrown with a message that starts with an error code and a colon. */
export interface Addon {
  cpuName(): string;
  /** JSON list of `{ step, op, reason }`: what the addon cannot run. */
  checkPlan(planJson: string): string;
  /** Weights in the order of `plan.weights`; 0 threads means all cores. */
  compilePlan(planJson: string, weights: readonly Float32Array[], threads: number): CompiledPlan;
}

const addonPath = (): string =>
  fileURLToPath(
    new URL(`../../../native/artifacts/diptych-kernels.${process.platform}-${process.arch}.node`, import.meta.url),
  );

/** Throws BACKEND_UNAVAILABLE with the reason where the addon is absent or does not load. */
export function loadAddon(): Addon {
  const path = addonPath();
  if (!existsSync(path)) {
    throw new DiptychError('BACKEND_UNAVAILABLE', 'addon not built: run `npm run setup` with cargo installed', {
      details: { path },
    });
  }
  try {
    return createRequire(import.meta.url)(path) as Addon;
  } catch (cause) {
    throw new DiptychError(
      'BACKEND_UNAVAILABLE',
      `addon does not load: ${String(cause)}; run \`npm run setup\` to build it for this machine`,
      { cause },
    );
  }
}
