import { z } from 'zod';
import type { RouteContext } from '../route-context.ts';
import { listServedRuns, openServedRun } from '../served-run.ts';
import type { Routes } from './routes.ts';
import { failures, runId } from './schemas.ts';

const runSummary = z.object({
  id: z.string(),
  study: z.string(),
  createdAt: z.string(),
  plannedSamples: z.int(),
});

export function runRoutes(app: Routes, { runsFolder }: RouteContext): void {
  app.get(
    '/api/v1/runs',
    {
      schema: {
        operationId: 'listRuns',
        description:
          'Runs in the folder, newest first. Folders without a readable manifest, or with one outside, are left out.',
        response: { 200: z.object({ runs: z.array(runSummary) }) },
      },
    },
    async () => ({
      runs: (await listServedRuns(runsFolder)).map(({ id, manifest }) => ({
        id,
        study: manifest.study.name,
        createdAt: manifest.createdAt,
        plannedSamples: manifest.planned.samples,
      })),
    }),
  );
  app.get(
    '/api/v1/runs/:id/manifest',
    {
      schema: {
        operationId: 'getManifest',
        description: 'What went into a run; matches manifest.schema.json of the plugin kit.',
        params: z.object({ id: runId }),
        response: { 200: z.record(z.string(), z.unknown()), ...failures },
      },
    },
    async ({ params }) => (await openServedRun(runsFolder, params.id)).manifest,
  );
}
