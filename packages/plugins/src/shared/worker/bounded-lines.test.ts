import { describe, expect, it } from 'vitest';
import { BoundedLines, beginningOf, TextTail } from './bounded-lines.ts';

describe('lines', () => {
  it('come out whole, wherever the pieces are cut, letters of several bytes included', () => {
    const bytes = Buffer.from('one\nzwölf\n\nrest');
    const lines = new BoundedLines(100);
    const found = [...bytes].flatMap((byte) => lines.push(Buffer.of(byte)));
    expect(found).toEqual(['one', 'zwölf', '']);
    expect(lines.push(Buffer.from('!\n'))).toEqual(['rest!']);
  });

  it('have a limit that holds before the end of the line is seen', () => {
    const lines = new BoundedLines(4);
    expect(lines.push(Buffer.from('1234\n'))).toEqual(['1234']);
    lines.push(Buffer.from('12'));
    expect(() => lines.push(Buffer.from('345'))).toThrow(RangeError);
  });
});

describe('the tail of a text', () => {
  it('is its last lines, without colours and the states that a progress bar left behind', () => {
    const tail = new TextTail(1000);
    tail.add('first\n 10%\r 50%\r100%\n\n\u001b[31mred\u001b[0m\nla');
    tail.add('st');
    expect(tail.last(3)).toBe('100%\nred\nlast');
  });

  it('is bounded', () => {
    const tail = new TextTail(8);
    tail.add('one two ');
    tail.add('three');
    // The last eight letters are "wo three"; what is left of a word that was cut could be a part of a secret.
    expect(tail.last(10)).toBe('… three');
  });
});

it('the beginning of a text ends between words', () => {
  expect(beginningOf('one two', 7)).toBe('one two');
  expect(beginningOf('one two three', 10)).toBe('one two …');
});
