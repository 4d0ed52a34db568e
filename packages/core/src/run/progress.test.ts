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

it('says on what a call failed, and tells one kind of reason once whatever it failed on', () => {
  const messages: string[] = [];
  const progress = new Progress((event) => event.type === 'warning' && messages.push(event.message));
  for (const item of ['a.png', 'b.png']) progress.fault(key, 'it is truncated', item);
  expect(messages).toEqual(['a call failed for good on a.png: it is truncated']);
});

it('knows which plugins of this process failed on every item', () => {
  const progress = new Progress();
  const finish = (plugin: string, total: number, statuses: readonly string[]): void => {
    progress.setTotal({ ...key, plugin }, total);
    for (const status of statuses) progress.finish({ ...key, plugin }, status, { reason: `${plugin} ${status}` });
  };
  finish('fails', 2, ['timeout', 'error']);
  finish('abstains', 2, ['abstained', 'error']);
  finish('is not done', 2, ['error']);
  finish('has nothing to do', 0, []);
  progress.restore({ ...key, plugin: 'of an earlier process' }, 'error', { reason: 'no' });
  expect(progress.failed()).toEqual([{ ...key, plugin: 'fails', items: 2, reason: 'fails timeout' }]);
});

it('cuts a long reason', () => {
  expect(told(['x'.repeat(4000)])[0]).toHaveLength('painter: a call failed for good: '.length + 500);
});
