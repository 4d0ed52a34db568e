import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRun } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { RouteContext } from '../create-server.ts';
import type { Routes } from './routes.ts';
import { failures, runId } from './schemas.ts';

const params = z.object({ id: runId });

async function reportFile(runsFolder: string, id: string, file: string): Promise<string> {
  await openRun(join(runsFolder, id)); // RUN_NOT_FOUND before anything is read
  try {
    return await readFile(join(runsFolder, id, 'report', file), 'utf8');
  } catch (cause) {
    throw new DiptychError(
      'NOT_FOUND',
      `Expected report/${file} in run ${id}, found none. Write it with \`diptych report\`.`,
      { cause },
    );
  }
}

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
    async (request) =>
      JSON.parse(await reportFile(runsFolder, request.params.id, 'metrics.json')) as Record<string, unknown>,
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
      const html = await reportFile(runsFolder, request.params.id, 'report.html');
      return reply.type('text/html; charset=utf-8').send(html);
    },
  );
}
