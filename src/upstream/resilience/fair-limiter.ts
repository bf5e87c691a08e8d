import type { BillingError } from '../../billing/model/billing-error';
import type { AcceptedTokens } from '../../billing/ports/accepted-tokens';
import type { CallContext } from '../../billing/ports/billing-source';
import type { AdaptiveLimit } from './adaptive-limit';
import type { TokenLimit, TokenLimits } from './token-limits';
import type { Abandoned } from '../http/abandoned';
import { overloaded } from '../errors/failures';
import { UnknownShare } from './unknown-share';

/** What a limiter is made of. */
export interface FairLimiterOptions {
  readonly limit: AdaptiveLimit;
  readonly tokenLimits: TokenLimits;
  readonly accepted: AcceptedTokens;
  /** How many calls may wait, all callers together. */
  readonly maxWaiting: number;
}

/** A place among the attempts in flight; to be given back with `leave`. */
export interface Place {
  /** The token where it is unknown; null: it was accepted. */
  readonly unknownToken: string | null;
  readonly tokenLimit: TokenLimit | undefined;
  /** Set aside in the operation's memory for the response: given back by who sends the request. */
  readonly reservedBytes: number;
}

/** A call that waits for a place, and is told of one, or of why it gets none, once. */
export interface Waiter {
  readonly context: CallContext;
  /** Must not throw. */
  admit(place: Place): void;
  /** @param error `unavailable` where too many calls wait, or what `FairLimiter.refuse` was called with. */
  refuse(error: Error): void;
}

/** Most responses have come by then, so that their connections need not be closed. */
const SHORTLY_MS = 100;
/** The queue of all tokens that the billing API has never accepted. No token is empty. */
const UNKNOWN = '';

/**
 * Bounds the attempts that are in flight at once. A call that finds no place waits in the queue of its token, and the
 * queues are served in turn: however much one token asks for, the single call of another one is next but one. Tokens that
 * the billing API has never accepted share one queue, and the places that others leave (`UnknownShare`). The queues
 * together are bounded; when they are full, the longest one loses its newest call, and that of unknown tokens one of the middle.
 */
export class FairLimiter {
  readonly #options: FairLimiterOptions;
  /** By token, in the order of their turns. A queue in here is never empty. */
  readonly #queues = new Map<string, Waiter[]>();
  readonly #unknown = new UnknownShare();
  #inFlight = 0;
  #acceptedInFlight = 0;
  #waiting = 0;
  /** Places of attempts that nobody waits for any more. */
  #kept = 0;
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

