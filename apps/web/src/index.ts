/** The report as one self-contained HTML file. */
export { type ReportAssets, renderReport } from './report/render-report.tsx';
