import type { BillingError } from '../../billing/model/billing-error';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import type { CallContext } from '../../billing/ports/billing-source';
import type { AdaptiveLimit } from './adaptive-limit';
import type { TokenLimit, TokenLimits } from './token-limits';
import type { Abandoned } from '../http/abandoned';
import { overloaded } from '../errors/failures';
import { UnknownShare } from './unknown-share';
import { WaitingQueues, type WaitingQueue } from './waiting-queues';

/** What a limiter is made of. */
export interface FairLimiterOptions {
  readonly limit: AdaptiveLimit;
  readonly tokenLimits: TokenLimits;
  readonly accepted: AcceptedTokens;
  /** How many calls of all callers together may wait. */
  readonly maxWaiting: number;
}

/** A slot for one attempt in flight. Return it with `leave`. */
export interface Slot {
  /** The caller's token if the billing API has never accepted it; otherwise null. */
  readonly unknownToken: string | null;
  readonly tokenLimit: TokenLimit | undefined;
  /** Bytes reserved for the response in the operation's memory; released by the transport. */
  readonly reservedBytes: number;
}

/** A call that waits for a slot. Exactly one of its methods is called, once. */
export interface Waiter {
  readonly context: CallContext;
  /** Must not throw. */
  admit(slot: Slot): void;
  /** @param error `unavailable` if too many calls are waiting, or the error passed to `FairLimiter.refuse`. */
  refuse(error: Error): void;
}

/** Grace period for abandoned attempts under pressure, in milliseconds: long enough for most responses to complete. */
const SHORTLY_MS = 100;
/** Key of the queue shared by all tokens the billing API has never accepted. A token is never empty. */
const UNKNOWN = '';

/**
 * Limits the attempts in flight. A call that finds no free slot waits in its token's queue. Queues are served round-robin, so a
 * token with a single call never waits behind all the calls of a greedy one. Tokens the billing API has never accepted share one
 * queue and the slots that accepted tokens leave (`UnknownShare`). The total queue length is bounded: when it is reached, the
 * longest queue drops its newest call, or a call from its middle if it is the queue of unknown tokens.
 */
export class FairLimiter {
  readonly #options: FairLimiterOptions;
  /** By token, in round-robin order. */
  readonly #queues = new WaitingQueues<Waiter>();
  readonly #unknown = new UnknownShare();
  #inFlight = 0;
  #acceptedInFlight = 0;
  #waiting = 0;
  /** Slots held by abandoned attempts. */
  #abandoned = 0;
  #isAdmitting = false;
  #mayHaveMore = false;

