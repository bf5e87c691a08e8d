import { STATUS_CODES, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions } from 'fastify';
import { ALLOWED_METHODS, WRONG_METHOD } from '../request/methods';

/** How long a client may take, in milliseconds. */
export interface ConnectionTimeouts {
  /** For a request's headers, from the connection or the previous request's end on. */
  readonly headersMs: number;
  /** For a whole request, its body included. */
  readonly requestMs: number;
  /** How long an idle connection is kept open. */
  readonly keepAliveMs: number;
  /** How often the first two are looked after. */
  readonly checkMs: number;
}

/**
 * Keep-alive is longer than the 60 s after which the usual load balancers give an idle connection up: whoever closes
 * second never sends a request into a connection that is being closed.
 */
export const CONNECTION_TIMEOUTS: ConnectionTimeouts = { headersMs: 10_000, requestMs: 30_000, keepAliveMs: 72_000, checkMs: 2000 };

/** Largest head of a request, in bytes: the address with a GET's query, and all headers. Node's own default, said aloud. */
const MAX_HEADER_BYTES = 16 * 1024;

/** What Fastify is told about a connection's limits. */
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
      // Node would take the first of two tokens, and a proxy may have looked at the second: of both, none is a token.
      joinDuplicateHeaders: true,
    },
    clientErrorHandler: answerClientError,
  } satisfies FastifyHttpOptions<Server>;
}

/** Statuses and messages for what Node's HTTP parser refuses, by its code. */
const REFUSALS: Readonly<Record<string, readonly [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    `The address and the headers of the request are larger than the ${MAX_HEADER_BYTES} bytes that are allowed. Send a long query by POST or QUERY.`,
  ],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The request body has chunk extensions that are larger than this gateway takes.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'The request did not come in time.'],
};

/** The first line of a request that would be HTTP if its method were known (RFC 9112, section 3). */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64} \S{1,8192} HTTP\/1\.[01]\r\n/;
const UNKNOWN_METHOD = 'HPE_INVALID_METHOD';

interface ParserError extends NodeJS.ErrnoException {
  /** What was being parsed. */
  readonly rawPacket?: unknown;
}

/** What is refused with which status and message, and headers of that refusal. */
function toRefusal({ code = '', rawPacket }: ParserError): readonly [status: number, message: string, headers?: string] {
  if (code === UNKNOWN_METHOD && Buffer.isBuffer(rawPacket) && REQUEST_LINE.test(rawPacket.toString('latin1', 0, MAX_HEADER_BYTES)))
    return [405, WRONG_METHOD, `allow: ${ALLOWED_METHODS}\r\naccept-query: application/json\r\n`];
  return REFUSALS[code] ?? [400, 'The request is not HTTP that can be read.'];
}

/** Answers what is no HTTP request, or came too slowly, in the shape that GraphQL clients read, and closes the connection. */
function answerClientError(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message, headers = ''] = toRefusal(error);
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] });
  // An answer may be on its way already, while the body comes late: two must not be mixed. Node's own handler asks the same way.
  const answering = (socket as Socket & { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
  if (!answering) {
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\n${headers}cache-control: ` +
        `no-store\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}` +
        `\r\n\r\n${body}`,
    );
  }
  // Not only ended: a client that never reads would keep a half-closed connection open.
  socket.destroySoon();
}
