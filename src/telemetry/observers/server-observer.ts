/** Why the gateway closed a connection that had unsent responses. */
export type CutReason = 'no-progress' | 'too-much-unsent' | 'too-many-requests';

/** Whether the billing API has accepted the token of a refused request. `unaccepted`: never, or the request has none. */
export type ShedToken = 'accepted' | 'unaccepted';

/** The HTTP server's current load. */
export interface ServerState {
  /** Requests that were received completely and are not answered yet. */
  readonly requests: number;
  /** Bytes of responses that clients have not read yet. */
  readonly unsentBytes: number;
}

/** Receives events when the HTTP server refuses requests or closes connections to protect itself. Must not throw. */
export interface ServerObserver {
  /** A request was refused with 503 because of too many concurrent requests. */
  requestShed(token: ShedToken): void;
  /** A connection was closed because its client did not read the response, or sent too many requests without waiting for one. */
  connectionCut(reason: CutReason): void;
}
