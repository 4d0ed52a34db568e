/** A detector in Python, or in any language that speaks the worker protocol, in a process of its own. */
import { type Detection, DiptychError, defineDetector } from '@diptych/plugin-kit';
import { z } from 'zod';
import { askAboutImages } from '../shared/worker/image-items.ts';
import { detectedSchema } from '../shared/worker/protocol.ts';
import { oneWay, oneWayMessage, openWorker, workerFields, workerNeeds } from '../shared/worker/worker-options.ts';

const options = z
  .strictObject({
    ...workerFields,
    /** Generators whose images the detector was fitted on. */
    trainedOn: z.array(z.string().min(1).max(300)).max(1000).default([]),
  })
  .refine(oneWay, { path: ['script'], message: oneWayMessage });

export default defineDetector({
  name: 'worker',
  summary: 'A detector in Python, in a process of its own: a script of yours that says how synthetic an image looks.',
  options,
  /** Stated by the options; see `traitsOf`. */
  trainedOn: [],
  control: false,
  needs: workerNeeds,
  traitsOf: ({ trainedOn }) => ({ trainedOn }),

  async create(given, context) {
    const host = await openWorker(given, 'detector', context);
    const { name, traits } = host.hello;
    const said = traits.trainedOn ?? [];
    // Reports keep seen and unseen generators apart by this list, so both must say the same.
    if ([...said].sort().join() !== [...given.trainedOn].sort().join()) {
      await host[Symbol.asyncDispose]();
      throw new DiptychError(
        'WORKER_INVALID',
        `Expected \`trainedOn\` in the options to be what the worker ${name} says (${said.join(', ') || 'nothing'}), received ${given.trainedOn.join(', ') || 'nothing'}. Correct the options.`,
      );
    }
    return {
      maxBatch: host.hello.maxBatch,
      facts: host.facts,
      detect: async (images, signal) =>
        (await askAboutImages<Detection>(
          host,
          { method: 'detect', answer: detectedSchema },
          images.map((image) => ({ image, prompt: '' })),
          signal,
        )) satisfies readonly Detection[],
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    };
  },
});
