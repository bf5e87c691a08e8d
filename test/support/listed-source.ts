import { BillingOperation } from '../../src/billing/ports/billing-operation';
import type { BillingSource, BillsAnswer, BillsRequest, CallContext } from '../../src/billing/ports/billing-source';
import type { BillingError } from '../../src/billing/model/billing-error';
import type { Bills, Invoice } from '../../src/billing/model/bills';
import { Caller } from '../../src/billing/model/caller';
import type { ByteHolder } from '../../src/runtime/byte-budget';
import { toPredicate } from '../../src/billing/model/invoice-filter';
import { parseCustomer, type Customer } from '../../src/billing/model/customer';

export const customer: Customer = parseCustomer('RUC', '80012345');

/** An operation with a token of its own. */
export function startOperation(
  options: { readonly callBudget?: number; readonly signal?: AbortSignal; readonly memory?: ByteHolder } = {},
): BillingOperation {
  const { callBudget = 100, signal = new AbortController().signal, memory } = options;
  return new BillingOperation({ caller: Caller.parse('Bearer a-token') as Caller, signal, callBudget, memory });
}

/** The invoice at a place of a contract's list; its number tells the place. */
export function toInvoiceAt(contractNumber: string | null, index: number): Invoice {
  return { number: `n${index}`, contractNumber, billPeriod: null, amount: index, status: null, origin: { customer, contractNumber } };
}

/** What differs from a plain list of invoices. */
export interface ListedSourceOptions {
  /** Invoices of every contract. */
  readonly total: number;
  /** What an invoice at a place has other than that of `toInvoiceAt`. */
  readonly invoiceAt?: (index: number) => Partial<Invoice> | undefined;
  /** How many more than asked for are sent, where the list has them. */
  readonly surplus?: number;
  /** Whether a window past the end is answered as "not found". */
  readonly endIsUnknown?: boolean;
  /** Whether every window is: there is no such contract or customer. */
  readonly isUnknown?: boolean;
  /** The number of the invoice at a place; without it, it tells the place. */
  readonly toNumber?: (index: number) => string;
  /** Whether a request's filter is heeded, before the list is cut into windows. */
  readonly filters?: boolean;
  /** What happens before an answer: it may wait, or reject. */
  readonly before?: (request: BillsRequest, index: number) => Promise<void> | void;
}

/** A source of bills over a list in memory. It pays for its calls and records them, as every source must. */
export class ListedSource implements BillingSource {
  readonly requests: BillsRequest[] = [];
  readonly #options: ListedSourceOptions;

  constructor(options: ListedSourceOptions) {
    this.#options = options;
  }

  async read(request: BillsRequest, context: CallContext): Promise<BillsAnswer> {
    context.spendCall();
    const index = this.requests.push(request) - 1;
    await this.#options.before?.(request, index);
    context.recordCall({ request, durationMs: 1, outcome: 'ok' });
    return { content: this.#billsOf(request), received: null, freshUntilMs: 0, stale: false };
  }

  #billsOf(request: BillsRequest): Bills | null {
    const { filter, contractNumber } = request;
    const { invoiceAt } = this.#options;
    if (!filter || !this.#options.filters) return this.#windowOf(request, this.#options);
    const isMatch = toPredicate(filter);
    const places = Array.from({ length: this.#options.total }, (_, index) => index).filter((index) =>
      isMatch({ ...toInvoiceAt(contractNumber, index), ...invoiceAt?.(index) }),
    );
    const toNumber = (at: number): string => `n${places[at]}`;
    return this.#windowOf(request, {
      ...this.#options,
      total: places.length,
      toNumber,
      invoiceAt: (at) => invoiceAt?.(places[at] as number),
    });
  }

  #windowOf({ contractNumber, window: { offset, limit } }: BillsRequest, options: ListedSourceOptions): Bills | null {
    const { total, surplus = 0, endIsUnknown = false, isUnknown = false, toNumber = (at) => `n${at}`, invoiceAt } = options;
    if (isUnknown || (endIsUnknown && offset > 0 && offset >= total)) return null;
    const end = Math.min(total, offset + limit + surplus);
    const invoices = Array.from({ length: Math.max(0, end - offset) }, (_, at) => ({
      ...toInvoiceAt(contractNumber, offset + at),
      number: toNumber(offset + at),
      ...invoiceAt?.(offset + at),
    }));
    return { contractNumber, dueDate: '2025-07-15', billingAddresses: null, invoices };
  }
}

/** What `count` callers wait for: that all of them have come. A caller too few waits until the test has timed out. */
export function countdown(count: number): () => Promise<void> {
  let left = count;
  let open: () => void;
  const all = new Promise<void>((resolve) => (open = resolve));
  return () => {
    if (--left === 0) open();
    return all;
  };
}

/** The failure that a promise rejects with; fails the test where it resolves. */
export async function failureOf(promise: Promise<unknown>): Promise<BillingError> {
  try {
    await promise;
  } catch (error) {
    return error as BillingError;
  }
  throw new Error('It did not fail.');
}
