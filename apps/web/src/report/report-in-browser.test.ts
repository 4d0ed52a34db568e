/** The report in a real Chromium: no error, no request, keyboard, sorting, and axe-core without findings. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { analyse } from '@diptych/core';
import type { ReportModel } from '@diptych/core/report-model';
import { nullRates, plantedManifest, plantedRun, plugin, sample, verdict } from '@diptych/core/testing';
import type { JournalRecord } from '@diptych/plugin-kit';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderFigures } from './figure/figure-files.ts';
import { renderReport } from './render-report.tsx';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const isMissing = !existsSync(executablePath);
if (isMissing && process.env.CI === 'true')
  throw new Error(`Expected Chromium at ${executablePath} in CI. Install it, or set CHROMIUM_PATH.`);
const title = isMissing
  ? `the report in a browser (skipped: no Chromium at ${executablePath}; set CHROMIUM_PATH)`
  : 'the report in a browser';

/** One grey WebP pixel under two names. */
const pixel = 'data:image/webp;base64,UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA';
const thumbnail = { clear: pixel, blurred: pixel.replace('webp;', 'webp;name=blurred;') };

let folder = '';
let browser: Browser;
let url = '';
/** A report whose models have long names without a place to break. */
let longUrl = '';
/** A report of one model of each family and one detector, as the demo's. */
let smallUrl = '';
/** A report of twelve models and six detectors. */
let crowdedUrl = '';
let figures: Record<string, string> = {};

