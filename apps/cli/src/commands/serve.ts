/** `diptych serve`: the read-only server over a folder of runs, on loopback, until interrupted. */
import { once } from 'node:events';
import { DiptychError } from '@diptych/plugin-kit';
import { createServer, listen } from '@diptych/server';
import { note, type OutputOptions, printResult } from '../output/result.ts';
import { interruptSignal } from '../signals.ts';

interface ServeOptions extends OutputOptions {
  readonly host: string;
  readonly port: string;
}

export default async function serve(runsFolder: string, options: ServeOptions): Promise<void> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new DiptychError(
      'USAGE',
      `Expected --port to be a whole number from 0 to 65535, received "${options.port}". Choose another.`,
    );
  const interrupt = interruptSignal();
  const server = await createServer({ runsFolder, log: note });
  try {
    const url = await listen(server, options.host, port);
    printResult(options, { url }, () => `Serving ${runsFolder} on ${url} (read-only). Stop with Ctrl-C.`);
    if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort');
  } finally {
    await server.close();
    interrupt.release();
  }
}
