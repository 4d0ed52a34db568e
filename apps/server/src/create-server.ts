/**
 * A read-only view of run folders over HTTP. Routes live under `/api/v1`, one file a resource; later resources
 * (accounts, queues, workers) join as further files. Run folders are the truth: nothing is cached between requests.
 */

import type { Socket } from 'node:net';
import { DiptychError, exitCodeOf, isDiptychError } from '@diptych/plugin-kit';
import swagger from '@fastify/swagger';
import Fastify, { type ConnectionError, type FastifyError, type FastifyReply } from 'fastify';
import {
  jsonSchemaTransform,
  jsonSchemaTransformObject,
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { isLoopback } from './listen.ts';
import type { RouteContext, Server, ServerOptions } from './route-context.ts';
import { healthRoutes } from './routes/health.ts';
import { imageRoutes } from './routes/images.ts';
import { reportRoutes } from './routes/report.ts';
import { runRoutes } from './routes/runs.ts';

const statusOf = (error: DiptychError): number => {
  if (['NOT_FOUND', 'RUN_NOT_FOUND', 'IMAGE_MISSING'].includes(error.code)) return 404;
  return exitCodeOf(error.code) === 2 ? 400 : 500;
};

export async function createServer(options: ServerOptions): Promise<Server> {
  const app = Fastify({
    logger: false,
    bodyLimit: 64 * 1024,
    routerOptions: { maxParamLength: 200 },
    requestTimeout: 30_000,
    return503OnClosing: true,
    // Browsers hold connections on which they asked for nothing yet, and no timeout ends one once the server closes: it would
    // never stop. Nothing is lost, since nothing is written.
    forceCloseConnections: true,
    // What is refused before there is a route has the body of every other error.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      void reply.status(error.statusCode ?? 400).send(refusal(error.message));
    },
    clientErrorHandler: answerUnreadable,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Diptych',
        version: '1',
        description: 'Read-only view of run folders. Images are blurred unless asked for.',
      },
    },
    transform: jsonSchemaTransform,
    transformObject: jsonSchemaTransformObject,
  });

  guardHost(app);
  answerErrors(app, options);
  const context: RouteContext = {
    ...options,
    logReveal: (run, sha256, address) => options.log?.(`reveal run=${run} image=${sha256} by=${address}`),
  };
  const typed = app.withTypeProvider<ZodTypeProvider>();
  await typed.register(async (scope) => {
    healthRoutes(scope);
    runRoutes(scope, context);
    imageRoutes(scope, context);
    reportRoutes(scope, context);
  });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  await app.ready();
  return app;
}

/** Refuses foreign Host headers, so that a page in the user's browser cannot reach the server by DNS rebinding. */
function guardHost(app: Server): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      // No page may frame an image or data: a frame shows what it may not read. Style: browsers centre an image by some.
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    });
    const host = (request.headers.host ?? '').replace(/:\d+$/, '');
    if (!isLoopback(host)) {
      throw new DiptychError(
        'REQUEST_INVALID',
        `Expected a loopback Host header, received "${host.slice(0, 100)}". Open the server by 127.0.0.1 or localhost.`,
      );
    }
  });
}

const refusal = (message: string) => ({ error: { code: 'REQUEST_INVALID' as const, message } });

/** Bytes that are no HTTP, or too many headers: there is no request to reply to. */
function answerUnreadable(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const what = isLarge ? 'headers of at most 16 KiB, received more' : 'an HTTP request, received something else';
  const body = JSON.stringify(refusal(`Expected ${what}.`));
  const head = [
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}

function answerErrors(app: Server, { log }: ServerOptions): void {
  app.setNotFoundHandler((request, reply) => {
    void reply.status(404).send({
      error: {
        code: 'NOT_FOUND',
        message: `Expected a route of /openapi.json, received ${request.method} ${request.url.slice(0, 200)}.`,
      },
    });
  });
  app.setErrorHandler((error: FastifyError | DiptychError, _request, reply) => {
    if (isDiptychError(error))
      return reply.status(statusOf(error)).send({ error: { code: error.code, message: error.message } });
    const status = 'statusCode' in error && error.statusCode && error.statusCode < 500 ? error.statusCode : 500;
    // A fault of ours says nothing of its insides to the network.
    if (status >= 500) log?.(`error ${error.stack ?? error.message}`);
    const message = status < 500 ? error.message : 'The server failed; its log says why.';
    return reply.status(status).send({ error: { code: status < 500 ? 'REQUEST_INVALID' : 'INVARIANT_BROKEN', message } });
  });
}
