import type { ListPlan } from '../plan';

/** Where a list was written, and how many objects it came to. */
export interface WrittenList {
  plan: ListPlan | null;
  list: unknown;
  from: number;
  to: number;
  objects: number;
}

/** Plans whose lists are remembered; an operation has as many as it selects lists in different ways, mostly one or two. */
const MAX_PLANS = 16;

/**
 * The list that was written last for each plan, in the response that is being written: aliases and fragments often select the same
 * one again. Entries are used again, and not held by a `Map`: cleared once a response, that would have the collector take ended
 * responses for alive.
 */
export class WrittenLists {
  readonly #entries: WrittenList[] = [];
  #count = 0;

  /** What was written for the plan last, if that was this list. */
  find(plan: ListPlan, list: unknown): WrittenList | undefined {
    const written = this.#entryOf(plan);
    return written?.list === list ? written : undefined;
  }

  /** Notes a list that was written. With too many plans, lists of further ones are not remembered. */
  note(
    plan: ListPlan,
    list: unknown,
    { from, to, objects }: { readonly from: number; readonly to: number; readonly objects: number },
  ): void {
    let written = this.#entryOf(plan);
    if (!written) {
      if (this.#count === MAX_PLANS) return;
      written = this.#entries[this.#count] ??= { plan: null, list: null, from: 0, to: 0, objects: 0 };
      this.#count++;
      written.plan = plan;
    }
    written.list = list;
    written.from = from;
    written.to = to;
    written.objects = objects;
  }

  clear(): void {
    for (let index = 0; index < this.#count; index++) {
      const written = this.#entries[index] as WrittenList;
      written.plan = null;
      written.list = null;
    }
    this.#count = 0;
  }

  #entryOf(plan: ListPlan): WrittenList | undefined {
    for (let index = 0; index < this.#count; index++) {
      const written = this.#entries[index] as WrittenList;
      if (written.plan === plan) return written;
    }
    return undefined;
  }
}
