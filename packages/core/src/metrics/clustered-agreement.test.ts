import { describe, expect, it } from 'vitest';
import { cohenKappa, fleissKappa, krippendorffAlpha } from './agreement.ts';
import { type RatedItem, raterAgreement } from './clustered-agreement.ts';
import { createRandom, deriveSeed } from './random.ts';

/** Each row a unit, each column a category, each cell a number of raters. */
const asLabels = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .map((row) =>
      row
        .trim()
        .split(/\s+/)
        .flatMap((count, category) => Array<string>(Number(count)).fill(`c${category}`)),
    );

/** Fleiss (Psychological Bulletin 76, 1971), table 1: 30 subjects, 6 psychiatrists, 5 diagnoses. */
const fleiss1971 = asLabels(`
  0 0 0 6 0
  0 3 0 0 3
  0 1 4 0 1
  0 0 0 0 6
  0 3 0 3 0
  2 0 4 0 0
  0 0 4 0 2
  2 0 3 1 0
  2 0 0 4 0
  0 0 0 0 6
  1 0 0 5 0
  1 1 0 4 0
  0 3 3 0 0
  1 0 0 5 0
  0 2 0 3 1
  0 0 5 0 1
  3 0 0 1 2
  5 1 0 0 0
  0 2 0 4 0
  1 0 2 0 3
  0 0 0 0 6
  0 1 0 5 0
  0 2 0 1 3
  2 0 0 4 0
  1 0 0 4 1
  0 5 0 1 0
  4 0 0 0 2
  0 2 0 4 0
  1 0 5 0 0
  0 0 0 0 6`);

/** One observer a row, one unit a column, `.` for no value. */
const byUnit = (table: string): (string | null)[][] => {
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows[0]!.map((_, unit) => rows.map((row) => (row[unit] === '.' ? null : row[unit]!)));
};

/** Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, twelve units. */
const krippendorff2011 = byUnit(`
  1 2 3 3 2 1 4 1 2 . . .
  1 2 3 3 2 2 4 1 2 5 . 3
  . 3 3 3 2 3 4 2 2 5 1 .
  1 2 3 3 2 4 4 1 2 5 1 .`);
/** Three coders, fifteen units, fewer than half of the values: the worked example of the encyclopaedia's article on alpha. */
const threeCoders = byUnit(`
  . . . . . 3 4 1 2 1 1 3 3 . 3
  1 . 2 1 3 3 4 3 . . . . . . .
  . . 2 1 3 4 4 . 2 1 1 3 3 . 4`);

/** Alpha by its definition, over pairs: 1 - mean disagreement within units / mean disagreement of all pairs of values. */
function alphaByPairs(units: readonly (readonly (string | null)[])[]): number {
  const values = units.map((unit) => unit.filter((value) => value !== null)).filter((unit) => unit.length > 1);
  const all = values.flat();
  let within = 0;
  for (const unit of values)
    for (const [i, a] of unit.entries())
      for (const [j, b] of unit.entries()) if (i !== j && a !== b) within += 1 / (unit.length - 1);
  let overall = 0;
  for (const [i, a] of all.entries()) for (const [j, b] of all.entries()) if (i !== j && a !== b) overall += 1;
  return 1 - within / all.length / (overall / (all.length * (all.length - 1)));
}

describe('agreement on published data', () => {
  it("is 0.430 on Fleiss' psychiatrists, with the shares that he gives", () => {
    const { coefficient, rawAgreement, prevalence } = fleissKappa(fleiss1971);
    expect(coefficient).toBeCloseTo(0.43, 3);
    expect(rawAgreement).toBeCloseTo(0.5556, 4);
    expect(Object.values(prevalence).map((part) => part * 180)).toEqual(
      [26, 26, 30, 55, 43].map((count) => expect.closeTo(count, 9)),
    );
  });
  it.each([
    ["Krippendorff's four observers", krippendorff2011, 0.743],
    ['three coders who skip most units', threeCoders, 0.691],
  ] as const)('is the printed alpha on %s, and the one by definition', (_, units, printed) => {
    expect(krippendorffAlpha(units).coefficient).toBeCloseTo(printed, 3);
    expect(krippendorffAlpha(units).coefficient).toBeCloseTo(alphaByPairs(units), 12);
  });
});

const items = (labels: readonly (readonly (string | null)[])[], perCluster = 1): RatedItem[] =>
  labels.map((of, index) => ({ cluster: `p${Math.floor(index / perCluster)}`, labels: of }));

