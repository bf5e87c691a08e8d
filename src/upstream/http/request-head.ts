import type { ByteHolder } from '../../runtime/byte-budget';
import type { CancelSignal } from '../../runtime/cancellation';
import { withoutTrailingSlashes } from '../../runtime/trailing-slashes';
import type { Caller } from '../../billing/model/caller';

/** A GET on behalf of a caller. */
export interface TransportRequest {
  /** Path and query. */
  readonly path: string;
  readonly caller: Caller;
  /** When it is sent, on the clock of `performance.now()`. */
  readonly startedMs: number;
  /** What it is about, if anything: the connection remembers it, see `ReusedConnection`. */
  readonly subject?: string | null;
  readonly signal: CancelSignal;
  /** Counts the bytes of the body while it comes; undefined: they are not bounded. */
  readonly memory?: ByteHolder | undefined;
  /** Bytes that are set aside in it for the body already; those that it does not take are given back. */
  readonly reservedBytes?: number;
  /** Joins the log lines of the operation that started the call. */
  readonly requestId?: string | undefined;
  /** Headers that tell the billing API of the attempt's trace; names and values in turn. */
  readonly trace?: readonly string[] | undefined;
}

/** What is the same in every request to the billing API. */
export interface RequestHeadOptions {
  readonly baseUrl: URL;
  /** The `user-agent` header. */
  readonly userAgent: string;
  readonly compression: 'none' | 'gzip';
  /** Headers of the operator's; names and values in turn. */
  readonly headers: readonly string[];
  /** The header under which the request id is sent; null: it is not. */
  readonly correlationHeader: string | null;
}

// RFC 9112, section 3.2, and RFC 9110, section 5.5: anything else could end the line, and begin another header or another request.
const PATH = /^[\x21-\x7e]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Makes the heads of requests, which are the whole requests: a GET has no body (RFC 9112, section 3). Of the client's
 * headers only its token and those that the operator lists go along; those of a trace are made anew for each attempt.
 * What it returns throws an Error where something in the request would not stay in its line.
 */
export function createRequestHead(options: RequestHeadOptions): (request: TransportRequest) => string {
  const prefix = withoutTrailingSlashes(options.baseUrl.pathname);
  const { correlationHeader } = options;
  const fixed = toLines([
    ...['host', options.baseUrl.host],
    ...['connection', 'keep-alive'],
    // Firewalls refuse requests without these two.
    ...['user-agent', options.userAgent],
    ...['accept-encoding', options.compression === 'gzip' ? 'gzip' : 'identity'],
    ...['accept', 'application/json'],
    ...options.headers,
  ]);
  // Of the last caller: most calls follow others of their operation.
  let lastCaller: Caller | null = null;
  let lines = '';
  return ({ path, caller, requestId, trace }) => {
    if (!PATH.test(path)) throw new Error('The path of a request to the billing API holds a character that no head may hold.');
    if (caller !== lastCaller) {
      // The authorization cannot hold such a character: a caller is made of nothing but a bearer token (RFC 6750).
      lines = ` HTTP/1.1\r\n${fixed}authorization: ${caller.authorization}\r\n${toLines(caller.forwarded)}`;
      lastCaller = caller;
    }
    let head = `GET ${prefix}${path}${lines}`;
    if (correlationHeader !== null && requestId !== undefined) head += toLines([correlationHeader, requestId]);
    if (trace !== undefined && trace.length > 0) head += toLines(trace);
    return `${head}\r\n`;
  };
}

/** @param headers names and values in turn. */
function toLines(headers: readonly string[]): string {
  let lines = '';
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1] as string;
    if (!FIELD_VALUE.test(value)) throw new Error('A header of a request to the billing API holds a character that no head may hold.');
    lines += `${headers[i] as string}: ${value}\r\n`;
  }
  return lines;
}
