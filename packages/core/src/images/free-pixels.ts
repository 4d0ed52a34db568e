import type { RasterImage } from '@diptych/plugin-kit';
import { pixelMemory } from './pixel-memory.ts';

/** Gives the memory of decoded pixels back at once. Nobody may read them afterwards: they are none, or another image's. */
export function freePixels({ data }: Pick<RasterImage, 'data'>): void {
  if (data.buffer instanceof SharedArrayBuffer) pixelMemory.give(data.buffer);
  // A view into memory of others is not ours to give back.
  else if (data.byteLength === data.buffer.byteLength) data.buffer.transfer(0);
}
