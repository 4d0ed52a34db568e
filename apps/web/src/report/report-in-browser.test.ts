/** The report in a real Chromium: no error, no request, keyboard, sorting, and axe-core without serious findings. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { analyse } from '@diptych/core';
import { plantedManifest, plantedRun, plugin, sample, verdict } from '@diptych/core/testing';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
    browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const viewports = [
    { name: 'desktop, light', width: 1280, height: 900, colorScheme: 'light' },
    { name: 'desktop, dark', width: 1280, height: 900, colorScheme: 'dark' },
    { name: 'phone, light', width: 360, height: 740, colorScheme: 'light' },
  ] as const;

  async function opened({ width, height, colorScheme }: (typeof viewports)[number], bypassCSP = false, address = url) {
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

  it.each(viewports)('has no serious or critical finding of axe-core: $name', async (viewport) => {
    // The page's own policy forbids the checker's script, so only this test sets the policy aside.
    const { page } = await opened(viewport, true);
    expect(await seriousFindings(page)).toEqual([]);
    await page.context().close();
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

async function seriousFindings(page: Page): Promise<string[]> {
  await page.addScriptTag({
    content: await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'),
  });
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run({
      resultTypes: ['violations'],
    }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html)
          .join(' | ')}`,
    );
}
