/** What the server and its routes share. */
import type { FastifyInstance } from 'fastify';

export interface ServerOptions {
  /** Folder that holds run folders. */
  readonly runsFolder: string;
  /** Where request and reveal lines go; silent if absent. */
  readonly log?: (line: string) => void;
}

export type Server = FastifyInstance;
export interface RouteContext extends ServerOptions {
  /** Showing an image unblurred is a deliberate act, and is logged. */
  readonly logReveal: (run: string, sha256: string, address: string) => void;
}
