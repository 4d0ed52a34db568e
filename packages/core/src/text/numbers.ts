/** Numbers in words of the report. */

/** Shown where a number is not defined; never a zero. */
export const notDefined = '–';

/** With a true minus sign, and none before a zero. */
export const signed = (value: number, digits: number): string => {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
};
export const percent = (value: number | null): string => (value === null ? notDefined : `${(value * 100).toFixed(1)} %`);
export const three = (value: number | null): string => (value === null ? notDefined : value.toFixed(3));
