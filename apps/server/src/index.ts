export { createServer } from './create-server.ts';
export { isLoopback, listen } from './listen.ts';
export type { ServerOptions } from './route-context.ts';
