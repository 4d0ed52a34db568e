/** The report as one self-contained HTML file. */
export { renderReport } from './report/render-report.tsx';
