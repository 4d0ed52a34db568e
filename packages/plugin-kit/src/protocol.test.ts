import { describe, expect, it } from 'vitest';
import { isBaseProtocol, perturbationOf, protocolSchema } from './protocol.ts';
import { studySchema } from './study.ts';

const faultOf = (name: unknown): string | undefined => protocolSchema.safeParse(name).error?.issues[0]?.message;

describe('protocol names', () => {
  it.each([
    'as-received',
    'fakes-matched',
    'all-recompressed',
    'screenshot',
    'jpeg-1',
    'jpeg-75',
    'jpeg-100',
    'webp-80',
    'resize-5',
    'resize-50',
    'resize-400',
    'blur-0.3',
    'blur-0.35',
    'blur-1',
    'blur-1.5',
    'blur-10.25',
    'blur-20',
    'noise-0.5',
    'noise-4',
    'noise-12.5',
    'noise-100',
    'crop-5',
    'crop-99',
  ])('%s is one', (name) => {
    expect(protocolSchema.parse(name)).toBe(name);
  });

  it.each([
    ['jpeg-500', 'a whole quality from 1 to 100'],
    ['jpeg-0', 'a whole quality from 1 to 100'],
    ['jpeg-75.5', 'a whole quality from 1 to 100'],
    ['jpeg-075', 'a whole quality from 1 to 100'],
    ['jpeg--5', 'a whole quality from 1 to 100'],
    ['jpeg', 'a whole quality from 1 to 100'],
    ['webp-101', 'a whole quality from 1 to 100'],
    ['resize-4', 'from 5 to 400'],
    ['resize-401', 'from 5 to 400'],
    ['blur-0', 'from 0.3 to 20 pixels'],
    ['blur-0.2', 'from 0.3 to 20 pixels'],
    ['blur-1.0', 'from 0.3 to 20 pixels'],
    ['blur-20.5', 'from 0.3 to 20 pixels'],
    ['noise-101', 'from 0.5 to 100 levels'],
    ['crop-100', 'from 5 to 99'],
    ['crop-4', 'from 5 to 99'],
    ['rotate-90', 'Use as-received, fakes-matched'],
    [7, 'Use as-received, fakes-matched'],
  ])('%s is refused with the range', (name, expected) => {
    expect(faultOf(name)).toContain(expected);
    expect(faultOf(name)).toContain(JSON.stringify(name));
  });

  it('is checked in a study, under the place in the list', () => {
    const { error } = studySchema.safeParse({ name: 's', generators: ['g'], protocols: ['as-received', 'jpeg-500'] });
    expect(error?.issues).toMatchObject([{ path: ['protocols', 1], message: expect.stringContaining('"jpeg-500"') }]);
  });

  it('is taken apart', () => {
    expect(perturbationOf('blur-1.5')).toEqual({ kind: 'blur', amount: 1.5 });
    expect(perturbationOf('screenshot')).toEqual({ kind: 'screenshot', amount: null });
    expect(
      ['as-received', 'fakes-matched', 'all-recompressed'].map((name) => isBaseProtocol(protocolSchema.parse(name))),
    ).toEqual([true, true, true]);
  });
});
