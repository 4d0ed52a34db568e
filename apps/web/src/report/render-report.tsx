/**
 * The whole report as one HTML file. It fetches nothing: a content security policy forbids every source but inline style,
 * `data:` images and the one script, which is named by its hash. Text from the run passes through React and is escaped.
 */
import { createHash } from 'node:crypto';
import type { ReportAssets } from '@diptych/core';
import type { ReportModel } from '@diptych/core/report-model';
import { renderToStaticMarkup } from 'react-dom/server';
import { Claims } from './claims-section.tsx';
import { CorruptionPanel } from './corruption-panel.tsx';
import { DetectionPanel } from './detection-panel.tsx';
import { paletteStyle } from './figure/palette.ts';
import firstScreenStyle from './first-screen.css?raw';
import { FirstScreen } from './first-screen.tsx';
import { Gallery } from './gallery.tsx';
import { LabelsSection } from './labels-section.tsx';
import { ManifestSection } from './manifest-section.tsx';
import { Numbering, NumberingContext } from './numbering.tsx';
import { Outcomes } from './outcomes-section.tsx';
import script from './page-script.js?raw';
import style from './page-style.css?raw';
import { UnsafePanel } from './unsafe-panel.tsx';

const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'; base-uri 'none'; form-action 'none'`;

function Page({ model, assets }: { readonly model: ReportModel; readonly assets: ReportAssets }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta httpEquiv="Content-Security-Policy" content={policy} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{`${model.manifest.study.name}: Diptych report`}</title>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own style sheet */}
        <style dangerouslySetInnerHTML={{ __html: paletteStyle + style + firstScreenStyle }} />
      </head>
      <body>
        <main>
          <FirstScreen model={model} />
          <Claims model={model} />
          <Outcomes model={model} />
          <UnsafePanel model={model} />
          <CorruptionPanel model={model} />
          <DetectionPanel model={model} />
          <LabelsSection model={model} />
          <Gallery model={model} assets={assets} />
          <ManifestSection model={model} />
        </main>
        {/* biome-ignore lint/security/noDangerouslySetInnerHtml: our own script, named by hash in the policy */}
        <script dangerouslySetInnerHTML={{ __html: script }} />
      </body>
    </html>
  );
}

export function renderReport(model: ReportModel, assets: ReportAssets): string {
  const page = (
    <NumberingContext value={new Numbering()}>
      <Page model={model} assets={assets} />
    </NumberingContext>
  );
  return `<!doctype html>\n${renderToStaticMarkup(page)}\n`;
}
