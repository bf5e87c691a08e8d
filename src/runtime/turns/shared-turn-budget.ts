interface Waiting {
  readonly units: number;
  readonly resolve: () => void;
}

/** Bodies of the billing API up to this size are read at once, in bytes: a page of 500 invoices. */
export const LARGE_BODY_BYTES = 64 * 1024;
/** Bytes of larger bodies that are read in one turn of the event loop: some 20 ms. */
const BYTES_PER_TURN = 4 * 1024 * 1024;

/**
 * Bounds what is done in one turn of the event loop for all operations together. What does not fit into a turn waits for a later one, in
 * the order in which it came; what is larger than a turn has one of its own.
 */
export class SharedTurnBudget {
  readonly #unitsPerTurn: number;
  readonly #waiting: Waiting[] = [];
  #used = 0;
  #isScheduled = false;

  constructor(unitsPerTurn: number) {
    this.#unitsPerTurn = unitsPerTurn;
  }

  /** Takes units of work. Null: it may be done now. Otherwise the promise resolves in the turn in which it may. */
  take(units: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#fits(units)) {
      this.#use(units);
      return null;
    }
    return new Promise((resolve) => {
      this.#waiting.push({ units, resolve });
    });
  }

  #fits(units: number): boolean {
    return this.#used === 0 || this.#used + units <= this.#unitsPerTurn;
  }

  #use(units: number): void {
    this.#used += units;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#beginTurn);
  }

  readonly #beginTurn = (): void => {
    this.#used = 0;
    this.#isScheduled = false;
    for (let next = this.#waiting[0]; next && this.#fits(next.units); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#use(next.units);
      next.resolve();
    }
  };
}

/** Has large bodies read in several turns, whether they come from the billing API or from a cache. */
export const LARGE_BODIES = new SharedTurnBudget(BYTES_PER_TURN);

/** When a body of so many bytes may be read. Null: now. Otherwise the promise resolves in the turn in which it may. */
export function turnForBody(bytes: number): Promise<void> | null {
  return bytes > LARGE_BODY_BYTES ? LARGE_BODIES.take(bytes) : null;
}
