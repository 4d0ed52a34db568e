export { createServer, type ServerOptions } from './create-server.ts';
export { isLoopback, listen } from './listen.ts';
