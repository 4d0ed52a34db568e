/**
 * The accurate integer DCT of libjpeg ("islow"): the 8-point algorithm of C. Loeffler, A. Ligtenberg and G. Moschytz (1989)
 * with constants of 13 bits, 2 more bits between the passes. Here one pass over eight values; rows and columns are the same
 * but for the rounding at the end.
 */

/** round(constant · 2¹³). */
const c = {
  k0298: 2446,
  k0390: 3196,
  k0541: 4433,
  k0765: 6270,
  k0899: 7373,
  k1175: 9633,
  k1501: 12299,
  k1847: 15137,
  k1961: 16069,
  k2053: 16819,
  k2562: 20995,
  k3072: 25172,
};
const constantBits = 13;
const passBits = 2;

const rounded = (value: number, bits: number): number => (value + (1 << (bits - 1))) >> bits;

type Eight = readonly [number, number, number, number, number, number, number, number];

/** The rotations of the odd part, which both directions share: four inputs, four sums. */
function odd(a: number, b: number, d: number, e: number): readonly [number, number, number, number] {
  const z5 = (a + d + (b + e)) * c.k1175;
  const z1 = -(a + e) * c.k0899;
  const z2 = -(b + d) * c.k2562;
  const z3 = -(a + d) * c.k1961 + z5;
  const z4 = -(b + e) * c.k0390 + z5;
  return [a * c.k0298 + z1 + z3, b * c.k2053 + z2 + z4, d * c.k3072 + z2 + z3, e * c.k1501 + z1 + z4];
}

function forwardPass(x: Eight, isFirst: boolean): Eight {
  const bits = isFirst ? constantBits - passBits : constantBits + passBits;
  const [t0, t1, t2, t3] = [x[0] + x[7], x[1] + x[6], x[2] + x[5], x[3] + x[4]];
  const [even0, even3, even1, even2] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];
  const [sum, difference] = [even0 + even1, even0 - even1];
  const z1 = (even2 + even3) * c.k0541;
  const [y7, y5, y3, y1] = odd(x[3] - x[4], x[2] - x[5], x[1] - x[6], x[0] - x[7]);
  return [
    isFirst ? sum << passBits : rounded(sum, passBits),
    rounded(y1, bits),
    rounded(z1 + even3 * c.k0765, bits),
    rounded(y3, bits),
    isFirst ? difference << passBits : rounded(difference, passBits),
    rounded(y5, bits),
    rounded(z1 - even2 * c.k1847, bits),
    rounded(y7, bits),
  ];
}

function inversePass(x: Eight, isFirst: boolean): Eight {
  const bits = isFirst ? constantBits - passBits : constantBits + passBits + 3;
  const z1 = (x[2] + x[6]) * c.k0541;
  const [t2, t3] = [z1 - x[6] * c.k1847, z1 + x[2] * c.k0765];
  const [t0, t1] = [(x[0] + x[4]) << constantBits, (x[0] - x[4]) << constantBits];
  const [e0, e3, e1, e2] = [t0 + t3, t0 - t3, t1 + t2, t1 - t2];
  const [o0, o1, o2, o3] = odd(x[7], x[5], x[3], x[1]);
  return [e0 + o3, e1 + o2, e2 + o1, e3 + o0, e3 - o0, e2 - o1, e1 - o2, e0 - o3].map((sum) =>
    rounded(sum, bits),
  ) as unknown as Eight;
}

function twoPasses(block: Int32Array, pass: (x: Eight, isFirst: boolean) => Eight, firstStride: 1 | 8): void {
  for (const [stride, isFirst] of [
    [firstStride, true],
    [firstStride === 1 ? 8 : 1, false],
  ] as const) {
    // biome-ignore format: two passes
    const step = stride === 1 ? 8 : 1;
    for (let line = 0; line < 8; line++) {
      const at = (i: number): number => line * step + i * stride;
      const input = Array.from({ length: 8 }, (_, i) => block[at(i)]!) as unknown as Eight;
      for (const [i, value] of pass(input, isFirst).entries()) block[at(i)] = value;
    }
  }
}

/** In place, 64 samples less 128 to coefficients times 8: rows, then columns. */
export const forwardDct = (block: Int32Array): void => twoPasses(block, forwardPass, 1);
/** In place, coefficients to samples less 128: columns, then rows. */
export const inverseDct = (block: Int32Array): void => twoPasses(block, inversePass, 8);

/** Quantises what `forwardDct` gives, to the nearest and halves away from zero, and multiplies back. */
export const requantised = (coefficient: number, step: number): number =>
  Math.sign(coefficient) * Math.floor((Math.abs(coefficient) + step * 4) / (step * 8)) * step;
