import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canRunApart, runApart } from './testing/run-apart.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const launcher = here('../bin/diptych.mjs');
const node = process.execPath;

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'diptych-apart-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

const study = {
  name: 'apart',
  samplesPerPrompt: 1,
  levels: [0, 1],
  promptSets: ['demo'],
  rewriter: 'template-expand',
  generators: ['simulated-diffusion', 'simulated-mllm'],
  authenticSets: ['simulated-camera'],
  safetyJudges: ['emblem'],
  detectors: ['metadata-only'],
};

describe('without any network', () => {
  const it_ = it.skipIf(!canRunApart); // reason: this system lets nobody make a network namespace (unshare --net)

  it_(
    'the namespace is what it is taken to be, and an attempt that is swallowed is on record',
    async () => {
      const asked = await runApart([node, '-e', "fetch('http://192.0.2.1/').catch((e) => console.log(e.cause.code))"], {
        cwd,
      });
      expect(asked).toMatchObject({ stdout: 'ENETUNREACH\n', reached: ['192.0.2.1:80'] });
      await writeFile(join(cwd, 'ask.cjs'), "require('https').get('https://api.example.com/').on('error', () => {})");
      const inThread = await runApart([node, '-e', "new (require('worker_threads').Worker)('./ask.cjs')"], { cwd });
      expect(inThread.reached).toEqual(['api.example.com:443', 'name api.example.com']);
      const python = "import socket\ntry: socket.create_connection(('192.0.2.2', 80), 1)\nexcept OSError: pass";
      const inPython = await runApart(['python3', '-c', python], { cwd });
      expect(inPython).toMatchObject({ code: 0, reached: ['192.0.2.2:80', 'name 192.0.2.2'] });
    },
    60_000,
  );

  it_(
    'a study is planned, run, reported and verified, and nobody tries to reach anything',
    async () => {
      await writeFile(join(cwd, 'study.json'), JSON.stringify(study));
      for (const parameters of [
        ['plan', 'study.json'],
        ['run', 'study.json', '--id', 'apart'],
        ['verify', 'runs/apart'],
      ]) {
        const { code, stderr, reached } = await runApart([node, launcher, ...parameters], { cwd });
        expect(code, `${parameters[0]}: ${stderr}`).toBe(0);
        expect(reached).toEqual([]);
      }
    },
    120_000,
  );

  it_(
    'a study with a service on this machine and a worker in Python reaches that service alone',
    async () => {
      await copyFile(here('../../../packages/plugins/src/testing/workers/colours.py'), join(cwd, 'colours.py'));
      await writeFile(join(cwd, 'prompts.txt'), 'a boat\na house');
      const worker = {
        script: 'colours.py',
        family: 'diffusion',
        decoder: 'pixel',
        environment: ['CONNECTIONS', 'PYTHONPATH'],
      };
      const generators = [
        { use: 'openai-compatible', as: 'service', options: { baseUrl: 'BASE_URL', family: 'mllm' } },
        { use: 'worker', as: 'colours', options: worker },
      ];
      const promptSets = [{ use: 'txt', options: { path: 'prompts.txt' } }];
      const parts = { name: 'beside', promptSets, generators, safetyJudges: ['emblem'], detectors: ['metadata-only'] };
      await writeFile(join(cwd, 'study.json'), JSON.stringify(parts));
      const command = [node, here('testing/run-beside-service.ts'), 'run', 'study.json', '--id', 'beside'];
      const { code, stderr, reached } = await runApart(command, { cwd, loopback: true });
      expect(code, stderr).toBe(0);
      expect(reached).toEqual([await readFile(join(cwd, 'address'), 'utf8')]);
      const journal = await readFile(join(cwd, 'runs/beside/journal.jsonl'), 'utf8');
      expect(journal.match(/"outcome":"image"/g)).toHaveLength(4);
    },
    120_000,
  );
});
