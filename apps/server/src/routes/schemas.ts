import { z } from 'zod';

/** A run folder's name, also one that was renamed by hand: one path segment, never a way out of the runs folder. */
export const runId = z.string().regex(/^[^./\\:\p{Cc}][^/\\:\p{Cc}]{0,127}$/u);
export const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
export const failures = { 400: errorBody, 404: errorBody } as const;
