/** Tiny plugins for core's own tests: each does one thing, or one thing wrong, on purpose. */
import { appendFileSync } from 'node:fs';
import {
  type AuthenticImage,
  type Detection,
  defineAuthenticSet,
  defineDetector,
  defineGenerator,
  definePromptSet,
  defineRewriter,
  defineSafetyJudge,
  type Generation,
  type GenerationRequest,
  InfrastructureError,
  type Prompt,
  type Verdict,
} from '@diptych/plugin-kit';
import { z } from 'zod';
import { sha256Hex } from '../text/canonical-json.ts';
import { fakeImage } from './fake-image.ts';
import { fakeImports } from './fake-imports.ts';

const digest = sha256Hex('fake');
const licence = { id: 'CC0-1.0' };

/** Prompts `p0`, `p1`, … */
const countedPrompts = definePromptSet({
  name: 'counted',
  summary: 'A number of prompts.',
  options: z.object({ count: z.int().default(3) }),
  create: ({ count }) => ({
    info: async () => ({ digest, licence, count, duplicates: 0 }),
    async *prompts() {
      for (let i = 0; i < count; i++)
        yield { id: `p${i}`, text: `a picture of ${i}`, hazards: [], intent: 'benign', language: 'en' } satisfies Prompt;
    },
  }),
});

const fakeBehaviours = [
  'image',
  'refuse',
  'block',
  'empty',
  'black',
  'throw',
  'throw-once',
  'hang',
  'too-few',
  'zero-bytes',
  'not-an-image',
  'huge',
  'nonsense',
  'mixed',
] as const;
const generatorOptions = z.object({
  behaviour: z.enum(fakeBehaviours).default('image'),
  maxBatch: z.int().default(1),
  concurrency: z.int().default(2),
  waitMs: z.number().default(0),
  /** Appends `promptId level index` for each request, to count calls across processes. */
  callLog: z.string().optional(),
});
type GeneratorOptions = z.output<typeof generatorOptions>;

const fakeGenerator = defineGenerator({
  name: 'fake',
  summary: 'Behaves as told.',
  family: 'diffusion',
  decoder: 'pixel',
  simulated: true,
  options: generatorOptions,
  create(options) {
    const failed = new Set<string>();
    return {
      maxBatch: options.maxBatch,
      concurrency: options.concurrency,
      async generate(requests, signal) {
        if (options.callLog)
          appendFileSync(
            options.callLog,
            requests.map(({ promptId, level, index }) => `${promptId} ${level} ${index}\n`).join(''),
          );
        if (options.waitMs > 0) await wait(options.waitMs, signal);
        const results: Generation[] = [];
        for (const request of requests) results.push(await behave(options, request, failed));
        return options.behaviour === 'too-few' ? results.slice(1) : results;
      },
    };
  },
});

async function behave(
  { behaviour }: GeneratorOptions,
  request: GenerationRequest,
  failed: Set<string>,
): Promise<Generation> {
  const key = `${request.promptId} ${request.level} ${request.index}`;
  switch (behaviour) {
    case 'refuse':
      return { outcome: 'refused', reason: 'I would rather not.' };
    case 'block':
      return { outcome: 'blocked', stage: 'output', reason: 'filter', categories: ['sexual'] };
    case 'empty':
      return { outcome: 'empty' };
    case 'black':
      return { outcome: 'image', bytes: await fakeImage({ colour: 0 }) };
    case 'throw':
      throw new Error('the model fell over');
    case 'throw-once':
      if (!failed.has(key)) {
        failed.add(key);
        throw new InfrastructureError('try again', { retryAfterMs: 1 });
      }
      break;
    case 'hang':
      return new Promise(() => undefined);
    case 'zero-bytes':
      return { outcome: 'image', bytes: new Uint8Array() };
    case 'not-an-image':
      return { outcome: 'image', bytes: new TextEncoder().encode('hello') };
    case 'huge':
      return { outcome: 'image', bytes: hugeBytes() };
    case 'nonsense':
      return { outcome: 'picture' } as unknown as Generation;
    case 'mixed':
      if (request.seed % 4 === 0) return { outcome: 'refused', reason: 'no' };
      break;
    default:
  }
  return { outcome: 'image', bytes: await fakeImage({ seed: request.seed }) };
}

/** Resolves after `ms` or rejects when the signal is aborted. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Adds words, and counts its calls in the text. */
const fakeRewriter = defineRewriter({
  name: 'longer',
  summary: 'Appends a word per level.',
  maxLevel: 2,
  options: z.object({}),
  create: () => ({ rewrite: async (_prompt, previous, level) => ({ text: `${previous}, more${level}`, madeBy: 'test' }) }),
});

const scorerOptions = z.object({
  behaviour: z
    .enum([
      'score',
      'nan',
      'out-of-range',
      'too-few',
      'throw',
      'hang',
      'abstain',
      'extra-hazard',
      'one-bad',
      'null-rationale',
      'null-raw',
      'huge-raw',
    ])
    .default('score'),
  maxBatch: z.int().default(4),
  waitMs: z.number().default(0),
});
type Behaviour = z.output<typeof scorerOptions>['behaviour'];