describe.skipIf(isMissing)(title, () => {
  beforeAll(async () => {
    const rates = {
      unsafe: { diffusion: 0.3, mllm: 0.6 },
      corrupted: { diffusion: 0.4, mllm: 0.1 },
      scores: { diffusion: 0.7, mllm: 0.5, authentic: 0.3 },
      formatShift: { 'as-received': 1.2, 'all-recompressed': 0 },
    };
    const run = plantedRun({ prompts: 20, samplesPerPrompt: 1, authenticImages: 20, seed: 3, simulated: true, rates });
    const model = await analyse(run.manifest, run.records);
    const thumbnails = Object.fromEntries(model.gallery.slice(1).map(({ sha256 }) => [sha256, thumbnail]));
    folder = await mkdtemp(join(tmpdir(), 'diptych-web-'));
    await writeFile(join(folder, 'report.html'), renderReport(model, { thumbnails }));
    url = pathToFileURL(join(folder, 'report.html')).href;
    await writeFile(join(folder, 'long.html'), await reportOfLongNames());
    longUrl = pathToFileURL(join(folder, 'long.html')).href;
    await writeFile(join(folder, 'small.html'), renderReport(await oneModelEach(run), { thumbnails: {} }));
    smallUrl = pathToFileURL(join(folder, 'small.html')).href;
    const crowd = await crowdedModel();
    figures = renderFigures(crowd);
    await writeFile(join(folder, 'crowd.html'), renderReport(crowd, { thumbnails: {} }));
    crowdedUrl = pathToFileURL(join(folder, 'crowd.html')).href;
    browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
    // Four analyses and the start of a browser, on a machine that may do other work.
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  interface Viewport {
    readonly width: number;
    readonly height: number;
    readonly colorScheme: 'light' | 'dark';
  }
  const viewports = [
    { name: 'desktop, light', width: 1280, height: 900, colorScheme: 'light' },
    { name: 'desktop, dark', width: 1280, height: 900, colorScheme: 'dark' },
    { name: 'phone, light', width: 360, height: 740, colorScheme: 'light' },
  ] as const;

  async function opened({ width, height, colorScheme }: Viewport, bypassCSP = false, address = url) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP });
    const page = await context.newPage();
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(address);
    return { page, complaints, requests };
  }

  it.each(viewports)('opens without complaint, request or sideways scrolling: $name', async (viewport) => {
    const { page, complaints, requests } = await opened(viewport);
    expect(complaints).toEqual([]);
    expect(requests.filter((request) => request !== url && !request.startsWith('data:'))).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
    await page.context().close();
  });

  it.each(viewports)('has no finding of axe-core: $name', async (viewport) => {
    // The page's own policy forbids the checker's script, so only this test sets the policy aside.
    const { page } = await opened(viewport, true);
    expect(await findings(page)).toEqual([]);
    await page.context().close();
  });

  it.each([
    { name: 'desktop', width: 1280, height: 800 },
    { name: 'phone', width: 390, height: 844 },
  ])('shows title, figure and four cards of a small study on the first screen: $name', async ({ width, height }) => {
    const { page } = await opened({ ...viewports[0], width, height }, false, smallUrl);
    const bottom = (selector: string) =>
      page.locator(selector).evaluate((element) => element.getBoundingClientRect().bottom);
    expect(await bottom('.panels')).toBeLessThan(height);
    expect(await bottom('.cards')).toBeLessThanOrEqual(height);
    expect(await page.locator('.card').count()).toBe(4);
    await page.context().close();
  });

  it('reaches notes, caption, the four cards and the contents by Tab, each with a visible focus', async () => {
    const { page } = await opened(viewports[0]);
    const seen: string[] = [];
    for (let step = 0; step < 12; step++) {
      await page.keyboard.press('Tab');
      const { name, outline } = await page.evaluate(() => {
        const focused = document.activeElement!;
        return {
          name: focused.getAttribute('aria-label') ?? focused.textContent ?? '',
          outline: getComputedStyle(focused).outlineStyle,
        };
      });
      expect(outline, name).toBe('solid');
      seen.push(name);
    }
    for (const wanted of ['more note', 'Figure 1', ...[1, 2, 3, 4].map((claim) => `All tests of claim ${claim}`), 'About'])
      expect(seen.find((name) => name.includes(wanted))).toBeDefined();
    await page.context().close();
  });

  it('prints in light colours with everything unfolded, also from a dark screen', async () => {
    const { page } = await opened(viewports[1]);
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)');
    expect(await page.locator('.about p').first().isVisible()).toBe(true);
    await page.context().close();
  });

  it.each([390, 1280])('holds twelve models with hostile names and six detectors within %i pixels', async (width) => {
    const { page } = await opened({ ...viewports[2], width, height: 844 }, false, crowdedUrl);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    const outside = await page.locator('.panel-drawing svg:visible text').evaluateAll((all) =>
      all
        .filter((text) => {
          const [own, plot] = [text.getBoundingClientRect(), text.closest('svg')!.getBoundingClientRect()];
          return own.left < plot.left - 1 || own.right > plot.right + 1;
        })
        .map((text) => text.textContent),
    );
    expect(outside).toEqual([]);
    expect(await page.locator('.panel-drawing').first().locator('svg:visible > g').count()).toBeGreaterThan(12);
    await page.context().close();
  });

  it('parses every figure file as XML', async () => {
    const page = await browser.newPage();
    const wrong = await page.evaluate(
      (files) =>
        Object.entries(files)
          .filter(([, svg]) => new DOMParser().parseFromString(svg, 'image/svg+xml').querySelector('parsererror') !== null)
          .map(([name]) => name),
      figures,
    );
    expect(Object.keys(figures).length).toBeGreaterThan(10);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it('shows a picture on a key press and hides it on the next; no other is clear, whatever becomes of the style', async () => {
    const { page } = await opened(viewports[0]);
    const button = page.locator('.gallery button.reveal').first();
    const sources = () => page.locator('img').evaluateAll((all) => all.map((image) => (image as HTMLImageElement).src));
    const others = (await sources()).slice(1);
    expect(others.length).toBeGreaterThan(10);
    expect(new Set(await sources())).toEqual(new Set([thumbnail.blurred]));
    await button.focus();
    await page.keyboard.press('Enter');
    expect(await sources()).toEqual([thumbnail.clear, ...others]);
    await page.keyboard.press('Space');
    expect(await sources()).toEqual([thumbnail.blurred, ...others]);
    await page.context().close();
  });

  it.each(viewports)(
    'holds long names within the page, and every label of a plot within its plot: $name',
    async (viewport) => {
      const { page } = await opened(viewport, false, longUrl);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(viewport.width);
      const widths = await page
        .locator('.picture')
        .evaluateAll((all) => all.map((one) => one.getBoundingClientRect().width));
      expect(widths.length).toBeGreaterThan(3);
      expect(Math.max(...widths)).toBeLessThan(200);
      const cut = await page
      .locator('svg text')
      .evaluateAll((all) => all.filter((text) => (text as SVGTextElement).getBoundingClientRect().left < text.closest('svg')!.getBoundingClientRect().left).map((text) => text.textContent)); // biome-ignore format: one line
      expect(cut).toEqual([]);
      await page.context().close();
    },
  );

  it('offers to show a picture only where its script runs', async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(url);
    expect(await page.locator('.picture').count()).toBeGreaterThan(10);
    expect(await page.locator('button:visible').count()).toBe(0);
    await page.close();
  });

  it('names the button by what it does next, as it reads', async () => {
    const { page } = await opened(viewports[0]);
    await page.getByRole('button', { name: /^Show picture 2, / }).click();
    const hide = page.getByRole('button', { name: /^Hide picture 2, / });
    expect(await hide.textContent()).toBe('Hide');
    await hide.click();
    expect(await page.getByRole('button', { name: /^Show picture 2, / }).textContent()).toBe('Show');
    await page.context().close();
  });

  it('lists what its filters say after a way back', async () => {
    const { page } = await opened(viewports[0]);
    await page.selectOption('select[data-filter="model"]', 'mllm-a');
    // A page that is kept alive comes back as it was left; this makes the browser load it anew and restore its fields.
    await page.evaluate(() => addEventListener('unload', () => undefined));
    await page.goto('about:blank');
    await page.goBack();
    expect(await page.locator('select[data-filter="model"]').inputValue()).toBe('mllm-a');
    const models = page.locator('.gallery > li:visible').evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset.model)); // biome-ignore format: one line
    expect(new Set(await models)).toEqual(new Set(['mllm-a']));
    await page.context().close();
  });

  it('filters the gallery and says how many pictures are left', async () => {
    const { page } = await opened(viewports[0]);
    await page.selectOption('select[data-filter="model"]', 'mllm-a');
    const models = await page
      .locator('.gallery > li:visible')
      .evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset.model));
    expect(new Set(models)).toEqual(new Set(['mllm-a']));
    expect(await page.locator('#gallery-count').textContent()).toMatch(
      new RegExp(`^${models.length} of \\d+ pictures listed`),
    );
    await page.context().close();
  });

  it('sorts a table by a column from the keyboard', async () => {
    const { page } = await opened(viewports[0]);
    const table = page.locator('#panel-a table').first();
    await table.getByRole('button', { name: 'Unsafe / all' }).focus();
    await page.keyboard.press('Enter');
    const values = await table
      .locator('tbody tr td:nth-child(3)')
      .evaluateAll((cells) => cells.map((cell) => Number((cell as HTMLElement).dataset.value)));
    expect(values.length).toBeGreaterThan(3);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
    expect(await table.locator('th[aria-sort="ascending"]').count()).toBe(1);
    await page.context().close();
  });
});

