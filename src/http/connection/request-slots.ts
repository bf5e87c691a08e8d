/** Owner of the requests whose token the billing API has never accepted, or that have none. No accepted token is empty. */
export const UNACCEPTED = '';

/**
 * An owner may take another slot while it has fewer than this many times the free ones (dynamic thresholds, as in switches with a
 * shared memory). So an accepted token that is alone gets 16 slots of 17, two get 8 of 17 each, and whatever they do, some are free
 * for one that has none yet. Requests without an accepted token get half of all slots if they are alone, and half of what others leave.
 */
const ACCEPTED_FACTOR = 16;
const UNACCEPTED_FACTOR = 1;
/** The share of slots that are not counted by owner: while fewer are taken, whoever comes gets one at no cost. */
const UNCOUNTED_SHARE = 1 / 8;

/** A slot that is taken. */
export interface RequestSlot {
  /** Null: not counted. */
  readonly owner: string | null;
}

/** The slots for requests under way, shared so that no owner can take those that others need. */
export class RequestSlots<Request> {
  readonly #slots: number;
  readonly #ownerOf: (request: Request) => string;
  readonly #byOwner = new Map<string, number>();
  #taken = 0;

  /** @param ownerOf the owner of a request: an accepted token's, by a text that stands for it, or `UNACCEPTED`. */
  constructor(slots: number, ownerOf: (request: Request) => string) {
    this.#slots = slots;
    this.#ownerOf = ownerOf;
  }

  /** Number of slots that are taken. */
  get taken(): number {
    return this.#taken;
  }

  /** Whether there is a slot for the request. */
  hasFree(request: Request): boolean {
    return this.#isQuiet || this.#mayTake(this.#ownerOf(request));
  }

  /** Takes a slot for the request; null if there is none. */
  take(request: Request): RequestSlot | null {
    const owner = this.#isQuiet ? null : this.#ownerOf(request);
    if (owner !== null) {
      if (!this.#mayTake(owner)) return null;
      this.#byOwner.set(owner, this.#countOf(owner) + 1);
    }
    this.#taken++;
    return { owner };
  }

  /** Returns a slot. */
  give({ owner }: RequestSlot): void {
    this.#taken--;
    if (owner === null) return;
    const left = this.#countOf(owner) - 1;
    if (left === 0) this.#byOwner.delete(owner);
    else this.#byOwner.set(owner, left);
  }

  get #isQuiet(): boolean {
    return this.#taken < this.#slots * UNCOUNTED_SHARE;
  }

  #mayTake(owner: string): boolean {
    const factor = owner === UNACCEPTED ? UNACCEPTED_FACTOR : ACCEPTED_FACTOR;
    return this.#countOf(owner) < factor * (this.#slots - this.#taken);
  }

  #countOf(owner: string): number {
    return this.#byOwner.get(owner) ?? 0;
  }
}
