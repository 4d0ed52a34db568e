import { hash } from 'node:crypto';
import type { Tensors } from '@diptych/plugin-kit';
import { describe, expect, it } from 'vitest';
import { allOps } from './all-ops.ts';
import { commonFolds, commonLowers, commonOps, isCommon } from './common-ops.ts';
import { expandedOps } from './expand/expand-table.ts';
import { resolveExternalData } from './external-data.ts';
import { foldTable } from './fold/fold-table.ts';
import { architectureBytes, architectureNames, drawnWeights } from './golden-architectures.ts';
import { importModel } from './import-model.ts';
import { NeedsAllOps } from './import-ops.ts';
import { lowerTable } from './lower/lower-table.ts';
import { planModel } from './plan-onnx.ts';
import { readOnnxModel } from './read/read-onnx-model.ts';
import { modelOf, node } from './test-models.ts';

const names = [...Object.keys(commonLowers), ...Object.keys(commonFolds)];

/** A committed architecture imported with common ops and with all; undefined where it needs all. */
async function importedBoth(name: string) {
  const model = await resolveExternalData(readOnnxModel(architectureBytes(name)), drawnWeights);
  if (!isCommon(model)) return undefined;
  try {
    return [name, importModel(model, {}, commonOps), importModel(model, {}, allOps)] as const;
  } catch (error) {
    if (error instanceof NeedsAllOps) return undefined;
    throw error;
  }
}

const digestsOf = (weights: Tensors) =>
  Object.entries(weights).map(([name, { shape, data }]) => [name, shape, hash('sha256', new Uint8Array(data.buffer, data.byteOffset, data.byteLength))]); // biome-ignore format: one expression

describe('common ops', () => {
  it('are lowered and folded by the functions of all ops', () => {
    const { MaxPool: _, ...lowers } = commonLowers; // it gives no places
    expect(lowerTable).toMatchObject(lowers);
    expect(foldTable).toMatchObject(commonFolds);
  });

  it('stand for no other ops, but one that has a fold of its own', () => {
    expect(names.filter((name) => expandedOps.has(name))).toEqual(['CumProd']);
  });

  it('are those of classifiers by convolutions, and give what all ops give', async () => {
    const common = (await Promise.all(architectureNames.map(importedBoth))).filter((found) => found !== undefined);
    expect(common.map(([name]) => name)).toEqual([
      'convnext', 'densenet', 'efficientnet', 'inception-v3', 'mobilenet-v2', 'mobilenet-v3', 'resnet',
    ]); // biome-ignore format: a list
    for (const [, few, all] of common) {
      expect(few.graph).toEqual(all.graph);
      expect(digestsOf(few.weights)).toEqual(digestsOf(all.weights));
    }
  });

  it.each([
    [
      'places of maxima',
      [node('MaxPool', 'x', 'm p', { kernel_shape: [1, 1] }), node('Relu', 'p', 'y')],
      'arithmetic with the numbers of the items',
    ],
    ['a batch that moves', [node('Transpose', 'x', 'y', { perm: [2, 0, 1, 3] })], 'first dimension is not the batch'],
    ['training', [node('BatchNormalization', 'x x x x x', 'y', { training_mode: 1 })], 'training mode'],
  ])('leave to all ops what they lack: %s', async (_what, nodes, refused) => {
    const model = modelOf(['n', 1, 2, 2], nodes);
    expect(isCommon(model)).toBe(true);
    expect(() => importModel(model, {}, commonOps)).toThrow(NeedsAllOps);
    await expect(planModel(model, { batch: 1 })).rejects.toThrow(refused);
  });
});
