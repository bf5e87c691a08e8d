import { withoutTrailingSlashes } from '../../runtime/trailing-slashes';
import type { TransportRequest } from './transport';

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
  return ({ path, caller, requestId, trace }) => {
    if (!PATH.test(path)) throw new Error('The path of a request to the billing API holds a character that no head may hold.');
    const { authorization, forwarded } = caller;
    // The authorization cannot hold such a character: a caller is made of nothing but a bearer token (RFC 6750).
    let head = `GET ${prefix}${path} HTTP/1.1\r\n${fixed}authorization: ${authorization}\r\n`;
    if (correlationHeader !== null && requestId !== undefined) head += toLines([correlationHeader, requestId]);
    if (forwarded.length > 0) head += toLines(forwarded);
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
