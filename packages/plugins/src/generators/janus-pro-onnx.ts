/** Janus-Pro in this process, through transformers.js and ONNX Runtime. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  defineGenerator,
  type Generation,
  type GenerationRequest,
  type Generator,
  InfrastructureError,
  type PluginContext,
} from '@diptych/plugin-kit';
import { encodePng } from '@diptych/plugin-kit/png';
import { z } from 'zod';
import { hubHosts } from '../shared/hub-hosts.ts';
import { correctGuidance, type Janus, makeImage } from '../shared/janus/make-image.ts';
import { checkModelFolder, deviceSchema, dtypeSchema, forEachNetwork } from '../shared/janus/model-files.ts';
import {
  loadJanus,
  packageName,
  requireTransformersJs,
  type Source,
  type TransformersJs,
} from '../shared/janus/transformers-js.ts';
import { ownMachineEstimate, ownMachineOptions } from '../shared/own-machine.ts';
import { randomOf } from '../shared/seeded.ts';

const publishedModel = 'onnx-community/Janus-Pro-1B-ONNX';
const pinIt = 'the 40 digits of a commit, as `git ls-remote https://huggingface.co/MODEL HEAD` prints them';

const options = z
  .strictObject({
    /** Repository on the hub; else the published one of Janus-Pro 1B. */
    model: z
      .string()
      .regex(/^[\w.-]+\/[\w.-]+$/, 'owner/name')
      .optional(),
    /** Commit of the repository: a branch would change under a run. */
    revision: z
      .string()
      .regex(/^[0-9a-f]{40}$/, pinIt)
      .optional(),
    /** A copy of such a repository, from the study's folder; no host is contacted then. */
    modelFolder: z.string().min(1).max(4096).optional(),
    /** Where downloads are kept; else `diptych/transformers-js` in the user's cache folder. */
    cacheFolder: z.string().min(1).max(4096).optional(),
    dtype: dtypeSchema.default('fp32'),
    device: deviceSchema.default('cpu'),
    temperature: z.number().min(0.01).max(100).default(1),
    /** Weight of classifier-free guidance; 1 is none. */
    guidance: z.number().min(1).max(100).default(5),
    ...ownMachineOptions,
  })
  .refine(({ model, modelFolder }) => model === undefined || modelFolder === undefined, {
    path: ['model'],
    message: 'Expected no `model` beside `modelFolder`.',
  })
  .refine(({ revision, modelFolder }) => (revision === undefined) !== (modelFolder === undefined), {
    path: ['revision'],
    message: `Expected either \`modelFolder\`, or \`revision\`: ${pinIt}`,
  });
type Options = z.output<typeof options>;

/** Of the authors' generation_inference.py, which saves `.jpg` through Pillow: quality 75 with 4:2:0 chroma. */
const published = {
  width: 384,
  height: 384,
  imageTokens: 576,
  temperature: 1,
  guidance: 5,
  dtype: 'bfloat16',
  fileFormat: "jpeg, Pillow's default quality (75)",
  reference: 'https://github.com/deepseek-ai/Janus',
};

async function load(library: TransformersJs, source: Source): Promise<Janus> {
  try {
    const loaded = await loadJanus(library, source);
    correctGuidance(loaded);
    return { library, ...loaded };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    // A network may come back; files on disk do not mend themselves.
    throw new InfrastructureError(`Expected ${source.model} to load, got: ${reason.slice(0, 2000)}`, {
      retryable: source.revision !== undefined,
      cause,
    });
  }
}

async function imageOf(janus: Janus, request: GenerationRequest, given: Options, signal: AbortSignal): Promise<Generation> {
  try {
    const settings = { guidance: given.guidance, temperature: given.temperature, random: randomOf(request.seed) };
    return { outcome: 'image', bytes: encodePng(await makeImage(janus, request.prompt, settings, signal)) };
  } catch (cause) {
    signal.throwIfAborted();
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InfrastructureError(`Expected Janus-Pro to make an image, got: ${reason.slice(0, 2000)}`, {
      retryable: false,
      cause,
    });
  }
}

const cacheFolderOf = ({ cacheFolder }: Options, { baseFolder }: PluginContext): string =>
  cacheFolder
    ? resolve(baseFolder, cacheFolder)
    : join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'diptych', 'transformers-js');

/** The calls of one model, which is loaded by the first of them, so that a plan reads and downloads nothing. */
function lazily(library: TransformersJs, given: Options, source: Source): Pick<Generator, 'generate'> & AsyncDisposable {
  const closing = new AbortController();
  // A download goes on after its call timed out, but not after the run.
  const fetch: typeof source.fetch = (input, init) => source.fetch(input, { ...init, signal: closing.signal });
  let janus: Promise<Janus> | undefined;
  const ready = (): Promise<Janus> => {
    janus ??= load(library, { ...source, fetch }).catch((error: unknown) => {
      janus = undefined;
      throw error;
    });
    return janus;
  };
  const makeAll = async (requests: readonly GenerationRequest[], signal: AbortSignal): Promise<Generation[]> => {
    const made: Generation[] = [];
    for (const request of requests) {
      signal.throwIfAborted();
      made.push(await imageOf(await ready(), request, given, signal));
    }
    return made;
  };
  /** A call that timed out still ends its token; the next one, and the end, wait for it. */
  let turn: Promise<unknown> = Promise.resolve();
  return {
    generate(requests, signal) {
      const mine = turn.then(() => makeAll(requests, signal));
      turn = mine.catch(() => {}); // its caller hears of it
      return mine;
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('The run has ended.'));
      await turn;
      const loaded = await janus?.catch(() => undefined); // a load that failed holds nothing
      await loaded?.model.dispose();
    },
  };
}

export default defineGenerator({
  name: 'janus-pro-onnx',
  summary: 'Janus-Pro in ONNX files, run in this process by transformers.js; no Python and no server.',
  reference: 'https://arxiv.org/abs/2501.17811',
  family: 'mllm',
  decoder: 'vq',
  simulated: false,
  options,
  needs: ({ modelFolder }) => ({ packages: [packageName], ...(modelFolder === undefined ? { hosts: hubHosts } : {}) }),

  async create(given, context) {
    const library = requireTransformersJs(context.baseFolder);
    const folder = given.modelFolder === undefined ? undefined : resolve(context.baseFolder, given.modelFolder);
    const dtype = forEachNetwork(given.dtype, 'fp32');
    const device = forEachNetwork(given.device, 'cpu');
    const model = given.model ?? publishedModel;
    const pin = given.revision === undefined ? {} : { revision: given.revision };
    const { fetch } = context;
    const source: Source = {
      model: folder ?? model,
      ...pin,
      cacheFolder: cacheFolderOf(given, context),
      dtype,
      device,
      fetch,
    };
    return {
      maxBatch: 1,
      concurrency: 1,
      estimate: ownMachineEstimate(given, { maxBatch: 1, shape: { width: 384, height: 384, format: 'png' } }),
      facts: {
        ...(folder === undefined ? { model, ...pin } : { files: await checkModelFolder(folder, dtype) }),
        library: `${packageName} ${library.env.version}`,
        dtype,
        device,
        fileFormat: 'png',
        published,
      },
      ...lazily(library, given, source),
    };
  },
});
