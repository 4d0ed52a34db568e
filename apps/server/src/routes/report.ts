import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { RouteContext } from '../route-context.ts';
import { readReportFile } from '../served-run.ts';
import type { Routes } from './routes.ts';
import { failures, runId } from './schemas.ts';

const params = z.object({ id: runId });

async function metricsOf(runsFolder: string, id: string): Promise<Record<string, unknown>> {
  const text = await readReportFile(runsFolder, id, 'metrics.json');
  const parsed = z.record(z.string(), z.unknown()).safeParse(parseOrUndefined(text));
  if (parsed.success) return parsed.data;
  throw new DiptychError(
    'REPORT_INVALID',
    `Expected report/metrics.json of run ${id} to be a JSON object, it is none. Write it again with \`diptych report\`.`,
  );
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // said by the caller
  }
}

/**
 * A report is a file of the run, which may come from anyone: its scripts run, but belong to no origin, so that they cannot
 * read other runs. It loads and frames nothing, neither from this server, whose images it would show in the name of whoever
 * looks at it, nor from another host, which would learn that someone looks. Its own policy, in its head, is one of the file.
 */
const policy = [
  "default-src 'none'",
  'img-src data:',
  "style-src 'unsafe-inline'",
  "script-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  'sandbox allow-scripts',
].join('; ');

export function reportRoutes(app: Routes, { runsFolder }: RouteContext): void {
  app.get(
    '/api/v1/runs/:id/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        description: 'The report as data: every table and number with its id.',
        params,
        response: { 200: z.record(z.string(), z.unknown()), ...failures },
      },
    },
    async (request) => metricsOf(runsFolder, request.params.id),
  );
  app.get(
    '/api/v1/runs/:id/report',
    {
      schema: {
        operationId: 'getReport',
        description: 'The self-contained HTML report.',
        params,
        produces: ['text/html'],
        response: { 200: z.string(), ...failures },
      },
    },
    async (request, reply) => {
      const html = await readReportFile(runsFolder, request.params.id, 'report.html');
      return reply.header('content-security-policy', policy).type('text/html; charset=utf-8').send(html);
    },
  );
}
