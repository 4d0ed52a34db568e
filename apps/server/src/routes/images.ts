import { blurredPreview } from '@diptych/core';
import { DiptychError } from '@diptych/plugin-kit';
import { z } from 'zod';
import type { RouteContext } from '../route-context.ts';
import { openServedRun } from '../served-run.ts';
import type { Routes } from './routes.ts';
import { failures, runId, sha256 } from './schemas.ts';

const mediaTypes = {
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  tiff: 'image/tiff',
  other: 'application/octet-stream',
} as const;

/** Browsers say who asks: nobody but the user (`none`), this server's own pages, or another page. Scripts say nothing. */
function refuseOtherPages(site: string | string[] | undefined): void {
  if (site === undefined || site === 'none' || site === 'same-origin') return;
  throw new DiptychError(
    'REQUEST_INVALID',
    'Expected a person or a script to ask for an unblurred image, another page did. Open the address yourself.',
  );
}

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
      const isRevealed = request.query.reveal === 'true';
      if (isRevealed) refuseOtherPages(request.headers['sec-fetch-site']);
      const run = await openServedRun(runsFolder, id);
      const { container, bytes } = await run.findImage(digest);
      if (!isRevealed) return reply.type('image/webp').send(Buffer.from(await blurredPreview(bytes)));
      logReveal(id, digest, request.ip);
      return reply.type(mediaTypes[container]).send(Buffer.from(bytes));
    },
  );
}
