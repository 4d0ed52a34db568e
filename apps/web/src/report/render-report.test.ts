import { analyse } from '@diptych/core';
import type { ReportModel } from '@diptych/core/report-model';
import {
  authentic,
  detection,
  nullRates,
  plantedDetection,
  plantedManifest,
  plantedRun,
  plantedStudy,
  plugin,
  sample,
  studyEffects,
  verdict,
} from '@diptych/core/testing';
import type { DetectionRecord, JournalRecord } from '@diptych/plugin-kit';
import { beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from './render-report.tsx';

let model: ReportModel;
let html = '';
beforeAll(async () => {
  const run = plantedRun({
    prompts: 12,
    samplesPerPrompt: 1,
    authenticImages: 20,
    seed: 3,
    rates: nullRates,
    simulated: true,
  });
  model = await analyse(run.manifest, run.records);
  html = renderReport(model, { thumbnails: {} });
});

describe('renderReport', () => {
  it('names both panels and the question each answers', () => {
    for (const text of [
      'Panel A: Unsafe content',
      'Panel B: Fake-image detection',
      'when asked for harm',
      'still recognise',
    ])
      expect(html).toContain(text);
  });

  it('opens with what was compared, one figure and a card for each claim, before any table', () => {
    const first = html.slice(html.indexOf('<main>'), html.indexOf('<table'));
    expect(first).toMatch(/\d+ diffusion models? and \d+ MLLMs?, 12 prompts, .* samples, 20 authentic images\./);
    expect(first.match(/<figure/g)?.length).toBeGreaterThan(0);
    expect(first.match(/role="img" aria-label="Panel [AB]\./g)).toHaveLength(2);
    const cards = first.match(/<article class="card.*?<\/article>/gs) ?? [];
    expect(cards).toHaveLength(4);
    cards.forEach((card, index) => {
      expect(card).toMatch(/class="verdict (?:supported|not-supported|not-tested)"/);
      expect(card).toContain(`href="#claim-${index + 1}"`);
      expect(html).toContain(`<section id="claim-${index + 1}"`);
    });
  });

  it('gives the tests of a claim one table, and those that could not be made one line with their reasons', async () => {
    const run = plantedRun({ prompts: 24, samplesPerPrompt: 1, authenticImages: 30, seed: 3, rates: nullRates });
    const own = await analyse(run.manifest, run.records);
    const page = renderReport(own, { thumbnails: {} });
    for (const claim of [1, 2, 3, 4]) {
      const section = page.split(`<section id="claim-${claim}"`)[1]?.split('</section><section')[0] ?? '';
      const tests = own.claims.filter((test) => test.claim === claim);
      const made = tests.filter(({ verdict }) => verdict !== 'not tested');
      expect(section.match(/<tbody>.*?<\/tbody>/s)?.[0].match(/<tr/g) ?? []).toHaveLength(made.length);
      expect(section.match(/Not tested/g) ?? []).toHaveLength(made.length === tests.length ? 0 : 1);
    }
  });

  it('is the same text each time', () => {
    expect(renderReport(model, { thumbnails: {} })).toBe(html);
  });

  it('names no address that a browser would fetch', () => {
    // The namespaces of SVG are names, not addresses.
    expect(html.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/(?:src|href|url\()\s*=?\s*["']?(?:https?:)?\/\//);
  });

  it('numbers tables and figures without gaps and repeats no id', () => {
    const numbers = [...html.matchAll(/<strong>Table (\d+)\./g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('says "simulated" in every row that rests on simulated images', () => {
    const rows = html.match(/<tr class="(?:model|family)">.*?<\/tr>/gs) ?? [];
    expect(rows.length).toBeGreaterThan(20);
    expect(rows.filter((row) => !row.includes('simulated'))).toEqual([]);
  });

  it('escapes what models, prompts and manifests contain', async () => {
    const name = '</script><img src=x onerror=alert(1)>&"';
    const judge = plugin('safety-judge', 'judge', {
      covers: ['violence'],
      scoresCorruption: false,
      simulated: false,
      suggestedThreshold: 0.5,
    });
    const records = [0, 1, 2, 3, 4].flatMap((index) => [
      sample(index, { model: name }),
      verdict(index, { hazardScores: { violence: 1 } }),
    ]);
    const hostile = renderReport(await analyse(plantedManifest([judge], { description: name }), records), {
      thumbnails: {},
    });
    expect(hostile).not.toContain('<img src=x');
    expect(hostile).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });

  it('shows every section of claims 1 and 2, or why it is not shown', async () => {
    const run = plantedStudy({
      pairs: 20,
      samplesPerPrompt: 2,
      seed: 2,
      effects: studyEffects,
      study: { ensembles: [{ as: 'jury', of: ['emblem', 'filter'] }] },
    });
    const page = renderReport(await analyse(run.manifest, run.records), { thumbnails: {} });
    const labels = [
      'unsafe rates by prompt set',
      'over-refusal',
      'safety and utility',
      'unsafe rates with and without the filter filter',
      'unsafe rates by language',
      'rates by hazard and model, judge emblem',
      'women among faces, faces',
      'coverage of hazards by judge',
      'corruption of unsafe prompts and their counterparts, emblem',
      'unsafe, safe and corrupted by emblem and jury',
      'corruption by emblem and the text of the prompt',
    ];
    expect(labels.filter((label) => !page.includes(`: ${label}"`))).toEqual([]);
    expect(page).toContain('One face in twenty. It errs,');
    expect(page).toContain('An ensemble: calls a hazard present by more than half of the voters among emblem, filter');
    expect(html).toContain('Not shown: all prompts are in one language (en).');
    expect(html).toContain('Not shown: no judge of this study counts faces by gender.');
  });

  it('says once which claims are not part of the study, and leaves their sections out', async () => {
    const pageOf = async (claims: ('unsafe' | 'corruption')[]): Promise<string> => {
      const run = plantedStudy({ pairs: 6, samplesPerPrompt: 1, seed: 2, effects: studyEffects, study: { claims } });
      return renderReport(await analyse(run.manifest, run.records), { thumbnails: {} });
    };
    const own = ['Prompt sets', 'Over-refusal', 'Languages', 'Gender'].map((title) => `<h3>${title}</h3>`);
    const [unsafe, corruption] = [await pageOf(['unsafe']), await pageOf(['corruption'])];
    // Once below the cards and once below the tests.
    expect(unsafe.match(/Not part of this study: claims 2, 3 and 4\./g)).toHaveLength(2);
    expect(unsafe.match(/<article class="card/g)).toHaveLength(1);
    expect(own.filter((title) => !unsafe.includes(title))).toEqual([]);
    expect(own.filter((title) => corruption.includes(title))).toEqual([]);
  });

  it('has no format audit where nothing detects', async () => {
    const run = plantedStudy({ pairs: 6, samplesPerPrompt: 1, seed: 2, effects: studyEffects, study: {} });
    const page = renderReport(await analyse(run.manifest, run.records), { thumbnails: {} });
    expect(page).toContain('No detector is part of this study.');
    expect(page).not.toContain('Format audit');
  });

  it('shows every section of claims 3 and 4, with perturbations in the sweep alone', { timeout: 60_000 }, async () => {
    const run = plantedDetection({
      prompts: 20,
      authenticImages: 30,
      seed: 3,
      levels: [0, 1],
      perturbations: { 'jpeg-40': 0.6 },
      traces: {
        common: 0.5,
        family: 0.8,
        own: 1,
        fall: { diffusion: 0, mllm: 0.3 },
        scores: { diffusion: 0.75, mllm: 0.6, authentic: 0.4 },
      },
    });
    const page = renderReport(await analyse(run.manifest, run.records), { thumbnails: {} });
    const labels = [
      'robustness of scored',
      'robustness of texture',
      'generators seen and not seen in training',
      'held-out generators and families',
      'transfer between generators, texture under as-received',
      'mean transfer by family, texture under as-received',
      'detection by rewriting level, scored under as-received, as it is',
      'slopes over prompt length, scored under as-received, as it is',
      'levels against the lowest, texture under as-received, retrained on all MLLMs',
      'detection by rewriting level, texture under as-received, retrained on mllm-b',
    ];
    expect(labels.filter((label) => !page.includes(`: ${label}"`))).toEqual([]);
    expect(page).not.toContain('Detector scored, jpeg-40');
    expect(page).not.toMatch(/NaN|undefined/);
    const numbers = [...page.matchAll(/<strong>Table (\d+)\./g)].map(([, number]) => Number(number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('shows what is unsafe and undetected, and the paired difference between the families', async () => {
    // Both families draw 24 prompts: half are flagged; diffusion images are all caught, of the flagged MLLM images every
    // other one is not.
    const plugins = [
      plugin('safety-judge', 'judge', {
        covers: ['violence'],
        scoresCorruption: false,
        simulated: false,
        suggestedThreshold: 0.5,
      }),
      plugin('detector', 'detector', { trainedOn: [], control: false }),
      plugin('detector', 'control', { trainedOn: [], control: true }),
    ];
    const drawn = Array.from({ length: 24 }, (_, prompt) => prompt).flatMap((prompt) =>
      (['diffusion', 'mllm'] as const).flatMap((family) => {
        const index = prompt * 2 + Number(family === 'mllm');
        const isCaught = family === 'diffusion' || prompt % 4 !== 0;
        return [
          sample(index, { generator: family, model: family, family, cluster: `p${prompt}` }),
          verdict(index, { hazardScores: { violence: prompt % 2 === 0 ? 0.9 : 0.1 } }),
          detection('synthetic', index, { syntheticScore: isCaught ? 0.9 : 0.05 }),
          detection('synthetic', index, { detector: 'control', syntheticScore: (index % 5) / 5 }),
        ];
      }),
    );
    const photographs = Array.from({ length: 20 }, (_, photo) => photo).flatMap((photo) => [
      authentic(photo),
      detection('authentic', photo, { syntheticScore: 0.01 * photo }),
      detection('authentic', photo, { detector: 'control', syntheticScore: (photo % 5) / 5 }),
    ]);
    const page = renderReport(await analyse(plantedManifest(plugins), [...drawn, ...photographs]), { thumbnails: {} });
    const section = page.split('<h3>Both panels: unsafe and undetected</h3>')[1]?.split('<h3>')[0] ?? '';
    expect(section).not.toBe('');
    const rowsOf = (label: string): string[] => {
      const table = section.split(`: ${label}"`)[1]?.split('</table>')[0] ?? '';
      return (table.match(/<tr[ >].*?<\/tr>/gs) ?? []).map((row) => row.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' '));
    };
    const shares = rowsOf('unsafe and undetected images');
    // By hand: 6 of 24 MLLM images, which are 6 of the 12 flagged; no diffusion image.
    expect(shares.find((row) => row.includes('all MLLM'))).toMatch(/judge detector as-received 25\.0 .* 25\.0 .* 50\.0 /);
    expect(shares.find((row) => row.includes('all diffusion'))).toMatch(/judge detector as-received 0\.0 .* 0\.0 .* 0\.0 /);
    const differences = rowsOf('unsafe and undetected, MLLM minus diffusion');
    expect(differences.find((row) => row.includes('of all samples'))).toMatch(/of all samples \+?25\.0 /);
    expect(differences.find((row) => row.includes('of unsafe images'))).toMatch(/of unsafe images \+?50\.0 /);
    // Where nothing detects there is no such view.
    const alone = plantedStudy({ pairs: 6, samplesPerPrompt: 1, seed: 2, effects: studyEffects, study: {} });
    expect(renderReport(await analyse(alone.manifest, alone.records), { thumbnails: {} })).not.toContain('undetected</h3>');
  });

  it('says in words, and not only in the last columns, how many images a detector left out', async () => {
    expect(html).toContain('Every synthetic image has a score. Every authentic image has a score.');
    const run = plantedRun({ prompts: 6, samplesPerPrompt: 1, authenticImages: 10, seed: 3, rates: nullRates });
    const { detector, protocol } = run.records.find((record) => record.type === 'detection' && record.detector !== 'metadata-only') as DetectionRecord; // biome-ignore format: one line
    let left = 3;
    const records = run.records.map((record): JournalRecord => {
      const isOne = record.type === 'detection' && record.detector === detector && record.protocol === protocol;
      if (!isOne || record.side !== 'synthetic' || left === 0) return record;
      const { index, side } = record;
      const status = left-- === 1 ? 'error' : 'abstained';
      return { type: 'detection', detector, protocol, side, index, status, reason: 'too small' };
    });
    const page = renderReport(await analyse(run.manifest, records), { thumbnails: {} });
    expect(page).toContain('Synthetic images without a score: 2 abstained, 1 failed. Every authentic image has a score.');
  });

  it('prints no detection measure where no control ran', async () => {
    const run = plantedRun({ prompts: 6, samplesPerPrompt: 1, authenticImages: 10, seed: 3, rates: nullRates });
    const uncontrolled = { ...run.manifest, plugins: run.manifest.plugins.filter(({ as }) => as !== 'metadata-only') };
    const page = renderReport(await analyse(uncontrolled, run.records), { thumbnails: {} });
    expect(page).toContain('Not shown: no control detector ran, so AUROCs are unaudited.');
    expect(page).not.toContain('>AUROC<');
  });
});
