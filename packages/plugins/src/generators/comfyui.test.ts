import { createHash } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeGenerator } from '@diptych/plugin-kit/testing';
import { afterAll, expect, it } from 'vitest';
import { faultOf, generateOne, holdsKey, png, requestOf, testContext, tinyPng } from '../testing/drive-generator.ts';
import { type ReceivedRequest, type ReplyOf, startFakeService } from '../testing/fake-service.ts';
import { describeServiceFaults } from '../testing/service-faults.ts';
import comfyui from './comfyui.ts';

const workflow = {
  '3': { class_type: 'KSampler', inputs: { seed: '{{seed}}', steps: '{{steps}}', positive: ['6', 0] } },
  '6': { class_type: 'CLIPTextEncode', inputs: { text: 'photo of {{prompt}}, sharp' } },
  '8': { class_type: 'VAEDecode', inputs: { samples: ['3', 0] } },
  '9': { class_type: 'SaveImage', inputs: { images: ['8', 0] }, _meta: { title: 'Save' } },
};
const jobs = new Map<string, { text: string; looks: number; deleted: boolean; interrupted: boolean }>();
const failed = (exception: object) => ({
  outputs: {},
  status: {
    status_str: 'error',
    completed: false,
    messages: [
      ['execution_start', {}],
      ['execution_error', exception],
    ],
  },
});
const oom = {
  node_id: '3',
  node_type: 'KSampler',
  exception_type: 'torch.OutOfMemoryError',
  exception_message: 'Allocation failed',
};
const shape = {
  node_id: '3',
  node_type: 'KSampler',
  exception_type: 'RuntimeError',
  exception_message: 'mat1 and mat2 shapes',
};
const done = { status_str: 'success', completed: true, messages: [] };
const images = (filename: string, type = 'output') => ({ images: [{ filename, subfolder: 'diptych', type }] });

function entryOf(text: string): object {
  if (text.includes('memory')) return failed(oom);
  if (text.includes('shapes')) return failed(shape);
  if (text.includes('interrupted'))
    return { outputs: {}, status: { status_str: 'error', messages: [['execution_interrupted', { node_id: '3' }]] } };
  if (text.includes('partly')) return { outputs: {}, status: done };
  if (text.includes('nothing')) return { outputs: { '9': {} }, status: done };
  if (text.includes('odd')) return { results: [] };
  return { outputs: { '10': images('preview.png', 'temp'), '9': images('a b&c.png') }, status: done };
}

/** Fetches of an image that fail, and did. */
let viewsToFail = 0;
let failedViews = 0;

/** Settles once the call under test has been stopped. */
const stopped = Promise.withResolvers<void>();

async function play({ method, path, query, json }: ReceivedRequest): Promise<ReplyOf> {
  if (method === 'POST' && path === '/prompt') {
    const text: string = json.prompt['6'].inputs.text;
    // As older servers have it.
    if (text.includes('no such node'))
      return {
        status: 400,
        json: { error: { type: 'invalid_prompt', message: 'node X does not exist.' }, node_errors: [] },
      };
    if (text.includes('bad workflow'))
      return {
        status: 400,
        json: {
          error: { type: 'prompt_outputs_failed_validation', message: 'Prompt outputs failed validation', details: '' },
          node_errors: { '3': { errors: [{ type: 'value', message: 'Value not in list', details: 'sampler_name' }] } },
        },
      };
    const id = `job-${jobs.size}`;
    jobs.set(id, { text, looks: 0, deleted: false, interrupted: false });
    if (text.includes('late')) await stopped.promise;
    const left = { '9': { errors: [{ message: 'Required input is missing', details: 'images' }], class_type: 'SaveImage' } };
    return { json: { prompt_id: id, number: jobs.size, node_errors: text.includes('partly') ? left : {} } };
  }
  if (path === '/queue' && method === 'POST') jobs.get(json.delete[0])!.deleted = true;
  if (path === '/queue') return { json: { queue_running: [[0, [...jobs.keys()].at(-1), {}]], queue_pending: [] } };
  if (path === '/interrupt') {
    jobs.get(json.prompt_id)!.interrupted = true;
    return {};
  }
  if (path === '/view' && failedViews < viewsToFail) {
    failedViews += 1;
    return { status: 503 };
  }
  if (path === '/view')
    return query.get('filename') === 'a b&c.png' && query.get('subfolder') === 'diptych' ? png : { status: 404 };
  const id = path.split('/').at(-1)!;
  const job = jobs.get(id)!;
  job.looks += 1;
  return { json: job.looks < 3 || job.text.includes('slow') ? {} : { [id]: entryOf(job.text) } };
}

