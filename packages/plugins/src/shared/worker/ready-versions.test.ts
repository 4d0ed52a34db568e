import { execFile, execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fakeContext } from '@diptych/plugin-kit/testing';
import { describe, expect, it } from 'vitest';
import worker from '../../generators/worker.ts';
import { pythonWithTorch } from '../../testing/python-with-torch.ts';
import { temporaryFolder } from '../../testing/temporary-folder.ts';
import { pythonFolder } from './ready-workers.ts';

const place = temporaryFolder();
const python = pythonWithTorch();
const commit = 'ab'.repeat(20);

describe('the commit of weights', () => {
  it('is asked of the hub by its own library, which keeps it in its cache and fetches no file', async ({ skip }) => {
    skip(python.absent, python.reason);
    const asked: string[] = [];
    const hub = createServer((request, response) => {
      asked.push(request.url!);
      const isTree = request.url!.includes('/tree/');
      const file = { type: 'file', path: 'model.bin', size: 4, oid: 'cd'.repeat(20) };
      const info = { _id: '1', id: 'some/model', sha: commit, siblings: [{ rfilename: 'model.bin' }] };
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isTree ? [file] : info));
    });
    await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
    const home = join(place.path, 'hub-cache');
    const environment = {
      PATH: process.env.PATH,
      PYTHONPATH: [pythonFolder, join(pythonFolder, 'workers')].join(':'),
      PYTHONDONTWRITEBYTECODE: '1',
      DIPTYCH_WORKER: '1',
      HF_HOME: home,
      HF_ENDPOINT: `http://127.0.0.1:${(hub.address() as AddressInfo).port}`,
      HF_HUB_DISABLE_TELEMETRY: '1',
    };
    const ask = async (): Promise<string> => {
      // The SDK keeps stdout for the protocol.
      const code = "import sys; from _versions import commit_of_weights as c; sys.stderr.write(c('some/model', 'main'))";
      return (await promisify(execFile)(python.path, ['-c', code], { env: environment })).stderr;
    };
    try {
      expect(await ask()).toContain(commit);
      expect(await readFile(join(home, 'hub/models--some--model/refs/main'), 'utf8')).toBe(commit);
      expect(asked[0]).toContain('/api/models/some/model/revision/main');
      expect(asked.filter((url) => url.includes('/resolve/'))).toEqual([]);
      const times = asked.length;
      expect(await ask()).toContain(commit);
      expect(asked).toHaveLength(times);
    } finally {
      hub.close();
    }
  }, 60_000);
});

describe('the commit of a checkout', () => {
  const checkout = join(place.path, 'vila-u');
  const git = (...words: string[]): string =>
    execFileSync('git', ['-C', checkout, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...words], {
      encoding: 'utf8',
    }).trim();
  const modelOf = async (...args: string[]): Promise<unknown> => {
    const options = worker.options.parse({ model: 'vila-u', args: ['--repo', checkout, ...args] });
    const generator = await worker.create(options, fakeContext({ baseFolder: place.path }));
    await generator[Symbol.asyncDispose]?.();
    return generator.facts?.model;
  };

  it('must be the one the worker was written for, or one that is named, and stands in the manifest', async () => {
    await mkdir(checkout);
    git('init', '--quiet');
    await writeFile(join(checkout, 'code.py'), '');
    git('add', '.');
    git('commit', '--quiet', '--no-gpg-sign', '-m', 'first');
    const head = git('rev-parse', 'HEAD');
    await expect(modelOf()).rejects.toMatchObject({
      code: 'WORKER_UNAVAILABLE',
      message: expect.stringMatching(/to be a checkout of .*vila-u at commit 096623c.*, found [0-9a-f]{40}\. Run `git -C/),
    });
    expect(await modelOf('--repoCommit', head)).toMatchObject({ repositoryCommit: head });
    await writeFile(join(checkout, 'code.py'), 'changed = True\n');
    await expect(modelOf('--repoCommit', head)).rejects.toThrow(`${head}+changes`);
    expect(await modelOf('--repoCommit', 'any')).toMatchObject({ repositoryCommit: `${head}+changes` });
  }, 60_000);
});
