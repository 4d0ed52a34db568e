#!/usr/bin/env node
// Starts the command line on a Node that runs TypeScript natively (22.18 or later): this one if it does, else the
// Node that the workspace pins through npm. Plain JavaScript, because an older Node must be able to read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

const main = new URL('../src/main.ts', import.meta.url);
const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  nodeModule.enableCompileCache?.(); // in the system's folder for temporary files; halves the start-up of `--help`
  await import(main.href);
} else {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const pinned = fileURLToPath(
    new URL(`../../../node_modules/${name}/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
  );
  if (!existsSync(pinned)) {
    console.error(
      `diptych: expected Node 22.18 or later, found ${process.versions.node}, and no pinned Node beside it. Run \`npm run setup\` in the repository, or install Node 24.`,
    );
    process.exit(3);
  }
  const child = spawn(pinned, [fileURLToPath(main), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)));
}
