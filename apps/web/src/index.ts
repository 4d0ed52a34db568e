/** The report as one self-contained HTML file, and its figures as SVG files. */
export { renderFigures } from './report/figure/figure-files.ts';
export { renderReport } from './report/render-report.tsx';
