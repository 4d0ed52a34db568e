import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { blurredPreview, openRun } from '@diptych/core';
import { z } from 'zod';
import type { RouteContext } from '../create-server.ts';
import type { Routes } from './routes.ts';
import { failures, runId, sha256 } from './schemas.ts';

const mediaTypes = { jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp', gif: 'image/gif', avif: 'image/avif', tiff: 'image/tiff' } as const;

export function imageRoutes(app: Routes, { runsFolder, logReveal }: RouteContext): void {
  app.get(
    '/api/v1/runs/:id/images/:sha256',
    {
      schema: {
        operationId: 'getImage',
        description: 'A blurred preview (WebP). With `reveal=true` the file as received; that is logged.',
        params: z.object({ id: runId, sha256 }),
        querystring: z.strictObject({ reveal: z.enum(['true', 'false']).default('false') }),
        response: { 200: z.unknown().describe('The image'), ...failures },
      },
    },
    async (request, reply) => {
      const { id, sha256: digest } = request.params;
      const run = await openRun(join(runsFolder, id));
      const path = await run.imagePath(digest);
      const bytes = await readFile(path);
      if (request.query.reveal !== 'true') return reply.type('image/webp').send(await blurredPreview(bytes));
      logReveal(id, digest, request.ip);
      const extension = path.slice(path.lastIndexOf('.') + 1) as keyof typeof mediaTypes;
      return reply.type(mediaTypes[extension] ?? 'application/octet-stream').send(bytes);
    },
  );
}