const fake = await startFakeService(play);
afterAll(() => fake[Symbol.asyncDispose]());
const base = { workflow, slots: { steps: 20 }, baseUrl: fake.url, pollSeconds: 0.01 };
const made = (prompt: string, options = {}) =>
  generateOne(comfyui, { ...base, ...options }, { request: requestOf({ prompt }) });

describeGenerator(comfyui, { options: base, context: () => testContext() });

it('fills the slots, waits for the job, and takes the saved image', async () => {
  expect(await made('a {{seed}} cat')).toEqual({ outcome: 'image', bytes: tinyPng, costUsd: 0 });
  const { json } = fake.received.findLast(({ path }) => path === '/prompt')!;
  expect(json.prompt['3'].inputs).toEqual({ seed: 11, steps: 20, positive: ['6', 0] });
  expect(json.prompt['6'].inputs.text).toBe('photo of a {{seed}} cat, sharp');
});

it('fetches the image again after a fault that passes, and draws once', async () => {
  const before = jobs.size;
  viewsToFail = 1;
  expect(await made('a cat')).toMatchObject({ outcome: 'image', bytes: tinyPng });
  expect([failedViews, jobs.size - before]).toEqual([1, 1]);
});

it('takes the images of the node that is named', async () => {
  expect(await made('a cat', { outputNode: '9' })).toMatchObject({ outcome: 'image' });
  expect(await made('a cat', { outputNode: '8' })).toMatchObject({ outcome: 'empty' });
});

it('is empty where the workflow saves nothing', async () => {
  expect(await made('nothing')).toMatchObject({ outcome: 'empty' });
});

it.each([
  ['bad workflow', { retryable: false, message: expect.stringContaining('node 3: Value not in list (sampler_name)') }],
  ['no such node', { retryable: false, message: expect.stringContaining('node X does not exist') }],
  ['partly', { retryable: false, message: expect.stringContaining('node 9: Required input is missing (images)') }],
  ['memory', { retryable: true, message: expect.stringContaining('KSampler') }],
  ['shapes', { retryable: false }],
  ['interrupted', { retryable: true }],
  ['odd', { retryable: false }],
])('takes %s as a fault', async (prompt, expected) => {
  expect(await faultOf(made(prompt))).toMatchObject({ name: 'InfrastructureError', ...expected });
});

it('says the digest of the workflow, whether it is a file or stands in the study', async () => {
  const factsOf = async (options: object, text: string) => {
    const baseFolder = await mkdtemp(join(tmpdir(), 'diptych-comfyui-'));
    await writeFile(join(baseFolder, 'flow.json'), text);
    const { facts } = await comfyui.create(comfyui.options.parse({ ...base, ...options }), testContext(baseFolder));
    return facts;
  };
  const spaced = JSON.stringify(workflow, null, 2);
  const digest = createHash('sha256').update(spaced).digest('hex');
  expect(await factsOf({ workflow: 'flow.json' }, spaced)).toEqual({ workflowSha256: digest });
  const changed = await factsOf({ workflow: 'flow.json' }, spaced.replace('sharp', 'blurred'));
  expect(changed).not.toEqual({ workflowSha256: digest });
  const inline = createHash('sha256').update(JSON.stringify(workflow)).digest('hex');
  expect(await factsOf({ workflow }, '')).toEqual({ workflowSha256: inline });
});

