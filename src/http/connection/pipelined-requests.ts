import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests that one connection may have whose responses have not been sent completely. Clients that pipeline at all send some ten at
 * once; each of them takes memory until those before it have been answered, and until its client has read.
 */
export const MAX_PIPELINED = 100;

const UNANSWERED = Symbol('requests not answered');
type CountedSocket = Socket & { [UNANSWERED]?: number };

/** Counts a request that has come. Returns whether its connection may have as many. */
export function countRequest(response: ServerResponse): boolean {
  const socket = response.req.socket as CountedSocket;
  const count = (socket[UNANSWERED] ?? 0) + 1;
  socket[UNANSWERED] = count;
  return count <= MAX_PIPELINED;
}

/** To be called when the request's response has been sent. */
export function countResponse(response: ServerResponse): void {
  const socket = response.req.socket as CountedSocket;
  socket[UNANSWERED] = (socket[UNANSWERED] ?? 1) - 1;
}
