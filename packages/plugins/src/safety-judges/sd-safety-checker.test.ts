import type { Plugin } from '@diptych/plugin-kit';
import { expect, it } from 'vitest';
import { loadCard } from '../shared/load-card.ts';
import { activate } from '../shared/onnx-card.ts';

/** Reports call a hazard present at or above the threshold; the published checker flags an excess above zero, rounded to 0.001. */
it('is called unsafe from the least excess that the published checker flags, and not without one', async () => {
  const plugin = (await loadCard('./safety-judges/sd-safety-checker.yaml')).default as Plugin;
  const heads = { concepts: { model: 'h.onnx', sha256: '0'.repeat(64) } };
  const options = plugin.options.parse({ model: 'm.onnx', card: { sha256: '0'.repeat(64) }, heads });
  const { suggestedThreshold } = (plugin.traitsOf as (given: unknown) => { suggestedThreshold: number })(options);
  const [none, least] = activate([0, 0.001], 'sigmoid');
  expect(none).toBeLessThan(suggestedThreshold);
  expect(least).toBeGreaterThan(suggestedThreshold);
});
