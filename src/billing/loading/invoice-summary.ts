import type { Invoice } from '../model/bills';
import { toPredicate, type InvoiceFilter } from '../model/invoice-filter';
import type { TurnBudget } from '../../runtime/turns/turn-budget';
import type { ListRead } from './list-reader';

/** How many invoices there are, and what they sum up to. */
export interface InvoiceSummary {
  readonly count: number;
  /** Exact: a number up to 2^53, a bigint beyond. */
  readonly amount: number | bigint;
  /** Invoices that were counted and have no amount. */
  readonly withoutAmount: number;
  /** False where the reading ended before the list did: then this is about a part of it. */
  readonly isComplete: boolean;
}

/**
 * Sums up the invoices that were read and that the filter means.
 * @param turns a list may have 100,000 invoices, and an operation 100 summaries of it: a page is looked at when it has its turn.
 */
export async function summarize({ pages, end }: ListRead<Invoice>, filter: InvoiceFilter, turns: TurnBudget): Promise<InvoiceSummary> {
  const matches = toPredicate(filter);
  const sum = new ExactSum();
  let [count, withoutAmount] = [0, 0];
  for (const invoices of pages) {
    const turn = turns.take(invoices.length);
    if (turn) await turn;
    for (const invoice of invoices) {
      if (!matches(invoice)) continue;
      count++;
      const { amount } = invoice;
      if (amount === null) withoutAmount++;
      else sum.add(amount);
    }
  }
  return { count, amount: sum.value, withoutAmount, isComplete: end === null };
}

/** A sum without rounding. Numbers are added as numbers while that is exact: a bigint for each takes ten times as long. */
class ExactSum {
  #exact = 0n;
  #small = 0;

  add(amount: number | bigint): void {
    if (typeof amount === 'bigint') {
      this.#exact += amount;
      return;
    }
    const small = this.#small + amount;
    if (Number.isSafeInteger(small)) this.#small = small;
    else this.#exact += BigInt(amount);
  }

  get value(): number | bigint {
    return this.#exact === 0n ? this.#small : this.#exact + BigInt(this.#small);
  }
}
