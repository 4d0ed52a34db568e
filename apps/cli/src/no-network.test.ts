import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../bin/diptych.mjs', import.meta.url));
/** A namespace of its own has no interface but a loopback that is down: no packet can leave. */
const namespace = ['unshare', '--map-root-user', '--net', '--'];
const canUnshare = process.platform === 'linux' && spawnSync(namespace[0]!, [...namespace.slice(1), 'true']).status === 0;

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
async function runApart(command: readonly string[], cwd: string): Promise<Finished> {
  const [program, ...parameters] = [...namespace, ...command];
  const child = spawn(program!, parameters, {
    cwd,
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...text }));
  });
}

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
  const it_ = it.skipIf(!canUnshare); // reason: this system lets nobody make a network namespace (unshare --net)
  it_(
    'a study is planned, run, reported and verified: no host is needed that it does not name',
    async () => {
      const cwd = await mkdtemp(join(tmpdir(), 'diptych-apart-'));
      try {
        await writeFile(join(cwd, 'study.json'), JSON.stringify(study));
        // The namespace is what it is taken to be.
        const probe = await runApart(
          [process.execPath, '-e', "fetch('http://192.0.2.1/').catch((e) => console.log(e.cause.code))"],
          cwd,
        );
        expect(probe.stdout.trim()).toBe('ENETUNREACH');
        for (const parameters of [
          ['plan', 'study.json'],
          ['run', 'study.json', '--id', 'apart'],
          ['verify', 'runs/apart'],
        ]) {
          const { code, stderr } = await runApart([process.execPath, launcher, ...parameters], cwd);
          expect(code, `${parameters[0]}: ${stderr}`).toBe(0);
          expect(stderr).not.toMatch(/ENOTFOUND|EAI_AGAIN|ENETUNREACH|fetch failed/);
        }
      } finally {
        await rm(cwd, { recursive: true, force: true });
      }
    },
    120_000,
  );
});