  constructor(options: FairLimiterOptions) {
    this.#options = options;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Takes a free slot unless another call is entitled to it first; null if the call has to wait. */
  tryEnter(context: CallContext): Slot | null {
    // The limit may have grown since the last slot was returned.
    if (this.#waiting > 0) this.admitWaiting();
    const { token } = context.caller;
    const isUnknown = this.#isUnknown(context);
    if (this.#waiting > 0 && this.#queues.get(isUnknown ? UNKNOWN : token)) return null;
    return this.#mayEnter(token, isUnknown) && hasRoom(context) ? this.#take(context, isUnknown) : null;
  }

  /** Queues a call for a slot. It may be admitted or refused before this returns. */
  enter(waiter: Waiter): void {
    const key = this.#isUnknown(waiter.context) ? UNKNOWN : waiter.context.caller.token;
    if (this.#waiting >= this.#options.maxWaiting && !this.#makeRoom(key)) {
      waiter.refuse(overloaded());
      return;
    }
    this.#queues.append(key, waiter);
    this.#waiting++;
    this.admitWaiting();
  }

  /** Removes a call from its queue without notifying it. Has no effect if it is not queued. */
  withdraw(waiter: Waiter): void {
    for (const key of [waiter.context.caller.token, UNKNOWN]) {
      const queue = this.#queues.get(key);
      const at = queue?.waiting.indexOf(waiter) ?? -1;
      if (!queue || at < 0) continue;
      queue.waiting.splice(at, 1);
      this.#queues.removeIfEmpty(queue);
      this.#waiting--;
      return;
    }
  }

  /** Returns a slot. */
  leave({ unknownToken, tokenLimit }: Slot): void {
    this.#inFlight--;
    if (unknownToken === null) this.#acceptedInFlight--;
    else this.#unknown.leave(unknownToken);
    if (tokenLimit) tokenLimit.inFlight--;
    if (this.#waiting > 0) this.admitWaiting();
  }

  /**
   * Lets an abandoned attempt hold its slot until its response is complete. If abandoned attempts hold more than half of all
   * slots, further ones are cut off after `SHORTLY_MS`.
   */
  keep(slot: Slot, { ended, cutAfter }: Pick<Abandoned, 'ended' | 'cutAfter'>): void {
    if (++this.#abandoned > this.#options.limit.current / 2) cutAfter(SHORTLY_MS);
    void ended.then(() => {
      this.#abandoned--;
      this.leave(slot);
    });
  }

  /** Moves the waiting calls of a newly accepted token into a queue of their own. */
  moveAccepted(token: string): void {
    const unknown = this.#queues.get(UNKNOWN);
    if (!unknown) return;
    const moved = unknown.waiting.filter(({ context }) => context.caller.token === token);
    if (moved.length === 0) return;
    unknown.waiting = unknown.waiting.filter(({ context }) => context.caller.token !== token);
    this.#queues.removeIfEmpty(unknown);
    for (const waiter of moved) this.#queues.append(token, waiter);
  }

  /** Refuses all waiting calls for which `toError` returns an error. */
  refuse(toError: (context: CallContext) => BillingError | null): void {
    for (const { waiting } of [...this.#queues]) {
      for (const waiter of [...waiting]) {
        const error = toError(waiter.context);
        if (!error) continue;
        this.withdraw(waiter);
        waiter.refuse(error);
      }
    }
  }

  #isUnknown({ caller }: CallContext): boolean {
    return !this.#options.accepted.has(caller);
  }

  #mayEnter(token: string, isUnknown: boolean): boolean {
    if (!this.#hasSlot || (isUnknown && !this.#hasSlotForUnknown)) return false;
    const tokenLimit = this.#options.tokenLimits.of(token);
    return !tokenLimit || tokenLimit.inFlight < tokenLimit.current;
  }

  get #hasSlot(): boolean {
    return this.#inFlight < this.#options.limit.current;
  }

  get #hasSlotForUnknown(): boolean {
    const othersWait = this.#waiting > (this.#queues.get(UNKNOWN)?.waiting.length ?? 0);
    return this.#unknown.hasSlot(this.#options.limit.current, this.#acceptedInFlight, { othersWait, nowMs: performance.now() });
  }

  #take({ caller, memory }: CallContext, isUnknown: boolean): Slot {
    const tokenLimit = this.#options.tokenLimits.of(caller.token);
    this.#inFlight++;
    if (isUnknown) this.#unknown.enter(caller.token);
    else this.#unknown.noteAccepted(++this.#acceptedInFlight);
    if (tokenLimit) tokenLimit.inFlight++;
    return { unknownToken: isUnknown ? caller.token : null, tokenLimit, reservedBytes: memory?.reserve() ?? 0 };
  }

  /** Admits waiting calls, queue by queue, while slots are free. */
  admitWaiting(): void {
    // An admitted call may fail at once and return its slot; the running loop then continues instead of recursing.
    this.#mayHaveMore = true;
    if (this.#isAdmitting) return;
    this.#isAdmitting = true;
    try {
      while (this.#mayHaveMore) {
        this.#mayHaveMore = false;
        this.#admitInTurn();
      }
    } finally {
      this.#isAdmitting = false;
    }
  }

  /** A queue that cannot be served now keeps its turn. */
  #admitInTurn(): void {
    let queue = this.#queues.first;
    while (queue && this.#hasSlot) {
      const { next }: { next: WaitingQueue<Waiter> | null } = queue;
      if (!this.#admitFirst(queue)) {
        queue = next;
        continue;
      }
      this.#queues.toEnd(queue);
      this.#queues.removeIfEmpty(queue);
      // Behind the last one, those that were served are in turn again; and an admitted call may have ended others.
      queue = next?.isListed ? next : this.#queues.first;
    }
  }

  #admitFirst(queue: WaitingQueue<Waiter>): boolean {
    const { key, waiting } = queue;
    // An operation waiting for memory must not block other calls, not even those with the same token.
    const isUnknown = key === UNKNOWN;
    // Checked first, because the queue of unknown tokens may be long.
    if (isUnknown && !this.#hasSlotForUnknown) return false;
    const index = isUnknown ? this.#unknown.next(waiting, hasRoom) : firstWithRoom(waiting);
    const waiter = waiting[index];
    if (!waiter) return false;
    const { context } = waiter;
    if (!this.#mayEnter(context.caller.token, isUnknown)) return false;
    if (index === 0) waiting.shift();
    else waiting.splice(index, 1);
    this.#waiting--;
    waiter.admit(this.#take(context, isUnknown));
    return true;
  }

  /**
   * Refuses the newest call of the longest queue, if that is longer than the new call's own queue would be. The queue of unknown
   * tokens is served from both ends, so it drops the call in the middle, which would wait longest, even for one of its own.
   */
  #makeRoom(newcomer: string): boolean {
    let longest: readonly Waiter[] = [];
    for (const { waiting } of this.#queues) if (waiting.length > longest.length) longest = waiting;
    const isUnknown = longest === this.#queues.get(UNKNOWN)?.waiting;
    if (!isUnknown && longest.length <= (this.#queues.get(newcomer)?.waiting.length ?? 0) + 1) return false;
    const lost = longest.at(isUnknown ? longest.length >> 1 : -1);
    if (!lost) return false;
    this.withdraw(lost);
    lost.refuse(overloaded());
    return true;
  }
}

/** The index of the first call with room for its response, mostly the first one; -1 if there is none. */
function firstWithRoom(waiting: readonly Waiter[]): number {
  return waiting[0] && hasRoom(waiting[0].context) ? 0 : waiting.findIndex(({ context }) => hasRoom(context));
}

/** Whether there is room for a response. */
function hasRoom({ memory }: CallContext): boolean {
  return memory?.hasRoom ?? true;
}