/** A score that depends on nothing but the bytes. */
const scoreOf = (sha256: string): number => Number.parseInt(sha256.slice(0, 6), 16) / 0xffffff;

const fakeJudge = defineSafetyJudge({
  name: 'by-digest',
  summary: 'Scores by digest, or misbehaves as told.',
  covers: ['violence', 'hate'],
  scoresCorruption: false,
  simulated: true,
  suggestedThreshold: 0.5,
  options: scorerOptions,
  create: ({ behaviour, maxBatch, waitMs }, _context, life = lifetime()) => ({
    maxBatch,
    [Symbol.asyncDispose]: life.end,
    async judge(items, signal) {
      life.check();
      await misbehave(behaviour);
      if (waitMs > 0) await wait(waitMs, signal);
      const verdicts = items.map(({ image }, place): Verdict => {
        const score = scoreFor(behaviour, image.sha256, place);
        if (behaviour === 'abstain') return { status: 'abstained', reason: 'cannot tell' };
        return {
          status: 'scored',
          hazardScores: { violence: score, hate: 0, ...(behaviour === 'extra-hazard' ? { spam: 1 } : {}) },
          ...extrasOf(behaviour),
        };
      });
      return behaviour === 'too-few' ? verdicts.slice(1) : verdicts;
    },
  }),
});

const fakeDetector = defineDetector({
  name: 'by-digest',
  summary: 'Scores by digest, or misbehaves as told.',
  trainedOn: [],
  control: false,
  options: scorerOptions,
  create: ({ behaviour, maxBatch, waitMs }, _context, life = lifetime()) => ({
    maxBatch,
    [Symbol.asyncDispose]: life.end,
    async detect(images, signal) {
      life.check();
      await misbehave(behaviour);
      if (waitMs > 0) await wait(waitMs, signal);
      const detections = images.map(({ sha256 }, place): Detection => {
        if (behaviour === 'abstain') return { status: 'abstained', reason: 'cannot tell' };
        return { status: 'scored', syntheticScore: scoreFor(behaviour, sha256, place) };
      });
      return behaviour === 'too-few' ? detections.slice(1) : detections;
    },
  }),
});

/** What a judge without types may say besides its scores. */
function extrasOf(behaviour: Behaviour): Pick<Extract<Verdict, { status: 'scored' }>, 'rationale' | 'raw'> {
  const none = null as unknown as undefined;
  if (behaviour === 'null-rationale') return { rationale: none! };
  if (behaviour === 'null-raw') return { raw: none! };
  if (behaviour !== 'huge-raw') return {};
  return { raw: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`class number ${at}`, at])) };
}

/** What holds a model cannot be used after it was disposed of; nor can these. */
function lifetime(): { check(): void; end(): Promise<void> } {
  let isOver = false;
  return {
    check() {
      if (isOver) throw new Error('the scorer was used after it was disposed of');
    },
    end: async () => {
      isOver = true;
    },
  };
}

async function misbehave(behaviour: Behaviour): Promise<void> {
  if (behaviour === 'throw') throw new Error('the scorer fell over');
  if (behaviour === 'hang') await new Promise(() => undefined);
}

function scoreFor(behaviour: Behaviour, sha256: string, place: number): number {
  if (behaviour === 'nan' || (behaviour === 'one-bad' && place === 1)) return Number.NaN;
  return behaviour === 'out-of-range' ? 1.5 : scoreOf(sha256);
}

/** More than `Hash.update` takes at once. Costs no memory as long as nobody reads or copies it. */
const hugeBytes = (): Uint8Array => new Uint8Array(2 ** 31);

/** Camera images that are none; the last one is broken when asked for. */
const fakeAuthenticSet = defineAuthenticSet({
  name: 'camera',
  summary: 'Images drawn from a seed.',
  options: z.object({
    count: z.int().default(2),
    lastIsBroken: z.boolean().default(false),
    firstIsHuge: z.boolean().default(false),
    reusesBuffer: z.boolean().default(false),
  }),
  create: ({ count, lastIsBroken, firstIsHuge, reusesBuffer }) => ({
    digest: async () => digest,
    async *images() {
      for (let i = 0; i < count; i++) yield { key: `camera-${i}`, licence } satisfies AuthenticImage;
    },
    async load(image) {
      const number = Number(image.key.slice(7));
      if (firstIsHuge && number === 0) return hugeBytes();
      if (lastIsBroken && number === count - 1) return new TextEncoder().encode('broken');
      const bytes = new Uint8Array(await fakeImage({ seed: 1_000_000 + number, format: 'jpeg' }));
      // As sets do that read every file into one buffer.
      if (reusesBuffer) setImmediate(() => bytes.fill(0));
      return bytes;
    },
  }),
});

/** Built-ins of core's own tests. */
export const fakeRegistry = {
  ...fakeImports,
  'prompt-set/counted': async () => ({ default: countedPrompts }),
  'generator/fake': async () => ({ default: fakeGenerator }),
  'rewriter/longer': async () => ({ default: fakeRewriter }),
  'safety-judge/by-digest': async () => ({ default: fakeJudge }),
  'detector/by-digest': async () => ({ default: fakeDetector }),
  'authentic-set/camera': async () => ({ default: fakeAuthenticSet }),
};
