import type { IncomingMessage } from 'node:http';
import { decodeBody, isDecodable } from './decode-body';
import { MAX_ANONYMOUS_BYTES } from '../request/graphql-request';
import { headerOf } from '../request/header-of';

/**
 * Reads a request's body and hands it over: null where it is larger than `maxBytes`, as soon as that shows. A body with a
 * content coding is decoded, within the same bound (without a token, within MAX_ANONYMOUS_BYTES), and the request loses its
 * `Content-Encoding`; with an unknown coding it is handed over as it is. A client that goes away before its body's end is
 * not answered.
 */
export function readBody(request: IncomingMessage, maxBytes: number, done: (body: Buffer | null) => void): void {
  if (Number(headerOf(request.headers, 'content-length') ?? 0) > maxBytes) {
    done(null);
    return;
  }
  let first: Buffer | null = null;
  let rest: Buffer[] | null = null;
  let bytes = 0;
  const onData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      request.off('data', onData).off('end', onEnd).pause();
      done(null);
      return;
    }
    if (first === null) first = chunk;
    else (rest ??= [first]).push(chunk);
  };
  const onEnd = (): void => {
    const body = rest ? Buffer.concat(rest, bytes) : (first ?? Buffer.alloc(0));
    const coding = headerOf(request.headers, 'content-encoding');
    if (coding === undefined || !isDecodable(coding)) {
      done(body);
      return;
    }
    delete request.headers['content-encoding'];
    const isAnonymous = headerOf(request.headers, 'authorization') === undefined;
    decodeBody(body, coding, { maxBytes: isAnonymous ? Math.min(maxBytes, MAX_ANONYMOUS_BYTES) : maxBytes, done });
  };
  request.on('data', onData).on('end', onEnd);
}
