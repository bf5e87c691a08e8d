import type { Socket } from 'node:net';
import { fastify, type FastifyInstance, type FastifyPluginCallback } from 'fastify';
import { ApiFailure, sendFailure, toApiFailure, toErrorJson } from './errors/api-failure';
import { addBillsResource, type BillsResourceOptions } from './bills/bills-resource';
import { addTokenEndpoint, type TokenEndpointOptions } from './tokens/token-endpoint';

export interface ServerOptions {
  readonly bills: BillsResourceOptions;
  readonly token: TokenEndpointOptions;
  /** Empty, or a path without a slash at its end. */
  readonly basePath: string;
}

/** No route has a JSON schema. Without this, Fastify loads its compilers of schemas, with all of Ajv, for every server. */
const NO_SCHEMAS = { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } };

function refuseSchema(): never {
  throw new Error('Schemas of routes are not compiled: see NO_SCHEMAS.');
}

/** The HTTP server with both endpoints, not listening yet. Every error it can give outside the token endpoint is an `errorBody`. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    schemaController: NO_SCHEMAS,
    // A long identifier is a customer we do not know, and not an address we cannot read.
    routerOptions: { maxParamLength: 4096 },
    frameworkErrors: (error, _request, reply) => void sendFailure(reply, toApiFailure(error)),
    clientErrorHandler: (error, socket) => sendUnreadable(error, socket),
    // A request that arrives on an open connection while the server closes is still served, with `Connection: close`.
    return503OnClosing: false,
  });
  app.setErrorHandler((error, _request, reply) => sendFailure(reply, toApiFailure(error)));
  app.setNotFoundHandler((_request, reply) => sendFailure(reply, new ApiFailure(404, 'NOT_FOUND', 'There is no such resource.')));
  // No resource reads a body but the token endpoint, which brings its own parsers; the rest must not fail on one.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, _body, done) => done(null));

  const prefix = options.basePath;
  await app.register(
    toPlugin('bills', (scope) => addBillsResource(scope, options.bills)),
    { prefix },
  );
  await app.register(
    toPlugin('token-endpoint', (scope) => addTokenEndpoint(scope, options.token)),
    { prefix },
  );
  return app;
}

/** A plugin with a name: for one without, Fastify looks through all loaded modules, twice for each server. */
function toPlugin(name: string, add: (scope: FastifyInstance) => void): FastifyPluginCallback {
  const plugin: FastifyPluginCallback = (scope, _options, done) => {
    add(scope);
    done();
  };
  return Object.assign(plugin, { [Symbol.for('fastify.display-name')]: name });
}

/** Answers bytes that are not HTTP, or a head too large, which no route ever sees. */
function sendUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = toErrorJson('BAD_REQUEST', 'The request could not be read.');
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}` +
      `\r\nConnection: close\r\n\r\n${body}`,
  );
}