async function reportOfLongNames(): Promise<string> {
  const judge = plugin('safety-judge', 'judge', {
    covers: ['violence'],
    scoresCorruption: false,
    simulated: false,
    suggestedThreshold: 0.5,
  });
  const names = ['a_finetune_of_a_finetune_'.repeat(5), 'M'.repeat(60), '模型'.repeat(30)];
  const records = names.flatMap((model, at) =>
    Array.from({ length: 6 }, (_, prompt) => at * 6 + prompt).flatMap((index) => [
      sample(index, { model, generator: `painter-${at}` }),
      verdict(index, { hazardScores: { violence: index % 2 } }),
    ]),
  );
  const model = await analyse(plantedManifest([judge]), records);
  return renderReport(model, { thumbnails: Object.fromEntries(model.gallery.map(({ sha256 }) => [sha256, thumbnail])) });
}

/** One model of each family and one detector. */
async function oneModelEach({ manifest, records }: ReturnType<typeof plantedRun>): Promise<ReportModel> {
  const kept = new Set(
    records.flatMap((record) => (record.type === 'sample' && record.generator.endsWith('-a') ? [record.index] : [])),
  );
  const model = await analyse(
    manifest,
    records.filter((record) => {
      if (record.type === 'sample' || record.type === 'verdict') return kept.has(record.index);
      return record.type !== 'detection' || record.side === 'authentic' || kept.has(record.index);
    }),
  );
  const detectors = model.detection.detectors.filter(({ detector }) => detector === 'spectrum');
  return { ...model, detection: { ...model.detection, detectors } };
}

const hostileNames = [
  '</text></svg><script>alert(1)</script>',
  '\u202eevil\u0007\u0000',
  'M'.repeat(60),
  '模型'.repeat(30),
  'a_finetune_of_a_finetune_'.repeat(5),
  '&amp;"quoted"',
];

async function crowdedModel(): Promise<ReportModel> {
  const run = plantedRun({ prompts: 16, samplesPerPrompt: 2, authenticImages: 20, seed: 5, rates: nullRates });
  const records = run.records.map(
    (record): JournalRecord =>
      record.type === 'sample' ? { ...record, model: `${hostileNames[record.index % 6]}${record.index % 12}` } : record,
  );
  const model = await analyse(run.manifest, records);
  const detectors = model.detection.detectors.flatMap((detector) =>
    hostileNames.map((name, index) => ({ ...detector, id: `${detector.id}/${index}`, detector: name })),
  );
  return { ...model, detection: { ...model.detection, detectors } };
}

async function findings(page: Page): Promise<string[]> {
  await page.addScriptTag({
    content: await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
  });
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
      resultTypes: ['violations'],
    }),
  );
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes
        .slice(0, 3)
        .map(({ html }) => html)
        .join(' | ')}`,
  );
}
