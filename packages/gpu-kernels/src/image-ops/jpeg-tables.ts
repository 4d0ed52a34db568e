/** Quantisation tables of the JPEG standard (ITU-T T.81, annex K), scaled by a quality as libjpeg does (`jpeg_set_quality`). */

const luma = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80,
  62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98,
  112, 100, 103, 99,
];
const chroma = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99,
];

/** For a quality of 1 to 100: 64 divisors of 1 to 255 each, row by row and not in zigzag order. */
export function quantisationTables(quality: number): { readonly luma: Int32Array; readonly chroma: Int32Array } {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const scaled = (base: readonly number[]): Int32Array =>
    Int32Array.from(base, (entry) => Math.min(255, Math.max(1, Math.floor((entry * scale + 50) / 100))));
  return { luma: scaled(luma), chroma: scaled(chroma) };
}
