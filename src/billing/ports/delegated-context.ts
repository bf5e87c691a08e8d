import type { CallAdmission } from '../admission/call-admission';
import type { BillingError } from '../model/billing-error';
import type { Caller } from '../model/caller';
import type { ByteHolder } from '../../runtime/byte-budget';
import type { CancelSignal } from '../../runtime/cancellation';
import { monotonicMs } from '../../runtime/clock';
import type { CacheWaits } from './cache-waits';
import type { CallContext, CallRecord, Recency } from './billing-source';
import type { OperationTrace } from './operation-trace';

/** A context that is another one's, except for what a class that extends it says. The only place that lists what a context has. */
export abstract class DelegatedContext implements CallContext {
  protected readonly inner: CallContext;

  constructor(inner: CallContext) {
    this.inner = inner;
  }

  get caller(): Caller {
    return this.inner.caller;
  }

  get requestId(): string | undefined {
    return this.inner.requestId;
  }

  get trace(): OperationTrace | undefined {
    return this.inner.trace;
  }

  get signal(): CancelSignal {
    return this.inner.signal;
  }

  get deadlineAtMs(): number {
    return this.inner.deadlineAtMs;
  }

  get deadToken(): BillingError | null {
    return this.inner.deadToken;
  }

  get cacheWaits(): CacheWaits {
    return this.inner.cacheWaits;
  }

  get memory(): ByteHolder | undefined {
    return this.inner.memory;
  }

  get recency(): Recency | null {
    return this.inner.recency;
  }

  get admission(): CallAdmission | null {
    return this.inner.admission ?? null;
  }

  spendCall(): void {
    this.inner.spendCall();
  }

  returnCall(): void {
    this.inner.returnCall();
  }

  recordCall(record: CallRecord): void {
    this.inner.recordCall(record);
  }

  noteQueued(ms: number): void {
    this.inner.noteQueued?.(ms);
  }
}

/** A context for a call that bypasses the caches. */
export class FreshContext extends DelegatedContext {
  readonly #recency: Recency = { notBeforeMs: monotonicMs(), usesCached: false };

  override get recency(): Recency {
    return this.#recency;
  }
}
