import type { IncomingMessage } from 'node:http';
import { headerOf } from './header-of';

/**
 * Reads a request's body and hands it over: null where it is larger than `maxBytes`, as soon as that shows. A client
 * that goes away before its body's end is not answered.
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
  const onEnd = (): void => done(rest ? Buffer.concat(rest, bytes) : (first ?? Buffer.alloc(0)));
  request.on('data', onData).on('end', onEnd);
}
