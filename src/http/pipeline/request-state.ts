import type { IncomingMessage } from 'node:http';
import type { GatewayContext } from '../../graphql/context/context';

/** What was already made of a request on its way to the GraphQL server, so that it is not made twice. */
export interface Carried {
  /** The whole body; null where it is larger than it may be. */
  readonly body: Buffer | null;
  /** The context that an execution was begun with: a second one goes on over the same loads. */
  context: GatewayContext | null;
}

/** A property of the request itself: what a WeakMap holds outlives its key until the next collection of old garbage. */
const NOTE = Symbol('carried');

interface Carrying {
  [NOTE]?: Carried;
}

/** Leaves a note with a request. */
export function carry(request: IncomingMessage, note: Carried): void {
  (request as Carrying)[NOTE] = note;
}

/** The note that was left with a request. */
export function carriedWith(request: IncomingMessage): Carried | undefined {
  return (request as Carrying)[NOTE];
}
