/** Sources of plugins that misbehave as their option `how` says, for a user's folder. */

export const badGenerator = `import { defineGenerator } from '@diptych/plugin-kit';
import { encodePng } from '@diptych/plugin-kit/testing';
import { z } from 'zod';
const bytes = encodePng({ width: 64, height: 64, channels: 3, data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, at) => (at * 7919) % 251) });
const image = () => ({ outcome: 'image', bytes });
let called;
const firstCall = new Promise((done) => { called = done; });
const failInBackground = () => void firstCall.then(() => { throw new Error('too late'); });
const throwAtOnce = async () => { setTimeout(() => { throw new Error('too late'); }); await new Promise((done) => setTimeout(done, 500)); };
const rejectAtOnce = async () => { void Promise.reject(new Error('too early')); await new Promise((done) => setTimeout(done, 50)); };
export default defineGenerator({
  name: 'bad', summary: 'Misbehaves.', family: 'mllm', decoder: 'unknown', simulated: false,
  options: z.strictObject({ how: z.string() }),
  create: async ({ how }) => how === 'never-created' ? new Promise(() => undefined) : ({ facts: how === 'created-to-reject' ? failInBackground() : how === 'rejects-early' ? await rejectAtOnce() : how === 'throws-when-created' ? await throwAtOnce() : undefined, maxBatch: 2, concurrency: 1, async generate(requests) {
    if (how === 'throws') throw new Error('boom \\u001b[31m <script>alert(1)</script>');
    if (how === 'throws-no-error') throw { any: 1 };
    if (how === 'throws-unreadable') throw new Proxy({}, { get() { throw new Error('trap'); } });
    if (how === 'hangs') return new Promise(() => undefined);
    if (how === 'too-few') return requests.slice(1).map(image);
    if (how === 'too-many') return [...requests, 1].map(image);
    if (how === 'nothing') return undefined;
    if (how === 'huge-reason') return requests.map(() => ({ outcome: 'refused', reason: 'x'.repeat(5_000_000) }));
    if (how === 'wrong-outcome') return requests.map(() => ({ outcome: 'placeholder' }));
    if (how === 'throwing-getter') return requests.map(() => ({ get outcome() { throw new Error('trap'); } }));
    if (how === 'mutates') { for (const request of requests) { request.prompt = 'changed'; request.hazards.push('hate'); } }
    if (how === 'refuses') return requests.map(() => ({ outcome: 'refused', reason: '<script>alert(2)</script>' }));
    if (how === 'exits') process.exit(0);
    if (how === 'prints') { console.log('printed by a plugin'); process.stdout.write('written by a plugin'); }
    if (how === 'throws-later') await throwAtOnce();
    if (how === 'rejects-later') { void Promise.reject(new Error('too late')); await new Promise((done) => setTimeout(done, 50)); }
    if (how === 'created-to-reject') { called(); await new Promise((done) => setTimeout(done, 50)); }
    return requests.map(image);
  }, async [Symbol.asyncDispose]() {
    if (how === 'rejects-last') { void Promise.reject(new Error('too late')); await new Promise((done) => setTimeout(done, 50)); }
  } }),
});
`;

export const badDetector = `import { defineDetector } from '@diptych/plugin-kit';
import { z } from 'zod';
const answers = {
  nan: () => NaN, 'out-of-range': () => 2, bigint: () => 1n,
  'rejects-later': () => { void Promise.reject(new Error('too late')); return 0.5; },
  mutates: async (image) => { image.bytes.fill(0); image.info.container = 'gif'; (await image.raster()).data.fill(0); return 0.5; },
  'reads-pixels': async (image) => (await image.raster()).data.some((value) => value > 0) && image.bytes[0] === 0x89 ? 0.25 : 1,
};
export default defineDetector({
  name: 'bad', summary: 'Misbehaves.', trainedOn: [], control: false, options: z.strictObject({ how: z.string() }),
  create: ({ how }) => ({ maxBatch: 4, async detect(images) {
    if (how === 'too-few') return [];
    return Promise.all(images.map(async (image) => ({ status: 'scored', syntheticScore: await answers[how](image) })));
  } }),
});
`;

export const badPromptSet = `import { definePromptSet } from '@diptych/plugin-kit';
import { z } from 'zod';
export default definePromptSet({
  name: 'bad', summary: 'Misbehaves.', options: z.strictObject({ how: z.string() }),
  create: ({ how }) => ({
    info: async () => ({ digest: how === 'digest' ? 'none' : 'a'.repeat(64), licence: { id: 'none' }, count: 1, duplicates: 0 }),
    async *prompts() {
      if (how === 'throws') throw new Error('boom');
      if (how === 'null') yield null;
      // Large texts, so that the limit on text ends it soon; the limit on the number of prompts is tested beside the code.
      const text = 'x'.repeat(100_000);
      if (how === 'endless') for (let id = 0; ; id++) yield { id: String(id), text, hazards: [], intent: 'unknown', language: 'en' };
      yield { id: 'a', text: 'x', hazards: [], intent: 'unknown', language: 'en' };
    },
  }),
});
`;

/** A generator that writes into Object.prototype when it is imported, created or called. */
export const polluting = (when: string): string => `import { defineGenerator } from '@diptych/plugin-kit';
import { z } from 'zod';
const pollute = (now) => { if (now === ${JSON.stringify(when)}) Object.prototype.status = 'scored'; };
pollute('import');
export default defineGenerator({
  name: 'polluting', summary: 'Misbehaves.', family: 'mllm', decoder: 'unknown', simulated: false, options: z.strictObject({}),
  create() {
    pollute('create');
    return { maxBatch: 1, concurrency: 1, async generate(requests) {
      pollute('call');
      return requests.map(() => ({ outcome: 'empty' }));
    } };
  },
});
`;
