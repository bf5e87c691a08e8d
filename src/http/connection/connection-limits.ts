import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { FastifyHttpOptions } from 'fastify';
import { ALLOWED_METHODS, WRONG_METHOD } from '../request/methods';

/** How long a client may take, in milliseconds. */
export interface ConnectionTimeouts {
  /** For a request's headers, counted from the connection or from the end of the previous request. */
  readonly headersMs: number;
  /** For a whole request, including its body. */
  readonly requestMs: number;
  /** How long an idle connection is kept open. */
  readonly keepAliveMs: number;
  /** How often the first two are checked. */
  readonly checkMs: number;
}

/**
 * Keep-alive is longer than the 60 s after which common load balancers close an idle connection: the load balancer closes
 * first, so it never sends a request over a connection that the gateway is closing.
 */
export const CONNECTION_TIMEOUTS: ConnectionTimeouts = { headersMs: 10_000, requestMs: 30_000, keepAliveMs: 72_000, checkMs: 2000 };

/** Maximum size of a request's URL and headers together, in bytes. Node's default, made explicit. */
const MAX_HEADER_BYTES = 16 * 1024;

/** Fastify's options for the limits of a connection. */
export function toConnectionLimits(timeouts: ConnectionTimeouts) {
  return {
    keepAliveTimeout: timeouts.keepAliveMs,
    requestTimeout: timeouts.requestMs,
    http: {
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      keepAliveTimeout: timeouts.keepAliveMs,
      connectionsCheckingInterval: timeouts.checkMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      // Checked by the guarded server: Node's response to a request without one has no body.
      requireHostHeader: false,
      // By default Node takes the first of two tokens, while a proxy may have checked the second. Joined, they are not a valid token.
      joinDuplicateHeaders: true,
    },
    clientErrorHandler: answerClientError,
  } satisfies FastifyHttpOptions<Server>;
}

/** Our own code, beside those of Node's HTTP parser. */
export const TOO_MANY_PIECES = 'TOO_MANY_PIECES';

/** Statuses and messages for errors of the HTTP parser, by code. */
const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, `The URL and headers of the request exceed ${MAX_HEADER_BYTES} bytes. Send a long query with POST or QUERY.`],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of the request body are too large.'],
  [TOO_MANY_PIECES]: [400, 'The request body comes in too many small pieces. Send it in larger ones, or at once.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request was not received in time.'],
};

/** A request line that is valid except for its unknown method (RFC 9112, section 3). */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} \S{1,8192} HTTP\/1\.[01]\r\n/;
const UNKNOWN_METHOD = 'HPE_INVALID_METHOD';

interface ParserError extends NodeJS.ErrnoException {
  /** The bytes being parsed. */
  readonly rawPacket?: unknown;
}

type Refusal = readonly [status: number, message: string, headers?: string];

const REFUSED_METHOD: Refusal = [405, WRONG_METHOD, `allow: ${ALLOWED_METHODS}\r\naccept-query: application/json\r\n`];

/** The status, message and extra headers of the response to a parser error. */
function toRefusal({ code = '', rawPacket }: ParserError): Refusal {
  if (code === UNKNOWN_METHOD && Buffer.isBuffer(rawPacket) && REQUEST_LINE.test(rawPacket.toString('latin1', 0, MAX_HEADER_BYTES)))
    return REFUSED_METHOD;
  return REFUSALS[code] ?? [400, 'The request is not valid HTTP.'];
}

/** A connection with the response that Node is writing to it, if any. */
type AnsweredSocket = Duplex & { readonly _httpMessage?: { readonly headersSent: boolean } | null };

/** Answers invalid and too slow requests with a GraphQL error response, and closes the connection. */
function answerClientError(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  // A response may already be in progress while the body is late; a second one must not be mixed in. Node's handler checks this too.
  if ((socket as AnsweredSocket)._httpMessage?.headersSent !== true) writeRefusal(socket, toRefusal(error));
  // `end` is not enough: a client that never reads would keep the half-closed connection open.
  socket.destroySoon();
}

/** Answers a CONNECT (RFC 9110, section 9.3.6), for which Node's server has neither a response nor an error handler, and closes. */
export function refuseTunnel(socket: Duplex, refusal = REFUSED_METHOD): void {
  socket.on('error', () => undefined);
  // A pipelined request before it has not been answered yet: this would be taken for its response.
  if (!(socket as AnsweredSocket)._httpMessage) writeRefusal(socket, refusal);
  socket.end(() => socket.destroy());
}

function writeRefusal(socket: Duplex, [status, message, headers = '']: Refusal): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n${headers}cache-control: ` +
      `no-store\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}` +
      `\r\n\r\n${body}`,
  );
}
