/** A generator in Python, or in any language that speaks the worker protocol, in a process of its own. */
import {
  type CostEstimate,
  type Decoder,
  DiptychError,
  decoderSchema,
  defineGenerator,
  type Family,
  familySchema,
  type Generation,
  type GenerationRequest,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { ownMachineEstimate, ownMachineOptions } from '../shared/own-machine.ts';
import { generatedSchema, type WorkerOutcome } from '../shared/worker/protocol.ts';
import { type ReadyWorker, readyNames, readyScript, readyWorkers } from '../shared/worker/ready-workers.ts';
import { FileFault } from '../shared/worker/worker-folder.ts';
import type { WorkerHost } from '../shared/worker/worker-host.ts';
import { oneWay, oneWayMessage, openWorker, workerFields, workerNeeds } from '../shared/worker/worker-options.ts';

const options = z
  .strictObject({
    /** A ready worker by name; docs/guides/python-workers.md lists them with what they need. */
    model: z.enum(readyNames).optional(),
    ...workerFields,
    ...ownMachineOptions,
    /** Of a worker of your own; a ready one knows. */
    family: familySchema.optional(),
    decoder: decoderSchema.optional(),
  })
  .refine(oneWay, { path: ['model'], message: oneWayMessage })
  .refine(({ model, family }) => (model === undefined) === (family !== undefined), {
    path: ['family'],
    message: 'Expected `family` for a worker of your own, and none beside `model`.',
  });
type Options = z.output<typeof options>;

/** What a worker's defaults say of its images; a worker of one's own may say anything there. */
const shapeSchema = z.looseObject({
  width: z.number().optional().catch(undefined),
  height: z.number().optional().catch(undefined),
  fileFormat: z.string().optional().catch(undefined),
});

const readyOf = (model: Options['model']): ReadyWorker | undefined =>
  model === undefined ? undefined : readyWorkers[model];

function traitsOf({ model, family, decoder }: Options): { family: Family; decoder: Decoder } {
  const ready = readyOf(model);
  return { family: ready?.family ?? family!, decoder: ready?.decoder ?? decoder ?? 'unknown' };
}

export default defineGenerator({
  name: 'worker',
  summary: 'A model in Python, in a process of its own: ready workers for published models, or a script of yours.',
  options,
  /** Of the worker; see `traitsOf`. */
  family: 'mllm',
  decoder: 'unknown',
  simulated: false,
  needs: workerNeeds,
  traitsOf,

  async create(given, context) {
    const ready = readyOf(given.model);
    const args = ready?.args ? [...ready.args, ...given.args] : given.args;
    const host = await openWorker(
      ready ? { ...given, script: readyScript(ready.script), args } : given,
      'generator',
      context,
    );
    try {
      checkTraits(host, traitsOf(given));
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
    return {
      maxBatch: host.hello.maxBatch,
      concurrency: 1,
      estimate: estimateOf(given, host.hello),
      facts: host.facts,
      async generate(requests, signal) {
        signal.throwIfAborted();
        if (requests.length === 0) return [];
        const wanted = requests.map(({ prompt, seed, index, promptId, level }) => ({
          prompt,
          seed,
          index,
          promptId,
          level,
        }));
        // One call at a time: what lies there belongs to one that was given up.
        await host.folder.clear();
        const { items } = await host.call('generate', { requests: wanted }, generatedSchema, signal);
        checkCount(items, requests, host);
        return Promise.all(items.map((item) => generationOf(item, host)));
      },
      [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
    };
  },
});

/** How large its images are, the worker says. */
function estimateOf(options: Options, { defaults, maxBatch }: WorkerHost['hello']): CostEstimate {
  const { width, height, fileFormat: format } = shapeSchema.parse(defaults);
  const { turn } = options;
  const estimate = ownMachineEstimate(options, { maxBatch, shape: { width, height, format } });
  return { ...estimate, ...(turn === undefined ? {} : { turn }) };
}

/** The study's word stands in every table, so it must be the worker's too. */
function checkTraits({ hello: { name, traits } }: WorkerHost, told: { family: Family; decoder: Decoder }): void {
  for (const key of ['family', 'decoder'] as const) {
    const said = traits[key];
    if (said === undefined || said === '' || said === told[key]) continue;
    throw new DiptychError(
      'WORKER_INVALID',
      `Expected the ${key} of the worker ${name} to be ${told[key]}, as the study says, the worker says ${said}. Correct the options.`,
      { details: { worker: name, [key]: said } },
    );
  }
}

function checkCount(items: readonly unknown[], requests: readonly GenerationRequest[], { hello }: WorkerHost): void {
  if (items.length === requests.length) return;
  throw new DiptychError(
    'PLUGIN_BROKE_CONTRACT',
    `Expected ${requests.length} outcomes of the worker ${hello.name}, one for each request, received ${items.length}. Correct its \`generate\`.`,
  );
}

async function generationOf(item: WorkerOutcome, { folder, hello }: WorkerHost): Promise<Generation> {
  if (item.outcome !== 'image') return item;
  try {
    const { revisedPrompt, warnings, costUsd } = item;
    return {
      outcome: 'image',
      bytes: await folder.take(item.file),
      ...(revisedPrompt === undefined ? {} : { revisedPrompt }),
      ...(warnings === undefined ? {} : { warnings }),
      ...(costUsd === undefined ? {} : { costUsd }),
    };
  } catch (cause) {
    if (!(cause instanceof FileFault)) throw cause;
    throw new DiptychError(
      'PLUGIN_BROKE_CONTRACT',
      `Expected of the worker ${hello.name} ${cause.message}. Correct the worker.`,
      { cause },
    );
  }
}
