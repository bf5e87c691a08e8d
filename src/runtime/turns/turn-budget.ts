/** Ends the current turn of the event loop: resolves when what waits has had its turn, sockets and timers included. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/**
 * Spreads work over turns of the event loop, so that a large piece of it does not keep everything else waiting. What is
 * within the first turn's units is done at once, without a promise.
 */
export class TurnBudget {
  readonly #unitsPerTurn: number;
  #used = 0;
  #turn: Promise<void> | null = null;

  constructor(unitsPerTurn: number) {
    this.#unitsPerTurn = unitsPerTurn;
  }

  /** Takes units of work. Null: it may be done now. Otherwise the promise resolves in the turn in which it may. */
  take(units: number): Promise<void> | null {
    if (this.#used > 0 && this.#used + units > this.#unitsPerTurn) {
      this.#used = 0;
      this.#turn = this.#turn ? this.#turn.then(nextTurn) : nextTurn();
    }
    this.#used += units;
    return this.#turn;
  }
}

/**
 * Gives each member of a list a promise of its own, where equal members may share one. They are settled within the budget:
 * the work that depends on a promise is done in the turn in which it is settled.
 * @param units what is done with one member.
 */
export function settleOverTurns<T>(members: readonly Promise<T>[], budget: Pick<TurnBudget, 'take'>, units: number): Promise<T>[] {
  const waiting = new Map<Promise<T>, ((from: Promise<T>) => void)[]>();
  const settled = members.map(
    (member) =>
      new Promise<T>((resolve) => {
        const resolvers = waiting.get(member);
        if (resolvers) resolvers.push(resolve);
        else waiting.set(member, [resolve]);
      }),
  );
  const settle = async (member: Promise<T>, resolvers: readonly ((from: Promise<T>) => void)[]): Promise<void> => {
    await member.catch(() => undefined);
    for (const resolve of resolvers) {
      const turn = budget.take(units);
      if (turn) await turn;
      resolve(member);
    }
  };
  for (const [member, resolvers] of waiting) void settle(member, resolvers);
  return settled;
}
