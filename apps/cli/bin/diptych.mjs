#!/usr/bin/env node
// Starts the command line on a Node that runs its sources, 24 or later: this one if it does, else the Node that the
// workspace pins through npm. Plain JavaScript, because an older Node must be able to read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

// Images are decoded and files read on libuv's threads, of which there are four unless it is told otherwise before it starts them.
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, cpus().length));

// In a package of npm the sources were compiled.
const compiled = new URL('../src/main.js', import.meta.url);
const main = existsSync(compiled) ? compiled : new URL('../src/main.ts', import.meta.url);

if (Number.parseInt(process.versions.node, 10) >= 24) {
  nodeModule.enableCompileCache?.(); // in the system's folder for temporary files; halves the start-up of `--help`
  await import(main.href);
} else {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const pinned = fileURLToPath(
    new URL(`../../../node_modules/${name}/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
  );
  if (!existsSync(pinned)) {
    console.error(
      `diptych: expected Node 24 or later, found ${process.versions.node}, and no pinned Node beside it. Install Node 24, or run \`npm run setup\` in a clone of the repository.`,
    );
    process.exit(3);
  }
  const child = spawn(pinned, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
}
