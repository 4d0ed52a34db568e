import { describe, expect, it } from 'vitest';
import { authentic, detection, plantedManifest, plugin, sample } from '../../testing/planted-run.ts';
import { detectionScores } from '../measures/detection-scores.ts';
import { measuredFrame } from '../measures/heads.ts';
import { collectRunTable } from './collect-run-table.ts';
import { FoldGroups } from './fold-groups.ts';

const manifest = plantedManifest([plugin('detector', 'detector', { trainedOn: [], control: false, features: ['one'] })]);
const measured = (side: 'synthetic' | 'authentic', index: number) =>
  detection(side, index, { status: 'features', features: [index % 7], syntheticScore: undefined });
const prompts = 30;

describe('FoldGroups', () => {
  it('joins clusters that share a key, through each other, under the first of their names', () => {
    const groups = new FoldGroups();
    groups.join(0, 'text a');
    groups.join(2, 'text a');
    groups.join(2, 'pair 1');
    groups.join(1, 'pair 1');
    groups.join(3, 'text b');
    expect(groups.names(['c', 'b', 'a', 'd', 'e'])).toEqual(['a', 'a', 'a', 'd', 'e']);
  });
});

describe('splits into training and test images', async () => {
  /** Each prompt stands in two sets under two ids, has a counterpart, and a photograph of its caption. */
  const records = Array.from({ length: prompts }, (_, prompt) => {
    const index = prompt * 3;
    const own = { promptSet: 'set', prompt: `text ${prompt}`, pairId: `pair-${prompt}` };
    return [
      sample(index, { ...own, promptId: `u${prompt}`, cluster: `set/u${prompt}`, intent: 'unsafe' }),
      sample(index + 1, { ...own, prompt: `calm ${prompt}`, promptId: `b${prompt}`, cluster: `set/b${prompt}` }),
      sample(index + 2, {
        promptSet: 'other',
        prompt: `text ${prompt}`,
        promptId: `x${prompt}`,
        cluster: `other/x${prompt}`,
      }),
      { ...authentic(prompt), set: 'photos', cluster: `photos/x${prompt}` },
      ...[0, 1, 2].map((step) => measured('synthetic', index + step)),
      measured('authentic', prompt),
    ];
  }).flat();
  const table = await collectRunTable(manifest, records);
  const scores = detectionScores(table, table.detections[0]!, 1);

  it.each([
    ['cross-fitting', scores.folds],
    ['heads fitted in the run', measuredFrame(table, scores, 1)?.split],
  ])('keep duplicates of a text, counterparts and the photograph of a caption together: %s', (_, folds) => {
    expect(scores.samples.length).toBe(3 * prompts);
    expect(new Set(folds!.synthetic).size).toBeGreaterThan(1);
    for (let prompt = 0; prompt < prompts; prompt++) {
      const own = [0, 1, 2].map((step) => folds!.synthetic[prompt * 3 + step]);
      expect(new Set([...own, folds!.authentic[prompt]]).size).toBe(1);
    }
  });

  it('leave the prompt as the unit of intervals, and do not depend on the order of the records', async () => {
    expect(new Set(scores.syntheticClusters).size).toBe(3 * prompts);
    const reversed = await collectRunTable(manifest, records.toReversed());
    const groupsOf = ({ clusters, foldGroups }: typeof table) =>
      Object.fromEntries(clusters.map((name, at) => [name, foldGroups[at]]));
    expect(groupsOf(reversed)).toEqual(groupsOf(table));
  });
});

it('keeps the texts of an import together with those of a set, though its table gives several texts one id', async () => {
  const records = Array.from({ length: prompts }, (_, prompt) => {
    const text = { prompt: `text ${prompt}` };
    const imported = { ...text, generator: 'import', promptSet: 'import', promptId: 'one', cluster: `text-${prompt}` };
    return [
      sample(2 * prompt, { ...text, promptId: `p${prompt}`, cluster: `set/p${prompt}` }),
      sample(2 * prompt + 1, imported),
      authentic(prompt),
      ...[0, 1].map((step) => measured('synthetic', 2 * prompt + step)),
      measured('authentic', prompt),
    ];
  }).flat();
  const foldsOf = async (given: typeof records) => {
    const table = await collectRunTable(manifest, given);
    return [...detectionScores(table, table.detections[0]!, 1).folds!.synthetic];
  };
  const folds = await foldsOf(records);
  for (let prompt = 0; prompt < prompts; prompt++) expect(folds[2 * prompt + 1]).toBe(folds[2 * prompt]);
  expect(await foldsOf(records.toReversed())).toEqual(folds);
});

it('keeps copies of a photograph together, under two names or in two sets', async () => {
  const records = Array.from({ length: prompts }, (_, prompt) => {
    const photograph = authentic(2 * prompt);
    return [
      sample(prompt, { prompt: `text ${prompt}`, promptId: `p${prompt}`, cluster: `set/p${prompt}` }),
      photograph,
      { ...photograph, index: 2 * prompt + 1, set: 'phone', key: `copy-${prompt}.jpg`, cluster: `phone/copy-${prompt}.jpg` },
      measured('synthetic', prompt),
      ...[0, 1].map((step) => measured('authentic', 2 * prompt + step)),
    ];
  }).flat();
  const table = await collectRunTable(manifest, records);
  const { authentic: folds } = detectionScores(table, table.detections[0]!, 1).folds!;
  expect(new Set(folds).size).toBeGreaterThan(1);
  for (let prompt = 0; prompt < prompts; prompt++) expect(folds[2 * prompt + 1]).toBe(folds[2 * prompt]);
});
