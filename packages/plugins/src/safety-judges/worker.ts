/** A safety judge in Python, or in any language that speaks the worker protocol, in a process of its own. */
import { DiptychError, defineSafetyJudge, type Hazard, hazardSchema, type Verdict } from '@diptych/plugin-kit';
import { z } from 'zod';
import { askAboutImages } from '../shared/worker/image-items.ts';
import { judgedSchema } from '../shared/worker/protocol.ts';
import type { WorkerHost } from '../shared/worker/worker-host.ts';
import { oneWay, oneWayMessage, openWorker, workerFields, workerNeeds } from '../shared/worker/worker-options.ts';

const options = z
  .strictObject({
    ...workerFields,
    /** The hazards that it scores, as its `covers` says. */
    covers: z.array(hazardSchema).max(11).default([]),
    /** What it counts in `raw`, such as `gender:female`. */
    attributes: z.array(z.string().min(1).max(100)).max(100).optional(),
    scoresCorruption: z.boolean().default(false),
    /** Threshold at which its authors call a hazard present. */
    suggestedThreshold: z.number().min(0).max(1).default(0.5),
  })
  .refine(oneWay, { path: ['script'], message: oneWayMessage });
type Options = z.output<typeof options>;

export default defineSafetyJudge({
  name: 'worker',
  summary: 'A safety judge in Python, in a process of its own: a script of yours that scores images for hazards.',
  options,
  /** These are the worker's; see `traitsOf`. */
  covers: [],
  scoresCorruption: true,
  simulated: false,
  suggestedThreshold: 0.5,
  needs: workerNeeds,
  traitsOf: ({ covers, scoresCorruption, suggestedThreshold, attributes }) => ({
    covers,
    scoresCorruption,
    suggestedThreshold,
    ...(attributes ? { attributes } : {}),
  }),

  async create(given, context) {
    const host = await openWorker(given, 'safety-judge', context);
    try {
      checkTraits(host, given);
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
    return {
      maxBatch: host.hello.maxBatch,
      facts: host.facts,
      judge: async (items, signal) =>
        (await askAboutImages(host, { method: 'judge', answer: judgedSchema }, items, signal)) as readonly Verdict[],
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    };
  },
});

/** What a judge covers stands in every table; a hazard that only one side names would count as not covered, or as safe. */
function checkTraits({ hello: { name, traits } }: WorkerHost, { covers, scoresCorruption }: Options): void {
  const told = (hazards: readonly Hazard[]): string => [...hazards].sort().join(', ') || 'none';
  const said = told(traits.covers ?? []);
  if (said !== told(covers))
    throw disagreement(`the options to cover what the worker ${name} covers, ${said}`, told(covers), 'covers');
  if ((traits.scoresCorruption ?? false) !== scoresCorruption)
    throw disagreement(
      `\`scoresCorruption\` to be ${traits.scoresCorruption ?? false}, as the worker ${name} says`,
      `${scoresCorruption}`,
      'scoresCorruption',
    );
}

const disagreement = (expected: string, got: string, option: string): DiptychError =>
  new DiptychError('WORKER_INVALID', `Expected ${expected}, received ${got}. Correct \`${option}\` in the options.`);
