import type { FileScores } from '@diptych/core';
import { needsOf } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { builtInPlugins } from './built-in-plugins.ts';
import { defaultUses, exitCodeOfFiles, namedUses, told } from './score-targets.ts';

describe('the scorers of single images where none is named', () => {
  it.each(['safety-judge', 'detector'] as const)('call no service and read no key (%s)', async (kind) => {
    const plugins = await builtInPlugins();
    const uses = await defaultUses(kind);
    expect(uses.length).toBeGreaterThan(0);
    for (const { use, options } of uses) {
      const plugin = plugins.find((each) => each.kind === kind && each.name === use)!;
      const { hosts = [], secrets = [] } = needsOf(plugin, plugin.options.parse(options));
      expect([use, ...hosts, ...secrets]).toEqual([use]);
    }
  });

  it('are the judges of this machine, none behind an API', async () => {
    const names = (await defaultUses('safety-judge')).map(({ use }) => use);
    expect(names).toContain('nsfwjs');
    expect(names).toContain('corruption-signals');
    for (const service of ['openai-moderation', 'gemini-judge', 'claude-judge', 'llavaguard'])
      expect(names).not.toContain(service);
  });
});

describe('scorers that are named of a study', () => {
  const uses = [
    { use: 'onnx', as: 'mine', options: { model: 'a.onnx' } },
    { use: 'metadata-only', options: {} },
  ];

  it('are those, with their options, in the order in which they are named', () => {
    expect(namedUses(uses, ['metadata-only', 'mine'], 'study.yaml')).toEqual([uses[1], uses[0]]);
  });

  it('are refused where the study has none of that name', () => {
    expect(() => namedUses(uses, ['onnx'], 'study.yaml')).toThrow(
      /study\.yaml, which has mine, metadata-only, received "onnx"/,
    );
  });
});

describe('results of single images', () => {
  const results = async function* () {
    for (const path of ['a.png', 'b.png', 'c.png']) yield { path, verdicts: [], detections: [] };
  };
  const collectLines = async (options: { json?: boolean; progress?: 'none' }) => {
    const lines: string[] = [];
    let clock = 0;
    const files = await told(results(), options, { say: (line) => void lines.push(line), now: () => (clock += 3000) });
    expect(files.map(({ path }) => path)).toEqual(['a.png', 'b.png', 'c.png']);
    return lines;
  };

  it('are told of every ten seconds, not to a machine and not where nobody wants to know', async () => {
    // The clock goes on by three seconds whenever it is read.
    expect(await collectLines({})).toEqual([]);
    const slow: string[] = [];
    let clock = 0;
    await told(results(), {}, { say: (line) => void slow.push(line), now: () => (clock += 6000) });
    expect(slow).toEqual(['2 files done, the last b.png']);
    expect(await collectLines({ json: true })).toEqual([]);
    expect(await collectLines({ progress: 'none' })).toEqual([]);
  });
});

describe('the exit code of single images', () => {
  const scored = (status: 'scored' | 'abstained' | 'error' | 'timeout', reason?: string): FileScores => ({
    path: 'a.png',
    verdicts: [],
    detections: [{ type: 'detection', detector: 'd', protocol: 'as-received', status, reason }],
  });
  const unread = (code: 'IMAGE_UNREADABLE' | 'IMAGE_UNSUPPORTED'): FileScores => ({
    path: 'b.png',
    error: { code, message: 'no' },
    verdicts: [],
    detections: [],
  });

  it('is 0 where every file has an answer, and an abstention is one', () => {
    expect(exitCodeOfFiles([scored('scored'), scored('abstained', 'too small')])).toBe(0);
  });

  it('is that of the first fault, a file before a scorer', () => {
    expect(exitCodeOfFiles([scored('scored'), unread('IMAGE_UNREADABLE')])).toBe(2);
    expect(exitCodeOfFiles([scored('error', 'DEVICE_LOST: gone'), unread('IMAGE_UNSUPPORTED')])).toBe(4);
    expect(exitCodeOfFiles([scored('error', 'PLUGIN_BROKE_CONTRACT: got NaN')])).toBe(2);
    expect(exitCodeOfFiles([scored('timeout', 'PLUGIN_TIMEOUT: no answer')])).toBe(3);
    expect(exitCodeOfFiles([scored('error', 'the service said 500')])).toBe(3);
  });
});
