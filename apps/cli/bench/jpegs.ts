/** JPEG files for benchmarks, made by a formula. */
import { applyProtocol } from '@diptych/core';
import { limitsSchema } from '@diptych/plugin-kit';
import { encodePng } from '@diptych/plugin-kit/png';

/** Smooth shapes with noise, so that a JPEG of them has about the size of a photograph's. Squares, quality 92, 4:2:0. */
export async function makeJpegs(count: number, size: number): Promise<Uint8Array[]> {
  const limits = limitsSchema.parse({});
  const images = Array.from({ length: count }, (_, seed) => {
    let state = seed + 1;
    const data = Uint8Array.from({ length: size * size * 3 }, (_unused, at) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      const [x, y] = [Math.floor(at / 3) % size, Math.floor(at / 3 / size)];
      return 128 + 90 * Math.sin((x * (1 + (seed % 5)) + y * ((at % 3) + 1)) / 60) + (state >>> 28);
    });
    return encodePng({ width: size, height: size, channels: 3, data });
  });
  return Promise.all(
    images.map((png, index) =>
      applyProtocol('all-recompressed', png, {
        sha256: index.toString(16).padStart(64, '0'),
        side: 'synthetic',
        recompression: { size, qualities: [92] },
        limits,
        authenticProfiles: [],
      }),
    ),
  );
}
