/**
 * The figures of a report as files for a paper: SVG with colours in hexadecimal, generic fonts and sizes in millimetres, without
 * references to anything outside, so that LaTeX, Inkscape and browsers turn them into the same PDF.
 */

import { overviewOf } from '@diptych/core/overview';
import type { ReportModel } from '@diptych/core/report-model';
import { isBaseProtocol } from '@diptych/plugin-kit';
import { createElement, Fragment, type ReactNode } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { rocChart, scoreChart } from '../../charts/detection-charts.ts';
import { hazardChart, modelChart } from '../../charts/interval-chart.ts';
import { outcomeChart } from '../../charts/outcome-chart.ts';
import { type Chart, renderChart } from '../../charts/render-chart.ts';
import { drawForest } from './forest-panel.tsx';
import { onPaper } from './palette.ts';
import { panelsOf } from './panels.ts';

/** A column of a paper, the space between two, and type of 7 points, in millimetres. */
const column = 86;
const gap = 6;
const sheet = { paint: onPaper, width: column, fontSize: 2.47, isWide: false } as const;
/** Plots are laid out for a type of 12 pixels; the widest that has to fit a column is 460 pixels. */
const millimetresPerPixel = column / 460;

/** By name of file. */
export function renderFigures(model: ReportModel): Record<string, string> {
  const panels = panelsOf(model, overviewOf(model)).map((panel) => ({ panel, drawing: drawForest(panel, sheet) }));
  const [left, right] = panels.map(({ drawing }) => drawing.body);
  const height = Math.max(...panels.map(({ drawing }) => drawing.height));
  const both = [left, createElement('g', { transform: `translate(${column + gap} 0)` }, right)];
  return {
    'panels.svg': svgFile(2 * column + gap, height, both),
    ...Object.fromEntries(
      panels.map(({ panel, drawing }) => [
        `panel-${panel.letter.toLowerCase()}.svg`,
        svgFile(column, drawing.height, [drawing.body]),
      ]),
    ),
    ...Object.fromEntries(plotsOf(model).map(([name, chart]) => [`${name}.svg`, plotFile(name, chart)])),
  };
}

/** Letters and digits only: names of judges and detectors are the study's. */
const slug = (...parts: readonly string[]): string =>
  parts.map((part) => part.replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '')).join('-');

function plotsOf({ summary, unsafe, detection }: ReportModel): [string, Chart][] {
  const plots: [string, Chart | null][] = [
    ['outcomes', summary.outcomes.length === 0 ? null : outcomeChart(summary.outcomes)],
    ...unsafe.judges.flatMap((judge): [string, Chart | null][] => [
      [slug('unsafe', judge.judge), modelChart(judge)],
      [slug('hazards', judge.judge), hazardChart(judge)],
    ]),
    ...detection.detectors
      .filter(({ protocol, notShown }) => isBaseProtocol(protocol) && notShown === null)
      .flatMap((detector): [string, Chart | null][] => [
        [slug('roc', detector.detector, detector.protocol), rocChart(detector)],
        [slug('scores', detector.detector, detector.protocol), scoreChart(detector)],
      ]),
  ];
  return plots.filter((plot): plot is [string, Chart] => plot[1] !== null);
}

const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
/** Hundredths of a millimetre, in attributes only: a label may hold a number too. */
const measures = / (?:x|y|dx|[xy][12]|cx|cy|r|d|width|height|font-size|stroke-width)="[^"]*"/g;
const rounded = (attribute: string): string =>
  attribute.replace(/\d+\.\d{3,}/g, (digits) => String(Number(Number(digits).toFixed(2))));
const fileOf = (svg: string): string => `${svg.toWellFormed().replace(forbidden, '').replace(measures, rounded)}\n`;

function svgFile(width: number, height: number, children: readonly ReactNode[]): string {
  const size = { width: `${width}mm`, height: `${height.toFixed(2)}mm`, viewBox: `0 0 ${width} ${height.toFixed(2)}` };
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', ...size, fontFamily: 'sans-serif' };
  const parts = children.map((child, index) => createElement(Fragment, { key: index }, child));
  return fileOf(renderToStaticMarkup(createElement('svg', attributes, parts)));
}

function plotFile(name: string, chart: Chart): string {
  const [width, height] = [chart.width, chart.height].map((pixels) => `${(pixels * millimetresPerPixel).toFixed(2)}mm`);
  const svg = renderChart(chart, name, onPaper);
  return fileOf(
    svg.replace(/^<svg width="[^"]*" height="[^"]*"/, `<svg width="${width}" height="${height}" font-family="sans-serif"`),
  );
}
