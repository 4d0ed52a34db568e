import type { ClaimModel, FamilyKey, IntervalModel } from '@diptych/core/report-model';

/** Shown where a number is not defined; never a zero. */
export const notDefined = '–';

/** With a true minus sign, and none before a zero. */
function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export const percent = (value: number | null, digits = 1): string =>
  value === null ? notDefined : signed(value * 100, digits);
export const three = (value: number | null): string => (value === null ? notDefined : signed(value, 3));
export const whole = (value: number): string => value.toLocaleString('en-US');
export const percentRange = (interval: IntervalModel): string => `${percent(interval.low)}–${percent(interval.high)}`;
export const threeRange = (interval: IntervalModel): string => `${three(interval.low)}–${three(interval.high)}`;
export const pValue = (value: number | null): string =>
  value === null ? notDefined : value < 0.0001 ? '< 0.0001' : value.toFixed(4);

/** An effect of a claim with its sign and unit, and its interval. */
export const effect = (value: number, unit: ClaimModel['unit']): string =>
  `${value > 0 ? '+' : ''}${unit === 'percentage points' ? `${percent(value)} points` : three(value)}`;
export const effectRange = ({ low, high }: IntervalModel, unit: ClaimModel['unit']): string => {
  const shown = unit === 'percentage points' ? (value: number) => percent(value) : three;
  return `[${shown(low)}, ${shown(high)}]`;
};

export const familyNames: Record<FamilyKey, string> = { diffusion: 'Diffusion', mllm: 'MLLM', unknown: 'Unknown' };
export const familyName = (family: FamilyKey | null): string => (family === null ? notDefined : familyNames[family]);
