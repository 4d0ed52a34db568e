import { describeGenerator } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import simulatedMllm from './simulated-mllm.ts';

describeGenerator(simulatedMllm, { options: {} });

describe('generator/simulated-mllm', () => {
  it('refuses options outside their range', () => {
    expect(simulatedMllm.options.safeParse({ unsafeShown: 1.2 }).success).toBe(false);
    expect(simulatedMllm.options.safeParse({ size: 64 }).success).toBe(false);
  });
});
