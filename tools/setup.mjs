// Makes a clone ready to run, then runs a command in it:
//   node tools/setup.mjs [--no-install] [--no-build] [-- command arguments…]
// Starts on this machine's own Node (>= 20) with nothing installed. Does only what is missing: npm
// packages, the pinned Node, the Rust addon, the web viewer. The command sees node_modules/.bin first
// in its PATH, and `node` is the pinned one.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildNative } from './build-native.mjs';
import { installPackages } from './setup/install.mjs';
import { findNode, isAtLeast, oldestInstalling, oldestRunning, pinnedNodePath } from './setup/pinned-node.mjs';
import { exists, StepError, say } from './setup/steps.mjs';
import { buildWeb } from './setup/web.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function checkMachine() {
  if (!isAtLeast(process.version, oldestInstalling)) {
    throw new StepError(`Expected Node ${oldestInstalling[0]} or newer, found ${process.version}. Install a newer Node.`);
  }
  if (!process.env.npm_execpath && process.platform !== 'win32' && !exists('npm')) {
    throw new StepError('Expected npm on the PATH, found none. Install npm (it comes with Node).');
  }
}

function chooseNode(verify) {
  const node = findNode(root, { verify });
  if (node) return node;
  throw new StepError(
    `Expected the pinned Node at ${pinnedNodePath()} or an own Node >= ${oldestRunning.join('.')}, found ${process.version} ` +
      'and no pinned one that starts. Run `npm ci --include=optional`; where npm has no Node for this platform, install a newer one.',
  );
}

function environmentWith(node) {
  const path = Object.keys(process.env).find((key) => key.toUpperCase() === 'PATH') ?? 'PATH';
  const first = [join(root, 'node_modules/.bin'), dirname(node)];
  return { ...process.env, [path]: [...first, process.env[path]].join(delimiter) };
}

/** Runs the command as if it had been started itself: same streams, signals passed on, same exit code. */
function runCommand([program, ...args], node, environment) {
  const isNode = program === 'node';
  const child = spawn(isNode ? node : program, args, {
    stdio: 'inherit',
    env: environment,
    shell: process.platform === 'win32' && !isNode,
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the whole group; passing it on would make it arrive twice.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    say(`Could not start \`${program}\`: ${error.message}`);
    process.exitCode = 127;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal ? 128 + constants.signals[signal] : (code ?? 1);
  });
}

function main() {
  const separator = process.argv.indexOf('--', 2);
  const command = separator === -1 ? [] : process.argv.slice(separator + 1);
  const flags = process.argv.slice(2, separator === -1 ? undefined : separator);
  checkMachine();
  const mayHaveChanged = !flags.includes('--no-install') && installPackages(root);
  const node = chooseNode(mayHaveChanged);
  const environment = environmentWith(node);
  if (!flags.includes('--no-build')) {
    buildNative(root, { environment });
    buildWeb(root, { environment });
  }
  if (command.length > 0) runCommand(command, node, environment);
  else say('ready');
}

try {
  main();
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
