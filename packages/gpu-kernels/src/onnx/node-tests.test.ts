/** ONNX's own node tests on every backend. They are not committed: goldens/onnx/README.md says how to get the folder. */
import { basename } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { tryOpen } from '../open-backend.ts';
import { listNodeTests, runNodeTest } from './node-tests.ts';

vi.setConfig({ testTimeout: 600_000 });
process.env.DIPTYCH_WEBGPU = 'checked';
const folder = process.env.DIPTYCH_ONNX_TESTS;

describe('the node tests of ONNX', () => {
  it.for(['reference', 'native', 'webgpu'] as const)(
    'that %s supports give the expected numbers',
    async (name, { skip }) => {
      if (folder === undefined) skip('DIPTYCH_ONNX_TESTS names no folder of node tests; see goldens/onnx/README.md');
      const opened = await tryOpen(name, {});
      if (typeof opened === 'string') skip(opened);
      const { backend } = opened as Exclude<typeof opened, string>;
      const results = [];
      for (const test of listNodeTests(folder!)) results.push(await runNodeTest(`${folder}/${test}`, backend));
      await backend[Symbol.asyncDispose]();
      expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
      expect(results.filter(({ status }) => status === 'network').length).toBeGreaterThan(150);
      expect(basename(folder!)).toBe('node');
    },
  );
});
