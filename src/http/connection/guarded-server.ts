import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import type { ServerObserver, ServerState } from '../../telemetry/observers/server-observer';
import type { CorsHeaders } from '../request/cors-headers';
import { headerOf } from '../request/header-of';
import { refuseTunnel, TOO_MANY_PIECES } from './connection-limits';
import { lingerAfter } from './lingering-close';
import { muteParser } from './mute-parser';
import { countRequest, countResponse } from './pipelined-requests';
import { LoadShedder } from './load-shedder';
import { UnsentResponses, type UnsentLimits } from './unsent-responses';
import { toWatchedRequest, type WatchedRequest } from './watched-request';
import { toWatchedResponse } from './watched-response';

/** Limits on the connections of a server. */
export interface GuardOptions extends UnsentLimits {
  readonly maxConcurrentRequests: number;
  /** See LoadShedderOptions. */
  readonly ownerOf: (request: IncomingMessage) => string;
  readonly maxRequestBytes: number;
  /** Null before the server listens. */
  readonly cors: () => CorsHeaders | null;
  /** Timeouts and sizes that Node itself enforces. */
  readonly http: ServerOptions;
  readonly observer: ServerObserver;
}

/** An HTTP server and its current load. */
export interface GuardedServer {
  readonly server: Server;
  readonly state: () => ServerState;
  /** Must be called when a request has arrived completely. Returns whether it is to be handled; otherwise it is refused. */
  readonly enter: (response: ServerResponse) => boolean;
  /** Watches a streamed response of which all chunks but the last have been sent. */
  readonly watchUnsent: (response: ServerResponse) => void;
}

/** Creates a server that sheds load, closes connections of clients that do not read, and lingers on close after early responses. */
export function createGuardedServer(
  options: GuardOptions,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): GuardedServer {
  const { observer } = options;
  const unsent = new UnsentResponses(options, (reason) => observer.connectionCut(reason));
  const shedder = new LoadShedder({ ...options, onShed: (token) => observer.requestShed(token) });
  const onEnd = (response: ServerResponse): void => {
    if (!response.req.complete) {
      (response.req as WatchedRequest).isAnswered = true;
      lingerAfter(response.req);
    }
    // Without a socket, it is queued behind the response to an earlier pipelined request.
    if (response.socket === null || response.socket.writableLength > 0) unsent.add(response);
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    // Pipelined requests may have been parsed before the connection was closed.
    if (socket.destroyed) return;
    if (!countRequest(response)) {
      muteParser(socket);
      socket.destroy();
      observer.connectionCut('too-many-requests');
      return;
    }
    const coding = headerOf(request.headers, 'transfer-encoding');
    const host = headerOf(request.headers, 'host');
    if (host === undefined && request.httpVersion === '1.1') refuse(response, 400, 'The request has no Host header.');
    // Repeated headers are joined with a comma, which no host name contains.
    else if (host?.includes(',')) refuse(response, 400, 'The request has more than one Host header.');
    // Node takes the chunks apart, and leaves other codings to nobody (RFC 9112, section 6.1).
    else if (coding !== undefined && coding.toLowerCase() !== 'chunked')
      refuse(response, 501, 'The only transfer coding of a request body is chunked. Use Content-Encoding to compress it.');
    else if (shedder.admit(request, response)) handler(request, response);
  };
  const cutPieces = ({ isAnswered, socket }: WatchedRequest): void => {
    if (isAnswered) socket.destroy();
    else server.emit('clientError', Object.assign(new Error('too many pieces'), { code: TOO_MANY_PIECES }), socket);
  };
  const classes = {
    IncomingMessage: toWatchedRequest(cutPieces),
    ServerResponse: toWatchedResponse({ onEnd, onSent: countResponse }),
  };
  const server = createServer({ ...options.http, ...classes }, take);
  // By default Node silently drops headers after the first thousand, such as the token or the dry-run header. Their size is bounded.
  server.maxHeadersCount = 0;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A client that sends `Expect: 100-continue` is not asked for a body that will be refused (RFC 9110, section 10.1.1).
    const isRefused = !shedder.hasSlot(request) || Number(headerOf(request.headers, 'content-length') ?? 0) > options.maxRequestBytes;
    if (!isRefused) response.writeContinue();
    take(request, response);
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) =>
    refuse(response, 417, 'The only value of the header "Expect" is 100-continue.'),
  );
  server.on('connect', (_request, socket) => refuseTunnel(socket));
  return {
    server,
    state: () => ({ requests: shedder.underWay, unsentBytes: unsent.bytes }),
    enter: (response) => shedder.enter(response),
    watchUnsent: (response) => unsent.addPiece(response),
  };
}

/** Answers a request that Node does not understand, or that may be read in two ways: its connection is of no further use. */
function refuse(response: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  response
    .writeHead(status, {
      connection: 'close',
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
      'content-length': body.length,
    })
    .end(body);
}
