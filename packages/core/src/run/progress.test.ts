import { expect, it } from 'vitest';
import { Progress } from './progress.ts';

const key = { phase: 'collect', plugin: 'painter' } as const;

function told(reasons: readonly string[]): string[] {
  const messages: string[] = [];
  const progress = new Progress((event) => {
    if (event.type === 'warning') messages.push(`${event.plugin}: ${event.message}`);
  });
  for (const reason of reasons) progress.fault(key, reason);
  return messages;
}

it('says once why calls fail, whatever numbers the reasons carry', () => {
  expect(told(['no route to 10.0.0.1 (request 7f3a)', 'no route to 10.0.0.2 (request 81bc)'])).toEqual([
    'painter: a call failed for good: no route to 10.0.0.1 (request 7f3a)',
  ]);
});

it('says three kinds of reason and that there are more', () => {
  const messages = told(['first', 'second', 'third', 'fourth', 'first']);
  expect(messages).toEqual([
    'painter: a call failed for good: first',
    'painter: a call failed for good: second',
    'painter: a call failed for good: third (other reasons are only in the journal)',
  ]);
});

it('cuts a long reason', () => {
  expect(told(['x'.repeat(4000)])[0]).toHaveLength('painter: a call failed for good: '.length + 500);
});
