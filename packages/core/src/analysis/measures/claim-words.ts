/** Words and numbers that the sentences of several claims share. */

import type { FamilyTest } from '../parts.ts';
import type { Group } from '../run-table/groups.ts';

/** With a true minus sign, and none before a zero. */
const signed = (value: number, digits: number): string => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};
export const points = (value: number): string => signed(value * 100, 1);
/** `5.0 points higher`; `equal` to the shown digit has no direction. */
export const pointsApart = (value: number, [above, below]: readonly [string, string]): string =>
  `${Math.abs(value * 100).toFixed(1)} points ${value < 0 ? below : above}`;
export const slope = (value: number): string => signed(value, 4);
export const range = ({ interval }: { interval: FamilyTest['interval'] }, show = points): string =>
  interval === null
    ? 'no interval: too few prompts, or none that varies'
    : `95 % interval ${show(interval.low)} to ${show(interval.high)}`;
export const pText = (pValue: number | null): string =>
  pValue === null ? '' : pValue < 0.0001 ? ', p < 0.0001' : `, p = ${pValue.toFixed(4)}`;

const familySources = (groups: readonly Group[], family: 'diffusion' | 'mllm'): Uint8Array | undefined =>
  groups.find((group) => group.kind === 'family' && group.family === family)?.sources;

/** Both families' sources, MLLM first; undefined unless both have samples. */
export function bothFamilies(groups: readonly Group[]): readonly [Uint8Array, Uint8Array] | undefined {
  const [mllm, diffusion] = [familySources(groups, 'mllm'), familySources(groups, 'diffusion')];
  return mllm === undefined || diffusion === undefined ? undefined : [mllm, diffusion];
}

export const oneFamily = 'the run has no samples of one of the two families.';
