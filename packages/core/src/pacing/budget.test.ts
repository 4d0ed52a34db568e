import { describe, expect, it } from 'vitest';
import { Budget } from './budget.ts';

describe('Budget', () => {
  it('counts what is in flight before it counts what was spent', () => {
    const budget = new Budget(0.1, 'runs/x');
    const first = budget.reserve(0.04);
    const second = budget.reserve(0.04);
    first.settle(0.02);
    second.settle(0.02);
    second.settle(0.02);
    expect(budget.spentUsd).toBeCloseTo(0.04, 12);
    budget.reserve(0.06).settle(0.06);
    expect(() => budget.reserve(0.01)).toThrow('budget of $0.1000');
  });

  it('lets a budget be used to the last cent', () => {
    const budget = new Budget(0.3, 'runs/x');
    for (let i = 0; i < 3; i++) budget.reserve(0.1).settle(0.1);
    expect(budget.spentUsd).toBeCloseTo(0.3, 12);
  });

  it('starts no call at all once it is reached, not even one free of charge', () => {
    const budget = new Budget(1, 'runs/x');
    expect(() => budget.reserve(2)).toThrow('is in flight');
    expect(() => budget.reserve(0)).toThrow('diptych resume runs/x --budget USD');
  });

  it('is reached when calls cost more than was estimated', () => {
    const budget = new Budget(1, 'runs/x');
    budget.reserve(0.5).settle(3);
    expect(() => budget.reserve(0)).toThrow('$3.0000 was spent');
  });

  it('only counts without a limit', () => {
    const budget = new Budget(undefined, 'runs/x');
    budget.restore(5);
    budget.reserve(100).settle(100);
    expect(budget.spentUsd).toBe(105);
  });
});
