import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openWorkers, workers } from '../../testing/open-workers.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';

const place = temporaryFolder();
const { open, ask, faultOf } = openWorkers();

describe('a worker that breaks the protocol', () => {
  const secret = place.write('secret.png', 'not for you');
  const raw = (how: string) => ({
    script: undefined,
    command: ['python3', join(workers, 'raw.py'), how, secret],
    decoder: undefined,
  });

  it.each([
    ['garbage', 'Downloading: 3 %'],
    ['binary', 'expected lines of JSON'],
    ['huge-line', 'a line of more than'],
    ['stranger', 'which nobody asked'],
  ])('by %s ends that call with a clear error, which a new process may cure', async (how, said) => {
    const fault = await faultOf(ask(await open(raw(how)), 'a boat'));
    expect(fault.message).toContain(said);
    expect(fault.message.length).toBeLessThan(4000);
    expect(fault.retryable).toBe(true);
  });

  it.each([
    ['shape', 'items.0'],
    ['count', 'Expected 1 outcomes'],
    ['missing', 'received none'],
    ['escape', 'directly in the folder'],
    ['absolute', 'directly in the folder'],
    ['link', 'symbolic link'],
    ['pipe', 'pipe'],
    ['folder', 'folder'],
    ['empty', 'empty file'],
    ['huge-file', 'at most'],
  ])('by %s in an answer ends that call as any broken contract does', async (how, said) => {
    const answer = ask(await open(raw(how)), 'a boat');
    await expect(answer).rejects.toMatchObject({ code: 'PLUGIN_BROKE_CONTRACT', message: expect.stringContaining(said) });
    await expect(answer).rejects.toSatisfy((error: Error) => error.message.length < 4000);
    expect(existsSync(secret)).toBe(true);
  });

  it.each([
    ['version', 'WORKER_INVALID', 'protocol'],
    ['kind', 'WORKER_INVALID', 'a detector'],
    ['null-hello', 'WORKER_INVALID', 'a worker of protocol 1, received another answer'],
    ['no-hello', 'WORKER_UNAVAILABLE', 'hello, I am a worker'],
  ])('when it says what it is (%s) is told before the run', async (how, code, said) => {
    await expect(open(raw(how))).rejects.toMatchObject({ code, message: expect.stringContaining(said) });
  });

  it('when it has loaded ends every call with what was expected', async () => {
    const opened = await open(raw('load'));
    const said = {
      code: 'WORKER_INVALID',
      message: expect.stringContaining('to answer `load` with its facts, received at facts'),
    };
    await expect(ask(opened, 'a boat')).rejects.toMatchObject(said);
    await expect(ask(opened, 'a boat')).rejects.toMatchObject(said);
  });

  it('or is not there, or contradicts the study, is told before the run', async () => {
    await expect(open({ python: './no-such-python' })).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    await expect(open({ script: 'no-such.py' })).rejects.toMatchObject({ code: 'WORKER_UNAVAILABLE' });
    await expect(open({ family: 'mllm' })).rejects.toMatchObject({ code: 'WORKER_INVALID' });
  });
});
