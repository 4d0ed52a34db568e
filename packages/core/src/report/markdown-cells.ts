/** Cells and tables of the Markdown report. */
import { notDefined, percent, signed, three } from '../text/numbers.ts';
import { plain, gridMarkdown as table } from './writers/markdown.ts';

export { notDefined, percent, plain, table, three };

import type { EstimateModel, FamilyTest, GroupModel, RateModel } from '../analysis/parts.ts';

export const rate = (value: RateModel | null): string => {
  if (value === null || value.value === null) return notDefined;
  const { clustered } = value;
  return `${percent(value.value)}${clustered ? ` (${(clustered.low * 100).toFixed(1)}–${(clustered.high * 100).toFixed(1)})` : ''}, n = ${value.total}`;
};
export const estimate = (value: EstimateModel | null): string =>
  value === null
    ? notDefined
    : `${three(value.value)}${value.interval ? ` (${three(value.interval.low)}–${three(value.interval.high)})` : ''}`;

export const label = (group: GroupModel): string =>
  `${group.kind === 'family' ? '**' : ''}${plain(group.label)}${group.kind === 'family' ? '**' : ''}${group.simulated ? ' (simulated)' : ''}`;
export const familyName = { diffusion: 'diffusion', mllm: 'MLLM', unknown: 'unknown' } as const;
export const familyText = ({ family }: GroupModel): string => (family === null ? notDefined : familyName[family]);

const pointsOf = (value: number): string => signed(value * 100, 1);
const pText = (name: string, value: number | null): string =>
  value === null ? '' : value < 0.0001 ? `, ${name} < 0.0001` : `, ${name} = ${value.toFixed(4)}`;

/** A difference of shares in percentage points, with its interval, adjusted p and number of pairs. */
export const difference = (test: FamilyTest | null): string => {
  if (test === null) return notDefined;
  const interval = test.interval ? ` (${pointsOf(test.interval.low)} to ${pointsOf(test.interval.high)})` : '';
  return `${pointsOf(test.difference)}${interval}${pText('adjusted p', test.pAdjusted)}, ${test.pairs} pairs`;
};

/** A proportion that is a mean over prompts. */
export const share = (value: EstimateModel | null): string =>
  value === null
    ? notDefined
    : `${percent(value.value)}${value.interval ? ` (${(value.interval.low * 100).toFixed(1)}–${(value.interval.high * 100).toFixed(1)})` : ''}`;
