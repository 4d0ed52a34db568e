/**
 * The inner loops of resampling: many bounded draws from xoshiro128** at once, the same ones as one by one (`random.ts`, which
 * names the sources; `random.test.ts` holds them together). The state is in locals of 32 bits within a loop, hence in registers,
 * and in a typed array between loops, because variables of a closure would box numbers above 2^31 with every step.
 */

/** Up to here the high word of `word * limit` is found in whole numbers of 32 bits, in half the time of doubles. */
export const wholeLimit = 2 ** 16;

/** Places behind the four words of the state: the word of Lemire's rare branch that a loop ended at, and the draws that a sum has made. */
export const rareWord = 4;
export const drawsMade = 5;

export function wordsOf(state: readonly [number, number, number, number]): Int32Array {
  const words = new Int32Array(6);
  words.set(state);
  return words;
}

/** Fills `target` from `start` with draws below `limit`; returns its length, or the place of a draw that the rare branch must decide. */
export function fillUntilRare(words: Int32Array, target: Int32Array, limit: number, start: number): number {
  let [a, b, c, d] = [words[0]!, words[1]!, words[2]!, words[3]!];
  let [at, word] = [start, 0];
  for (; at < target.length; at++) {
    const scrambled = Math.imul(b, 5);
    word = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    // The low word of the product. Ending here instead of calling the rare branch keeps the call from costing every draw.
    if (Math.imul(word, limit) >>> 0 < limit) break;
    target[at] = highWord(word, limit);
  }
  keep(words, a, b, c, d);
  words[rareWord] = word;
  return at;
}

/** `sum` and the values at draws below their number, from draw `start` on, up to the last one or one that the rare branch must decide. */
export function sumUntilRare(words: Int32Array, values: Float64Array, start: number, sum: number): number {
  const limit = values.length;
  let [a, b, c, d] = [words[0]!, words[1]!, words[2]!, words[3]!];
  let [draw, word, total] = [start, 0, sum];
  for (; draw < limit; draw++) {
    const scrambled = Math.imul(b, 5);
    word = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    if (Math.imul(word, limit) >>> 0 < limit) break;
    total += values[highWord(word, limit)]!;
  }
  keep(words, a, b, c, d);
  words[rareWord] = word;
  words[drawsMade] = draw;
  return total;
}

/** Of (high half × limit) × 2^16 + low half × limit. */
const highWord = (word: number, limit: number): number =>
  (Math.imul(word >>> 16, limit) + (Math.imul(word & 0xffff, limit) >>> 16)) >>> 16;

function keep(words: Int32Array, a: number, b: number, c: number, d: number): void {
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}