  /** Takes a place where one is free and nobody may have it before; null where the call has to wait. */
  tryEnter(context: CallContext): Place | null {
    // The limit may have grown since the last place was given back.
    if (this.#waiting > 0) this.admitWaiting();
    const { token } = context.caller;
    const isUnknown = this.#isUnknown(context);
    if (this.#waiting > 0 && this.#queues.has(isUnknown ? UNKNOWN : token)) return null;
    return this.#mayEnter(token, isUnknown) && hasRoom(context) ? this.#take(context, isUnknown) : null;
  }

  /** Waits for a place. */
  enter(waiter: Waiter): void {
    const key = this.#isUnknown(waiter.context) ? UNKNOWN : waiter.context.caller.token;
    if (this.#waiting >= this.#options.maxWaiting && !this.#makeRoom(key)) {
      waiter.refuse(overloaded());
      return;
    }
    this.#append(key, waiter);
    this.#waiting++;
    this.admitWaiting();
  }

  /** Waits no longer, and is told nothing. Without effect for one that does not wait. */
  withdraw(waiter: Waiter): void {
    for (const key of [waiter.context.caller.token, UNKNOWN]) {
      const queue = this.#queues.get(key);
      const at = queue?.indexOf(waiter) ?? -1;
      if (!queue || at < 0) continue;
      queue.splice(at, 1);
      if (queue.length === 0) this.#queues.delete(key);
      this.#waiting--;
      return;
    }
  }

  /** Gives a place back. */
  leave({ unknownToken, tokenLimit }: Place): void {
    this.#inFlight--;
    if (unknownToken === null) this.#acceptedInFlight--;
    else this.#unknown.leave(unknownToken);
    if (tokenLimit) tokenLimit.inFlight--;
    if (this.#waiting > 0) this.admitWaiting();
  }

  /**
   * Keeps the place of an attempt that nobody waits for any more until it has ended. Half of the places are for those that somebody
   * waits for: beyond that it has to end soon.
   */
  keep(place: Place, { ended, cutAfter }: Pick<Abandoned, 'ended' | 'cutAfter'>): void {
    if (++this.#kept > this.#options.limit.current / 2) cutAfter(SHORTLY_MS);
    void ended.then(() => {
      this.#kept--;
      this.leave(place);
    });
  }

  /** Moves the waiting calls of a token that has just been accepted into a queue of their own. */
  moveAccepted(token: string): void {
    const unknown = this.#queues.get(UNKNOWN);
    if (!unknown) return;
    const moved = unknown.filter(({ context }) => context.caller.token === token);
    if (moved.length === 0) return;
    const left = unknown.filter(({ context }) => context.caller.token !== token);
    if (left.length === 0) this.#queues.delete(UNKNOWN);
    else this.#queues.set(UNKNOWN, left);
    for (const waiter of moved) this.#append(token, waiter);
  }

  /** Ends the wait of all calls for which `toError` has an error. */
  refuse(toError: (context: CallContext) => BillingError | null): void {
    for (const queue of [...this.#queues.values()]) {
      for (const waiter of [...queue]) {
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
    if (!this.#hasPlace || (isUnknown && !this.#hasPlaceForUnknown)) return false;
    const tokenLimit = this.#options.tokenLimits.of(token);
    return !tokenLimit || tokenLimit.inFlight < tokenLimit.current;
  }

  get #hasPlace(): boolean {
    return this.#inFlight < this.#options.limit.current;
  }

  get #hasPlaceForUnknown(): boolean {
    const othersWait = this.#waiting > (this.#queues.get(UNKNOWN)?.length ?? 0);
    return this.#unknown.hasPlace(this.#options.limit.current, this.#acceptedInFlight, { othersWait, nowMs: performance.now() });
  }

  #take({ caller, memory }: CallContext, isUnknown: boolean): Place {
    const tokenLimit = this.#options.tokenLimits.of(caller.token);
    this.#inFlight++;
    if (isUnknown) this.#unknown.enter(caller.token);
    else this.#unknown.noteAccepted(++this.#acceptedInFlight);
    if (tokenLimit) tokenLimit.inFlight++;
    return { unknownToken: isUnknown ? caller.token : null, tokenLimit, reservedBytes: memory?.reserve() ?? 0 };
  }

  /** Gives free places to the waiting calls whose turn it is. */
  admitWaiting(): void {
    // One that is admitted may end at once, and give its place back: the loop that is under way goes on with it.
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

  /** A queue that may have no place now keeps its turn. */
  #admitInTurn(): void {
    // A queue that is put back comes up again in this same loop, which ends when places do, or calls that may have one.
    for (const [key, queue] of this.#queues) {
      // The only queue keeps its turn. To put it back would change the map with each call, which V8 pays with its old tables.
      while (this.#queues.size === 1 && queue.length > 1 && this.#hasPlace && this.#admitFirst(key, queue));
      if (!this.#hasPlace) return;
      if (!this.#admitFirst(key, queue)) continue;
      this.#queues.delete(key);
      if (queue.length > 0) this.#queues.set(key, queue);
    }
  }

  #admitFirst(key: string, queue: Waiter[]): boolean {
    // An operation that waits for memory keeps nobody else waiting, with the same token neither.
    const isUnknown = key === UNKNOWN;
    // Looked at first: a queue of unknown tokens may be long.
    if (isUnknown && !this.#hasPlaceForUnknown) return false;
    const index = isUnknown ? this.#unknown.next(queue, hasRoom) : queue.findIndex(({ context }) => hasRoom(context));
    const waiter = queue[index];
    if (!waiter) return false;
    const { context } = waiter;
    if (!this.#mayEnter(context.caller.token, isUnknown)) return false;
    if (index === 0) queue.shift();
    else queue.splice(index, 1);
    this.#waiting--;
    waiter.admit(this.#take(context, isUnknown));
    return true;
  }

  #append(key: string, waiter: Waiter): void {
    const queue = this.#queues.get(key);
    if (queue) queue.push(waiter);
    else this.#queues.set(key, [waiter]);
  }

  /**
   * Refuses the newest call of the longest queue, where that is longer than the newcomer's own would be. The queue of
   * unknown tokens, served from both ends, loses the one that would have to wait for longest: also to a newcomer of its own.
   */
  #makeRoom(newcomer: string): boolean {
    let longest: Waiter[] = [];
    for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue;
    const isUnknown = longest === this.#queues.get(UNKNOWN);
    if (!isUnknown && longest.length <= (this.#queues.get(newcomer)?.length ?? 0) + 1) return false;
    const lost = longest.at(isUnknown ? longest.length >> 1 : -1);
    if (!lost) return false;
    this.withdraw(lost);
    lost.refuse(overloaded());
    return true;
  }
}

/** Whether there is room for a response. */
function hasRoom({ memory }: CallContext): boolean {
  return memory?.hasRoom ?? true;
}
