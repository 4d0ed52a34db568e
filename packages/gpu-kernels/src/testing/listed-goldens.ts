/**
 * Goldens of `goldens/onnx` that are one ONNX file each, with inputs and what onnxruntime computes listed in one JSON file beside
 * their folder.
 */
import { readFileSync } from 'node:fs';
import type { Tensor } from '@diptych/plugin-kit';
import { expect } from 'vitest';
import type { Backend } from '../backends/backend.ts';
import { type PlannedGraph, planGraph } from '../graph/planner.ts';
import { sizeOf } from '../graph/shapes.ts';
import { goldenBytes } from '../onnx/golden-networks.ts';
import { importOnnx } from '../onnx/import-onnx.ts';
import { readOnnxModel } from '../onnx/read/read-onnx-model.ts';

interface Listed {
  readonly shape: readonly number[];
  /** Left out where the numbers are those of the formula; null stands for NaN. */
  readonly data?: readonly (number | null)[];
}
interface Golden {
  readonly inputs: Readonly<Record<string, Listed>>;
  readonly outputs: Readonly<Record<string, Required<Listed>>>;
}

const tensorOf = ({ shape, data }: Listed): Tensor => ({
  shape,
  data: Float32Array.from({ length: sizeOf(shape) }, (_, i) =>
    data === undefined ? ((i * 7919) % 2001) / 1000 - 1 : (data[i] ?? Number.NaN),
  ),
});

/** Infinite where one of the two is NaN and the other is not. */
function distance(expected: number | null, actual: number): number {
  if (expected === null) return Number.isNaN(actual) ? 0 : Number.POSITIVE_INFINITY;
  return Number.isNaN(actual) ? Number.POSITIVE_INFINITY : Math.abs(expected - actual);
}

/** Those of `goldens/onnx/{folder}.json`. */
export function listedGoldens(folder: string) {
  const file = new URL(`../../goldens/onnx/${folder}.json`, import.meta.url);
  const goldens = JSON.parse(readFileSync(file, 'utf8')) as Readonly<Record<string, Golden>>;
  const planned = (golden: string): PlannedGraph => {
    const { graph, weights } = importOnnx(readOnnxModel(goldenBytes(`${folder}/${golden}`)));
    const [items = 2] = Object.values(goldens[golden]!.inputs)[0]!.shape;
    return planGraph(graph, weights, Math.max(items, 2));
  };
  return {
    names: Object.keys(goldens),
    planned,
    async expectEqual(backend: Backend, golden: string): Promise<void> {
      const { inputs, outputs } = goldens[golden]!;
      const { plan, weights } = planned(golden);
      await using executable = await backend.compile(plan, weights);
      const given = Object.entries(inputs).map(([key, value]) => [key, tensorOf(value)] as const);
      const actual = await executable.run(Object.fromEntries(given));
      for (const [key, { shape, data }] of Object.entries(outputs)) {
        expect(actual[key]!.shape).toEqual(shape);
        const farthest = Math.max(...data.map((value, i) => distance(value, actual[key]!.data[i]!)));
        expect(farthest, `${key} is farther from onnxruntime than float32 allows`).toBeLessThanOrEqual(2e-5);
      }
    },
  };
}
