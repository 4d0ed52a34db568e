/**
 * For tests, as a program: serves OpenAI's Images API on a port of loopback, writes its address into study.json in place
 * of BASE_URL, and runs `diptych` with the parameters that it was given.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { encodePng } from '@diptych/plugin-kit/testing';

const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * 7919) % 251);
const b64_json = Buffer.from(encodePng({ width: 32, height: 32, channels: 3, data })).toString('base64');
const server = createServer((_request, response) => response.end(JSON.stringify({ data: [{ b64_json }] })));
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
writeFileSync('study.json', readFileSync('study.json', 'utf8').replace('BASE_URL', `http://${address}/v1`));
writeFileSync('address', address);
const launcher = fileURLToPath(new URL('../../bin/diptych.mjs', import.meta.url));
const child = spawn(process.execPath, [launcher, ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('close', (code) => process.exit(code ?? 1));
