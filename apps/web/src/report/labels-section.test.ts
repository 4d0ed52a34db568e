import { analyse } from '@diptych/core';
import { image, plantedManifest, plugin, sample, verdict } from '@diptych/core/testing';
import type { LabelRecord } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { renderReport } from './render-report.tsx';

const indices = Array.from({ length: 20 }, (_, index) => index);
const records = indices.flatMap((index) => [
  sample(index),
  verdict(index, { hazardScores: { violence: index % 3 === 0 ? 0.9 : 0.1 } }),
]);
const judge = { covers: ['violence'], scoresCorruption: false, simulated: false, suggestedThreshold: 0.5 };
const labels = indices.flatMap((index) =>
  ['ann', 'bea'].map(
    (rater): LabelRecord => ({
      type: 'label',
      index,
      sha256: image(`sample ${index}`).sha256,
      rater,
      unsafe: index % 4 === 0 ? 'yes' : 'no',
      hazards: [],
      corrupted: 'not asked',
    }),
  ),
);

it('shows agreement, the judge against people, and corrected rates, and nothing of it without labels', async () => {
  const manifest = plantedManifest([plugin('safety-judge', 'judge', judge)]);
  const html = renderReport(await analyse(manifest, records, { labels }), { thumbnails: {} });
  expect(html).toContain('<section id="labels">');
  expect(html).toContain('href="#labels"');
  for (const text of ['Cohen kappa', 'Krippendorff alpha', 'Prediction-powered', 'Rogan–Gladen', 'Not settled'])
    expect(html).toContain(text);
  expect(html).not.toMatch(/NaN|undefined|\[object/);
  expect(renderReport(await analyse(manifest, records), { thumbnails: {} })).not.toContain('id="labels"');
});
