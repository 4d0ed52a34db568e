import { z } from 'zod';
import type { Routes } from './routes.ts';

export function healthRoutes(app: Routes): void {
  app.get(
    '/api/v1/health',
    { schema: { operationId: 'health', response: { 200: z.object({ status: z.literal('ok') }) } } },
    () => ({ status: 'ok' as const }),
  );
}
