import { expect, it } from 'vitest';
import { runDiptych } from './testing/run-diptych.ts';

it('refuses a format that it does not know before it opens the run, and names those it does', async () => {
  const { code, stderr } = await runDiptych(['report', 'no-such-run', '--format', 'csv,docx'], { cwd: '.' });
  expect(code).toBe(2);
  expect(stderr).toContain(
    'Expected --format to name formats out of html, svg, md, csv, json, latex, parquet, bibtex, got "docx"',
  );
});
