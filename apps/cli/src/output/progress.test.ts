import type { RunEvent } from '@diptych/core';
import { describe, expect, it } from 'vitest';
import { createProgress } from './progress.ts';

const progress = (done: number, outcomeCounts: Record<string, number> = {}): Extract<RunEvent, { type: 'progress' }> => ({
  type: 'progress',
  phase: 'collect',
  plugin: 'my\u001b[2Jgenerator',
  done,
  total: 4,
  inFlight: 0,
  retries: 0,
  costUsd: 0,
  outcomeCounts,
});

function collect(): { text(): string; write(chunk: string): void; columns: number } {
  const chunks: string[] = [];
  return { columns: 60, write: (chunk) => void chunks.push(chunk), text: () => chunks.join('') };
}

describe('progress', () => {
  it('prints a plain line at the start, at the end and every ten seconds', () => {
    let clock = 100_000;
    const stream = collect();
    const display = createProgress('plain', stream, () => clock);
    display.onEvent(progress(0));
    display.onEvent(progress(1));
    clock += 10_000;
    display.onEvent(progress(2, { image: 1, refused: 1 }));
    display.onEvent(progress(4, { image: 3, refused: 1 }));
    expect(stream.text().split('\n').filter(Boolean)).toEqual([
      'generate mygenerator: 0/4',
      'generate mygenerator: 2/4, 0.2/s, 10 s left, 1 refused',
      'generate mygenerator: 4/4, 1 refused',
    ]);
  });

  it('counts speed from the first call of a plugin, not while it waits for others', () => {
    let clock = 100_000;
    const stream = collect();
    const display = createProgress('plain', stream, () => clock);
    display.onEvent(progress(0));
    clock += 600_000;
    display.onEvent({ ...progress(0), inFlight: 1 });
    clock += 10_000;
    display.onEvent(progress(1));
    expect(stream.text().split('\n').filter(Boolean)).toEqual([
      'generate mygenerator: 0/4',
      'generate mygenerator: 0/4',
      'generate mygenerator: 1/4, 0.1/s, 30 s left',
    ]);
  });

  it('redraws one line a plugin on a terminal and obeys no control character of a plugin', () => {
    let clock = 1000;
    const stream = collect();
    const display = createProgress('live', stream, () => clock);
    display.onEvent(progress(1));
    clock += 200;
    display.onEvent(progress(2));
    display.finish();
    expect(stream.text()).not.toContain('\u001b[2J');
    expect(stream.text().match(/\u001b\[1A\u001b\[0J/g)).toHaveLength(2);
    for (const line of stream.text().split('\n'))
      expect(line.replace(/\u001b\[\d*[A-Z]/g, '').length).toBeLessThanOrEqual(60);
  });

  it('prints one JSON event a line for machines, and nothing when switched off', () => {
    const stream = collect();
    createProgress('json', stream).onEvent(progress(1));
    createProgress('none', stream).onEvent(progress(2));
    expect(JSON.parse(stream.text())).toMatchObject({ type: 'progress', done: 1 });
  });
});