describe('agreement with intervals over prompts', { timeout: 60_000 }, () => {
  it('has the coefficients of the plain functions inside its intervals', () => {
    const many = raterAgreement(items(fleiss1971), { seed: 1 });
    expect(many.fleiss?.agreement).toEqual(fleissKappa(fleiss1971));
    expect(many.fleiss?.interval.estimate).toBeCloseTo(fleissKappa(fleiss1971).coefficient!, 12);
    expect(many.krippendorff.interval.estimate).toBeCloseTo(krippendorffAlpha(fleiss1971).coefficient!, 12);
    expect(many.raw.interval.estimate).toBeCloseTo(fleissKappa(fleiss1971).rawAgreement!, 12);
    expect(many.cohen).toBeNull();
    expect(many.fleiss!.interval.low!).toBeLessThan(0.43);
    expect(many.fleiss!.interval.high!).toBeGreaterThan(0.43);
    const [first, second] = [fleiss1971.map(([label]) => label!), fleiss1971.map((of) => of[3]!)];
    const two = raterAgreement(items(first.map((label, index) => [label, second[index]!])), { seed: 1 });
    expect(two.cohen?.interval.estimate).toBeCloseTo(cohenKappa(first, second).coefficient!, 12);
    expect(two.fleiss).toBeNull();
  });
  it('uses only the items that both of two raters labelled, and drops Fleiss where counts differ', () => {
    const two = raterAgreement(
      items([
        ['a', 'a'],
        ['a', 'b'],
        ['b', 'b'],
        ['a', null],
        [null, 'b'],
      ]),
      { seed: 1 },
    );
    expect([two.items, two.cohen?.agreement.items]).toEqual([3, 3]);
    expect(raterAgreement(items(krippendorff2011), { seed: 1 }).fleiss).toBeNull();
    expect(
      raterAgreement(
        items([
          ['a', 'a', null],
          ['b', null, 'b'],
        ]),
        { seed: 1 },
      ).fleiss?.agreement.items,
    ).toBe(2);
  });
  it('is wider where the items of a prompt are alike', () => {
    const { nextFloat } = createRandom(3);
    const one = Array.from({ length: 60 }, () =>
      nextFloat() < 0.6 ? ['a', 'a'] : nextFloat() < 0.5 ? ['a', 'b'] : ['b', 'b'],
    );
    const copied = one.flatMap((labels) => [labels, labels, labels]);
    const width = (rated: readonly RatedItem[]): number => {
      const { low, high } = raterAgreement(rated, { seed: 2 }).krippendorff.interval;
      return high! - low!;
    };
    expect(width(items(copied, 3))).toBeGreaterThan(1.5 * width(items(copied, 1)));
  });
  it('covers the true kappa about as often as its level says', () => {
    // Two raters who each see the truth (half yes) with probability 0.8 and else guess: agreement 0.8² + (1 - 0.8²) / 2 = 0.82, chance 0.5, kappa 0.64.
    let covered = 0;
    const simulations = 300;
    for (let simulation = 0; simulation < simulations; simulation++) {
      const { nextFloat } = createRandom(deriveSeed('kappa', simulation));
      const yes = (share: number): string => (nextFloat() < share ? 'yes' : 'no');
      const rated = Array.from({ length: 120 }, (): (string | null)[] => {
        const truth = yes(0.5);
        return [0, 1].map(() => (nextFloat() < 0.8 ? truth : yes(0.5)));
      });
      const { low, high } = raterAgreement(items(rated, 2), { seed: simulation, resamples: 500 }).cohen!.interval;
      if (low! <= 0.64 && 0.64 <= high!) covered++;
    }
    // Three standard errors of 0.95 in 300 simulations are 0.038.
    expect(covered / simulations).toBeGreaterThan(0.912);
    expect(covered / simulations).toBeLessThanOrEqual(0.988);
  });
  it('has no coefficient without items and refuses ragged ones', () => {
    expect(raterAgreement([], { seed: 1 }).krippendorff.agreement).toMatchObject({ coefficient: null, reason: 'no-items' });
    expect(() =>
      raterAgreement(
        [
          { cluster: 'p', labels: ['a'] },
          { cluster: 'p', labels: ['a', 'b'] },
        ],
        { seed: 1 },
      ),
    ).toThrow(expect.objectContaining({ code: 'METRIC_INPUT_INVALID' }));
  });
});
