/** The circuit breaker's state. */
export type CircuitName = 'closed' | 'open' | 'half-open';

/** How one attempt at the billing API ended. It holds no token, no address and no identifier. */
export interface AttemptRecord {
  /** Of the operation that started the call; others may have joined it. Undefined for a call without an operation. */
  readonly requestId: string | undefined;
  /** `ok`, `not-found`, the kind of failure, `no-room` in memory, or `aborted`: all callers had gone. */
  readonly outcome: string;
  /** The status of the answer; null where there was none. */
  readonly status: number | null;
  /** Why it failed, for the operator: see `toReason`. Null where it did not. */
  readonly reason: string | null;
  /** From sending to the body's last byte, in milliseconds; time spent waiting for a place is not in it. */
  readonly durationMs: number;
  /** Whether it was made because an earlier attempt of the same call had failed. */
  readonly isRetry: boolean;
}

/** Receives events between the gateway and the billing API. Must not throw. */
export interface UpstreamObserver {
  attemptEnded?(record: AttemptRecord): void;
  /** A response, or a list in it, cannot be used; `reason` names the place in it and never a value. */
  responseUnusable?(record: { readonly requestId: string | undefined; readonly reason: string }): void;
  /** A page was truncated at `size` items. `isNew`: the first one of this size. */
  pageCut?(record: { readonly size: number; readonly isNew: boolean }): void;
  /** A call ended, after however many attempts; `outcome` as with attempts. */
  callEnded?(outcome: string): void;
  /** A call ended without an attempt: the circuit was open, too many calls were waiting, or its operation holds as many bytes as it may. */
  callRefused?(reason: 'circuit' | 'queue' | 'memory'): void;
  /** A request was sent again within its attempt: the server had closed the idle connection that it was first sent on. */
  requestResent?(): void;
  /**
   * The billing API sent bytes that belong to no request: it may have answered the wrong one before. `isInFlight`: whether
   * they came while a request was under way, which they have failed.
   */
  strayBytesCame?(record: { readonly isInFlight: boolean }): void;
  /** DNS fails or is slow: the last known addresses are used until it answers. `reason`: the system's code, or how long it took. */
  nameUnresolved?(record: { readonly reason: string }): void;
  /** The client certificate or the CAs have changed; new connections use them. */
  tlsFilesReloaded?(): void;
  /** They have changed and cannot be used: the old ones stay in use. `reason` names a setting, and quotes nothing of the files. */
  tlsFilesUnusable?(record: { readonly reason: string }): void;
  /** The client certificate has expired: the billing API may refuse connections. */
  clientCertificateExpired?(record: { readonly expiredAt: string }): void;
  circuitChanged?(state: CircuitName, reason: string | null): void;
}

/** The connection to the billing API at this moment, for gauges. */
export interface UpstreamState {
  readonly circuit: CircuitName;
  /** Attempts in flight. */
  readonly inFlight: number;
  /** Calls that wait for a place. */
  readonly waiting: number;
  /** Current maximum number of attempts in flight. */
  readonly limit: number;
  /** Bytes of responses that operations hold, those in flight included. */
  readonly heldBytes: number;
}
