import { expect, it } from 'vitest';
import { writtenOut } from './written-out.ts';

const block = (...lines: string[]): string => lines.join('\n');

it('repeats the lines of a block, and blocks within it', () => {
  const text = block(
    'start',
    '  // each ROW of DOWN',
    '  let x$ROW = 16u * $ROWu;',
    '    // each COLUMN of ACROSS',
    '    s$ROW$COLUMN += x$ROW;',
    '    // end',
    '  // end',
    'stop',
  );
  expect(writtenOut(text, { DOWN: 2, ACROSS: 2 }).split('\n')).toEqual([
    'start',
    '  let x0 = 16u * 0u;',
    '    s00 += x0;',
    '    s01 += x0;',
    '  let x1 = 16u * 1u;',
    '    s10 += x1;',
    '    s11 += x1;',
    'stop',
  ]);
});

it('leaves other texts as they are, and out what is asked for no times', () => {
  expect(writtenOut('let each = 1; // end of it', {})).toBe('let each = 1; // end of it');
  expect(writtenOut(block('a', '// each I of N', 'b', '// end', 'c'), { N: 0 })).toBe(block('a', 'c'));
});

it('names the block that has no count or no end', () => {
  expect(() => writtenOut(block('// each I of N', '// end'), { M: 1 })).toThrow('"// each I of N" needs the count N');
  expect(() => writtenOut(block('// each I of N', '// each K of N', '// end'), { N: 1 })).toThrow('needs an end');
});
