/**
 * ONNX's own node tests on every backend. They lie in the environment of `tools/src/python-environment.ts`, which makes them with the
 * Python package onnx; DIPTYCH_ONNX_TESTS names another folder of them, and asks WebGPU for all.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { tryOpen } from '../open-backend.ts';
import { listNodeTests, runNodeTest } from './node-tests.ts';

vi.setConfig({ testTimeout: 600_000 });
process.env.DIPTYCH_WEBGPU = 'checked';
const given = process.env.DIPTYCH_ONNX_TESTS;
const folder = given ?? join(import.meta.dirname, '../../../plugins/python/.venv/onnx-node-tests');

/** Software Vulkan compiles a kernel a test on the CPU, so that every sixteenth test is what CI has time for. */
const every = { reference: 1, native: 1, webgpu: given === undefined ? 16 : 1 } as const;

describe('the node tests of ONNX', () => {
  it.for(['reference', 'native', 'webgpu'] as const)(
    'that %s supports give the expected numbers',
    async (name, { skip }) => {
      if (!existsSync(folder))
        skip('there is no folder of node tests: node tools/src/python-environment.ts, or DIPTYCH_ONNX_TESTS');
      const opened = await tryOpen(name, {});
      if (typeof opened === 'string') skip(opened);
      const { backend } = opened as Exclude<typeof opened, string>;
      const tests = listNodeTests(folder).filter((_, index) => index % every[name] === 0);
      const results = [];
      for (const test of tests) results.push(await runNodeTest(test, backend));
      await backend[Symbol.asyncDispose]();
      expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
      // What ran as a network last time (docs/onnx-support.md), less what a smaller part may miss.
      expect(results.filter(({ status }) => status === 'network').length).toBeGreaterThan(1316 / every[name] - 20);
    },
  );
});
