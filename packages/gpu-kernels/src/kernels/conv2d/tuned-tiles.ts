/**
 * Choices for half-precision products that were measured on a GPU, by the adapter's name and then by the product's size. The
 * table beside this is written by `node apps/cli/bench/gpu-tune.ts` on that GPU; sizes and adapters that are not in it go by the
 * model in half-tiles.ts. It is part of the code, so that the same version computes the same sums everywhere.
 */
import { readFileSync } from 'node:fs';

/** By adapter, then by `ROWSxCOLUMNSxINNER`: a choice as `readChoice` reads it. */
export type TunedTiles = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const tunedTilesFile = new URL('tuned-tiles.json', import.meta.url);

export const readTunedTiles = (): TunedTiles => JSON.parse(readFileSync(tunedTilesFile, 'utf8')) as TunedTiles;
