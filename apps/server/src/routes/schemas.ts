import { z } from 'zod';

/** A run folder's name: one path segment, never a way out of the runs folder. */
export const runId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
export const failures = { 400: errorBody, 404: errorBody } as const;
