/**
 * The kinds of columns that a table of the report can have: what a cell holds, how people read it, and the plain columns that
 * machines get. Every writer takes both from here, so that no two formats can differ in what a cell means.
 */
import type { EstimateModel, FamilyKey, FamilyTest, GroupModel, IntervalModel, RateModel } from '../analysis/parts.ts';
import { notDefined, percent, signed, three } from '../text/numbers.ts';

/** What a cell of each kind holds. Null: not defined here, never zero. */
export interface Cells {
  readonly text: string | null;
  readonly group: GroupModel;
  readonly family: FamilyKey | null;
  readonly flag: boolean | null;
  readonly list: readonly string[] | null;
  readonly count: number | null;
  /** A number that is no share, with three decimals, such as a threshold or an AUROC without an interval. */
  readonly number: number | null;
  /** A share, in percent for people. */
  readonly percent: number | null;
  readonly money: number | null;
  readonly p: number | null;
  readonly rate: RateModel | null;
  /** A number with its interval, with three decimals. */
  readonly estimate: EstimateModel | null;
  /** A share with its interval, in percent for people. */
  readonly share: EstimateModel | null;
  /** A difference of numbers, with a sign. */
  readonly change: EstimateModel | null;
  /** A difference of shares, in percentage points for people. */
  readonly points: EstimateModel | null;
  /** A tested difference of shares, in percentage points for people. */
  readonly difference: FamilyTest | null;
}
export type Kind = keyof Cells;
export type Plain = string | number | boolean | null;
export type PlainType = 'text' | 'flag' | 'integer' | 'number';

interface Spec<Cell> {
  /** Suffixes of the plain columns, `` for the column's own name, each with its type. */
  readonly plain: readonly (readonly [suffix: string, type: PlainType])[];
  /** As many values as plain columns. */
  values(cell: Cell): readonly Plain[];
  /** In one line, for people; not escaped for any format. */
  show(cell: NonNullable<Cell>): string;
}

const ends = (interval: IntervalModel | null | undefined): Plain[] => [interval?.low ?? null, interval?.high ?? null];
const dash = ({ low, high }: IntervalModel, show: (value: number) => string): string => ` (${show(low)}–${show(high)})`;
const to = ({ low, high }: IntervalModel, show: (value: number) => string): string => ` (${show(low)} to ${show(high)})`;
const hundredth = (value: number): string => (value * 100).toFixed(1);
const pointsOf = (value: number): string => signed(value * 100, 1);
const signedThree = (value: number): string => signed(value, 3);

export const familyNames: Readonly<Record<FamilyKey, string>> = { diffusion: 'diffusion', mllm: 'MLLM', unknown: 'unknown' };
export const pValue = (value: number): string => (value < 0.0001 ? '< 0.0001' : value.toFixed(4));

function plainColumn<Cell extends Plain>(type: PlainType, show: (cell: NonNullable<Cell>) => string): Spec<Cell> {
  return { plain: [['', type]], values: (cell) => [cell], show };
}

const estimateSpec = (show: (value: number) => string, range: typeof dash): Spec<EstimateModel | null> => ({
  plain: [['', 'number'], ['low', 'number'], ['high', 'number']], // biome-ignore format: one line a kind
  values: (cell) => [cell?.value ?? null, ...ends(cell?.interval)],
  show: ({ value, interval }) => show(value) + (interval ? range(interval, show) : ''),
});

/** The name of an interval's column stands for the share; its ends are percent without the sign. */
const shareSpec: Spec<EstimateModel | null> = {
  ...estimateSpec(percent, dash),
  show: ({ value, interval }) => percent(value) + (interval ? dash(interval, hundredth) : ''),
};

const groupSpec: Spec<GroupModel> = {
  plain: [['', 'text'], ['kind', 'text'], ['family', 'text'], ['generator', 'text'], ['simulated', 'flag']], // biome-ignore format: one line a kind
  values: ({ label, kind, family, generator, simulated }) => [label, kind, family, generator, simulated],
  show: ({ label, simulated }) => `${label}${simulated ? ' (simulated)' : ''}`,
};

const rateParts = ['count', 'total', 'rate', 'low', 'high', 'wilson_low', 'wilson_high'] as const;
const rateSpec: Spec<RateModel | null> = {
  plain: rateParts.map((part) => [part, part === 'count' || part === 'total' ? 'integer' : 'number'] as const),
  values: (cell) =>
    cell === null
      ? rateParts.map(() => null)
      : [cell.count, cell.total, cell.value, ...ends(cell.clustered), ...ends(cell.wilson)],
  show: ({ value, clustered, total }) =>
    value === null ? notDefined : `${percent(value)}${clustered ? dash(clustered, hundredth) : ''}, n = ${total}`,
};

const testParts = ['difference', 'low', 'high', 'p', 'p_adjusted', 'effect_size', 'pairs'] as const;
const differenceSpec: Spec<FamilyTest | null> = {
  plain: testParts.map((part) => [part, part === 'pairs' ? 'integer' : 'number'] as const),
  values: (cell) =>
    cell === null
      ? testParts.map(() => null)
      : [cell.difference, ...ends(cell.interval), cell.pValue, cell.pAdjusted, cell.effectSize, cell.pairs],
  show: ({ difference, interval, pAdjusted, pairs }) => {
    const adjusted = pAdjusted === null ? '' : `, adjusted p ${pAdjusted < 0.0001 ? '' : '= '}${pValue(pAdjusted)}`;
    return `${pointsOf(difference)}${interval ? to(interval, pointsOf) : ''}${adjusted}, ${pairs} pairs`;
  },
};

export const kinds: { readonly [K in Kind]: Spec<Cells[K]> } = {
  text: plainColumn('text', (cell) => cell),
  group: groupSpec,
  family: plainColumn('text', (cell) => familyNames[cell]),
  flag: plainColumn('flag', (cell) => (cell ? 'yes' : 'no')),
  list: { plain: [['', 'text']], values: (cell) => [cell?.join(' ') ?? null], show: (cell) => cell.join(', ') },
  count: plainColumn('integer', String),
  number: plainColumn('number', three),
  percent: plainColumn('number', percent),
  money: plainColumn('number', (cell) => `$${cell.toFixed(4)}`),
  p: plainColumn('number', pValue),
  rate: rateSpec,
  estimate: estimateSpec(three, dash),
  share: shareSpec,
  change: estimateSpec(signedThree, to),
  points: estimateSpec(pointsOf, to),
  difference: differenceSpec,
};
