import type { Address, Bills, Invoice } from '../../billing/model/bills';
import type { Window } from '../../billing/model/window';
import { readText, type ByteRecords } from '../../runtime/byte-records';
import { invalidResponse } from '../errors/failures';

/** The lists of a contract. An Error is thrown when the list is read. */
export interface ResponseLists {
  readonly billingAddresses: readonly Address[] | Error | null;
  readonly invoices: readonly Invoice[] | Error;
  /** Invoices that were sent, those outside of the window included. */
  readonly sent: number;
}

/** The bills of a response. What cannot be used is thrown when it is read. */
export class ResponseBills implements Bills {
  /** Null where the bills are those of several contracts. */
  readonly #head: ByteRecords | null;
  readonly #lists: ResponseLists;
  readonly #contracts: readonly ResponseBills[] | null;

  /** @param contracts the contracts whose bills these are, where they are several. */
  constructor(head: ByteRecords | null, lists: ResponseLists, contracts: readonly ResponseBills[] | null = null) {
    this.#head = head;
    this.#lists = lists;
    this.#contracts = contracts;
  }

  /**
   * The bills of all contracts of a list, one after the other. The API pages within each contract: where there are more than
   * were asked for, or not the first ones were asked for, a window of all of them cannot be had.
   */
  static merge(all: readonly ResponseBills[], { offset, limit }: Window): ResponseBills {
    const failed = all.find((bills) => bills.#lists.invoices instanceof Error);
    if (failed) return new ResponseBills(null, { billingAddresses: null, invoices: failed.#lists.invoices, sent: 0 }, all);
    const invoices = all.flatMap((bills) => bills.usableInvoices);
    const isNoWindow = all.length > 1 && (invoices.length > limit || offset > 0);
    const lists = {
      billingAddresses: null,
      sent: invoices.length,
      invoices: isNoWindow ? invalidResponse('the body is a window of each of several contracts') : invoices,
    };
    return new ResponseBills(null, lists, all);
  }

  get contracts(): readonly ResponseBills[] {
    return this.#contracts ?? [this];
  }

  get sentInvoices(): number {
    return this.#lists.sent;
  }

  get contractNumber(): string | null {
    return this.#text('contractNumber');
  }

  get dueDate(): string | null {
    return this.#text('dueDate');
  }

  get billingAddresses(): readonly Address[] | null {
    return usable(this.#lists.billingAddresses);
  }

  get invoices(): readonly Invoice[] {
    return usable(this.#lists.invoices);
  }

  /** The invoices; none where the list cannot be used. */
  get usableInvoices(): readonly Invoice[] {
    const { invoices } = this.#lists;
    return invoices instanceof Error ? [] : invoices;
  }

  /** Why a list cannot be used, of a contract's own; null where all can. */
  get failure(): Error | null {
    if (this.#contracts) return this.#contracts.find((bills) => bills.failure)?.failure ?? null;
    const { billingAddresses, invoices } = this.#lists;
    return invoices instanceof Error ? invoices : billingAddresses instanceof Error ? billingAddresses : null;
  }

  /** The same with a list of invoices that cannot be used. */
  withoutInvoices(failure: Error): ResponseBills {
    return new ResponseBills(this.#head, { ...this.#lists, invoices: failure });
  }

  #text(name: string): string | null {
    const field = this.#head?.layout.fields.get(name);
    return field && this.#head ? readText(this.#head, field.column) : null;
  }
}

function usable<T>(value: T | Error): T {
  if (value instanceof Error) throw value;
  return value;
}