it('removes the job that the server names only after the call was stopped', async () => {
  const stop = new AbortController();
  const call = generateOne(comfyui, base, { request: requestOf({ prompt: 'late' }), signal: stop.signal });
  await expect.poll(() => [...jobs.values()].at(-1)?.text).toContain('late');
  stop.abort(new Error('time is up'));
  stopped.resolve();
  await expect(call).rejects.toThrow('time is up');
  expect([...jobs.values()].at(-1)).toMatchObject({ deleted: true, interrupted: true, looks: 0 });
});

describeServiceFaults(comfyui, (url) => ({ ...base, keyName: 'COMFY_PROXY_KEY', baseUrl: url }));

it('takes the job out of the queue and interrupts it when the call is stopped', async () => {
  const stop = new AbortController();
  const call = generateOne(comfyui, base, { request: requestOf({ prompt: 'slow' }), signal: stop.signal });
  setTimeout(() => stop.abort(new Error('time is up')), 100);
  await expect(call).rejects.toThrow('time is up');
  expect([...jobs.values()].at(-1)).toMatchObject({ deleted: true, interrupted: true });
});

it('warns where the workflow takes no seed', async () => {
  const seedless = { ...workflow, '3': { class_type: 'KSampler', inputs: { seed: 1, steps: 4 } } };
  expect(await made('a cat', { workflow: seedless })).toMatchObject({ warnings: [expect.stringContaining('{{seed}}')] });
});

it('reads a workflow file beside the study and refuses a changed one', async () => {
  const baseFolder = await mkdtemp(join(tmpdir(), 'diptych-comfyui-'));
  const text = JSON.stringify(workflow);
  await writeFile(join(baseFolder, 'flow.json'), text);
  await writeFile(join(baseFolder, 'ui.json'), JSON.stringify({ nodes: [], links: [] }));
  await writeFile(join(baseFolder, 'deep.json'), `{"1":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
  const deeper = `{"1":{"class_type":"A","inputs":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}}`;
  await writeFile(join(baseFolder, 'deeper.json'), deeper);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const create = (options: object) => generateOne(comfyui, { ...base, workflow: 'flow.json', ...options }, { baseFolder });
  expect(await create({ sha256 })).toMatchObject({ outcome: 'image' });
  expect(await faultOf(create({ sha256: '0'.repeat(64) }))).toMatchObject({ code: 'PLUGIN_OPTIONS_INVALID' });
  for (const none of ['ui.json', 'deep.json', 'deeper.json'])
    expect(await faultOf(create({ workflow: none }))).toMatchObject({
      code: 'PLUGIN_OPTIONS_INVALID',
      message: expect.stringContaining('API format'),
    });
  expect((await faultOf(create({ workflow: 'none.json' }))).message).toContain('cannot be read');
});

it.each([
  ['has no {{prompt}}', { workflow: { '8': workflow['8'] } }, /Expected \{\{prompt\}\}/],
  ['has a slot without value', { slots: {} }, /found none for steps/],
  ['lacks the output node', { outputNode: '77' }, /Expected node 77/],
  [
    'does not say what it draws with',
    { workflow: { '6': { class_type: 'OpenAIGPTImage1', inputs: { prompt: '{{prompt}}' } } } },
    /family/,
  ],
])('refuses a workflow that %s', async (_, options, message) => {
  expect(await faultOf(made('a cat', options))).toMatchObject({
    code: 'PLUGIN_OPTIONS_INVALID',
    message: expect.stringMatching(message),
  });
});

it('lets the user say what the workflow draws with', () => {
  expect(comfyui.traitsOf?.(comfyui.options.parse(base))).toEqual({ family: 'diffusion', decoder: 'vae' });
  expect(comfyui.traitsOf?.(comfyui.options.parse({ ...base, family: 'mllm' }))).toEqual({
    family: 'mllm',
    decoder: 'unknown',
  });
});

it('sends a key only where one is named', async () => {
  await made('a cat');
  expect(holdsKey(fake.received.at(-1)!)).toBe(false);
  await made('a cat', { keyName: 'COMFY_PROXY_KEY' });
  expect(holdsKey(fake.received.at(-1)!)).toBe(true);
});
