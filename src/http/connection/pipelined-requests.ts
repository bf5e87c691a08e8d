import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Maximum number of requests per connection whose responses have not been sent completely. Clients that pipeline send about ten
 * at once. Each request holds memory until the ones before it are answered and its client has read the response.
 */
export const MAX_PIPELINED = 100;

const UNANSWERED = Symbol('unanswered requests');
type CountedSocket = Socket & { [UNANSWERED]?: number };

/** Counts a received request. Returns whether its connection is within the limit. */
export function countRequest(response: ServerResponse): boolean {
  const socket = response.req.socket as CountedSocket;
  const count = (socket[UNANSWERED] ?? 0) + 1;
  socket[UNANSWERED] = count;
  return count <= MAX_PIPELINED;
}

/** Must be called when the response has been sent. */
export function countResponse(response: ServerResponse): void {
  const socket = response.req.socket as CountedSocket;
  socket[UNANSWERED] = (socket[UNANSWERED] ?? 1) - 1;
}
