import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePromptRater, type PromptRater } from '../prompt-rater.ts';
import { checkPromptRater, describePromptRater } from './prompt-rater-suite.ts';

const rater = (rate: PromptRater['rate'], concurrency = 1) =>
  definePromptRater({
    name: 'by-length',
    summary: 'Rates by length.',
    rates: 'other',
    options: z.strictObject({}),
    create: () => ({ concurrency, rate }),
  });

describePromptRater(
  rater(async (_prompt, text, signal) => {
    signal.throwIfAborted();
    if (text.length < 10) return { status: 'abstained', reason: 'too short' };
    return { status: 'scored', score: Math.min(1, text.length / 100), madeBy: 'test' };
  }),
  { options: {} },
);

describe('checkPromptRater', () => {
  let calls = 0;
  const broken: [name: string, rate: PromptRater['rate'], fault: string][] = [
    ['a score above 1', async () => ({ status: 'scored', score: 2, madeBy: 'test' }), 'has the score 2'],
    ['a score of nobody', async () => ({ status: 'scored', score: 0, madeBy: '' }), 'does not say what made'],
    ['abstaining without reason', async () => ({ status: 'abstained', reason: '' }), 'without a reason'],
    ['a negative cost', async () => ({ status: 'abstained', reason: 'x', costUsd: -1 }), 'costs -1'],
    ['random scores', async () => ({ status: 'scored', score: 1 / ++calls, madeBy: 'test' }), 'rated twice'],
    ['a deaf call', async () => ({ status: 'scored', score: 0, madeBy: 'test' }), 'did not reject'],
  ];
  it.each(broken)('finds %s', async (_, rate, fault) => {
    expect((await checkPromptRater(rater(rate), { options: {} })).join('\n')).toContain(fault);
  });

  it('finds a concurrency of 0', async () => {
    const faults = await checkPromptRater(
      rater(async () => ({ status: 'abstained', reason: 'x' }), 0),
      { options: {} },
    );
    expect(faults.join('\n')).toContain('concurrency is 0');
  });
});
