/** Text inside a drawing: SVG neither wraps nor cuts it, and no font is at hand to measure it. */

/** Characters that XML forbids, or that turn the direction of the text around them. */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g;

export const plain = (text: string): string => text.toWellFormed().replace(unsafe, ' ');

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const narrow = /^[ijlftrI .,:;|!'()[\]/-]$/;
const wide = /^[mwMW@%]$/;

/** In em, rounded up: common sans-serif fonts stay below it. */
function widthOfGrapheme(grapheme: string): number {
  if (grapheme.codePointAt(0)! > 0x2e7f) return 1.05;
  if (narrow.test(grapheme)) return 0.36;
  if (wide.test(grapheme)) return 0.9;
  return /^[A-Z]$/.test(grapheme) ? 0.7 : 0.58;
}

export const textWidth = (text: string, fontSize: number): number =>
  [...graphemes.segment(text)].reduce((sum, { segment }) => sum + widthOfGrapheme(segment), 0) * fontSize;

/** The text, or its beginning and end around an ellipsis: models of one family often differ in their last letters only. */
export function fitted(text: string, fontSize: number, room: number): string {
  const clean = plain(text);
  if (textWidth(clean, fontSize) <= room) return clean;
  const parts = [...graphemes.segment(clean)].map(({ segment }) => segment);
  const [head, tail]: [string[], string[]] = [[], []];
  let left = room - fontSize;
  for (let taken = 0; taken < parts.length; taken++) {
    const isTail = taken % 3 === 2;
    const next = isTail ? parts[parts.length - 1 - tail.length]! : parts[head.length]!;
    left -= widthOfGrapheme(next) * fontSize;
    if (left < 0) break;
    if (isTail) tail.unshift(next);
    else head.push(next);
  }
  return `${head.join('').trimEnd()}…${tail.join('').trimStart()}`;
}
