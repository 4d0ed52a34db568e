import { DiptychError } from '@diptych/plugin-kit';
import type { Server } from './route-context.ts';

/** Names and addresses that never leave this machine. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare);
}

/** Listens and gives the URL. Refuses any address but loopback: there is no authentication yet. */
export async function listen(server: Server, host: string, port: number): Promise<string> {
  if (!isLoopback(host)) {
    throw new DiptychError(
      'PUBLIC_BIND_REFUSED',
      `Expected a loopback address to listen on, received "${host}". Diptych has no authentication yet; use 127.0.0.1 and reach it through an SSH tunnel.`,
    );
  }
  return server.listen({ host: host.replace(/^\[|\]$/g, ''), port });
}
